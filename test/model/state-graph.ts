import {SimDisk, type Change, type SimDiskOptions, type Sync} from '../../src/aio/sim/disk.js'
import {Chooser, forEveryChoice, SECTOR_BYTES, type Random, type Range} from '../../src/base/index.js'
import type {CrashKind} from '../../src/durability/index.js'

/** One thing a host does to its disk. `id` names the request it is done for. */
export type DiskCall =
  | {
      readonly call: 'write'
      readonly id: number
      readonly from: number
      readonly sectors: number
      readonly dsync: boolean
    }
  | {readonly call: 'endWrite'; readonly id: number; readonly ok: boolean}
  | {readonly call: 'sync'; readonly id: number}
  | {readonly call: 'endSync'; readonly id: number; readonly ok: boolean}

/** The three things that happen at each call, each of which the disk is free in. */
type Happening = DiskCall | {readonly call: 'progress'} | {readonly call: 'drift'}

interface State {
  /** How this state was come to for the first time; undefined for the untouched disk. */
  readonly from: {readonly state: number; readonly happening: Happening} | undefined
  /** Everything the disk chose on the way. */
  readonly answers: readonly number[]
  readonly next: Map<string, readonly number[]>
  readonly images: Map<CrashKind, ReadonlySet<string>>
}

interface Table {
  readonly disk: SimDisk
  readonly changes: Map<number, Change>
  readonly syncs: Map<number, Sync>
}

/** More combinations in a single step than this mean that a program is too large to be looked at whole. */
const LIMIT = 200_000

/**
 * Every state a simulated disk can get into, found as it is asked for, each once. A state is known by its number; its disk is made
 * anew, by the calls and choices that led there, whenever something new is asked of it. Sectors hold the id of their writer.
 */
export class StateGraph {
  readonly #options: Omit<SimDiskOptions, 'seed' | 'random'>
  readonly #sectors: number
  readonly #states: State[] = []
  readonly #byFingerprint = new Map<string, number>()

  constructor(options: Omit<SimDiskOptions, 'seed' | 'random'>) {
    this.#options = options
    this.#sectors = options.sizeBytes / SECTOR_BYTES
    this.#numberOf(this.#table(new Chooser()), undefined, [])
  }

  /** The disk before the first call. */
  readonly start = 0

  /** States found so far. */
  get size(): number {
    return this.#states.length
  }

  /** Every state the disk can be in after a call, and after any part of what is in flight or volatile has moved on unasked. */
  after(states: Iterable<number>, call: DiskCall): Set<number> {
    let reached = new Set(states)
    for (const happening of [call, {call: 'progress'}, {call: 'drift'}] as const) {
      reached = new Set([...reached].flatMap((state) => this.#step(state, happening)))
    }
    return reached
  }

  /** Every image, as a text of writer ids, that a crash in one of these states can leave. */
  images(states: Iterable<number>, kind: CrashKind): Set<string> {
    const found = new Set<string>()
    for (const state of states) for (const image of this.#imagesOf(state, kind)) found.add(image)
    return found
  }

  /** What the extent map of the file (or the truth about it) says of a range in a state. */
  freshRanges(state: number, offsetBytes: number, lengthBytes: number, view: 'committed' | 'extents'): Range[] {
    return this.#replayed(state).disk.freshRanges(offsetBytes, lengthBytes, view)
  }

  #step(from: number, happening: Happening): readonly number[] {
    const state = this.#at(from)
    const key = 'id' in happening ? JSON.stringify(happening) : happening.call
    const known = state.next.get(key)
    if (known) return known
    const found = new Set<number>()
    const history = this.#historyOf(from)
    forEveryChoice(
      (chooser) => {
        const table = this.#table(chooser)
        for (const earlier of history) happen(table, earlier)
        happen(table, happening)
        found.add(this.#numberOf(table, {state: from, happening}, [...chooser.answers]))
      },
      {limit: LIMIT, after: state.answers},
    )
    const next = [...found]
    state.next.set(key, next)
    return next
  }

  #imagesOf(number: number, kind: CrashKind): ReadonlySet<string> {
    const state = this.#at(number)
    const known = state.images.get(kind)
    if (known) return known
    const {disk} = this.#replayed(number)
    const images = new Set<string>()
    const bytes = new Uint8Array(this.#sectors * SECTOR_BYTES)
    // The disk itself decides nothing in a crash and goes on untouched, so it serves all of them.
    forEveryChoice((chooser) => images.add(imageOf(disk.crash(kind, chooser), this.#sectors, bytes)), {limit: LIMIT})
    state.images.set(kind, images)
    return images
  }

  #at(number: number): State {
    const state = this.#states[number]
    if (state === undefined) throw new Error(`no state ${number}`)
    return state
  }

  #historyOf(number: number): readonly Happening[] {
    const history: Happening[] = []
    for (let {from} = this.#at(number); from !== undefined; {from} = this.#at(from.state)) history.push(from.happening)
    return history.reverse()
  }

  #replayed(number: number): Table {
    const table = this.#table(new Chooser(this.#at(number).answers))
    for (const happening of this.#historyOf(number)) happen(table, happening)
    return table
  }

  #table(random: Random): Table {
    return {disk: new SimDisk({...this.#options, seed: 0, random}), changes: new Map(), syncs: new Map()}
  }

  #numberOf({disk, changes, syncs}: Table, from: State['from'], answers: readonly number[]): number {
    const open = [changes.keys(), syncs.keys()].map((ids) => [...ids].join())
    const fingerprint = `${disk.fingerprint((bytes) => String(bytes[0]))} for ${open.join(' and ')}`
    const known = this.#byFingerprint.get(fingerprint)
    if (known !== undefined) return known
    const number = this.#states.push({from, answers, next: new Map(), images: new Map()}) - 1
    this.#byFingerprint.set(fingerprint, number)
    return number
  }
}

function happen({disk, changes, syncs}: Table, happening: Happening): void {
  switch (happening.call) {
    case 'write': {
      const {id, from, sectors, dsync} = happening
      const data = new Uint8Array(sectors * SECTOR_BYTES).fill(id)
      changes.set(id, disk.beginWrite(from * SECTOR_BYTES, data, dsync))
      return
    }
    case 'endWrite':
      disk.endChange(taken(changes, happening.id), happening.ok)
      return
    case 'sync':
      syncs.set(happening.id, disk.beginSync())
      return
    case 'endSync':
      disk.endSync(taken(syncs, happening.id), happening.ok)
      return
    case 'progress':
      disk.progress(() => 0.5)
      return
    case 'drift':
      disk.drift()
  }
}

function taken<T>(open: Map<number, T>, id: number): T {
  const handle = open.get(id)
  if (handle === undefined) throw new Error(`#${id} has nothing in flight`)
  open.delete(id)
  return handle
}

/** @param bytes room for all sectors */
function imageOf(disk: SimDisk, sectors: number, bytes: Uint8Array): string {
  disk.read(0, bytes)
  let image = `${bytes[0]}`
  for (let sector = 1; sector < sectors; sector++) image += ` ${bytes[sector * SECTOR_BYTES]}`
  return image
}
