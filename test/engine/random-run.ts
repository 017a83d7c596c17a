import {ERRNO, invariant} from '../../src/base/index.js'
import {SYNC_TOKENS} from '../../src/engine/index.js'
import {STEP_READ, STEP_WRITE, type Plan} from '../../src/request/index.js'
import type {CompleteEvent, SubmitEvent} from '../../src/trace/index.js'
import {bytes, DISK} from '../scsi/initiator.js'
import {isSync, type ManualStep} from './manual-backend.js'
import {IMAGE_SECTORS, type Act, type Draft, type EndAct, type RandomProgram} from './random-program.js'
import {memoryOf, Rig, type Operands, type RanSync} from './rig.js'

/** A request as it was submitted. */
export interface Asked {
  readonly draft: Draft
  readonly after: readonly number[]
  /** cancel() answered that it will not start. */
  canceled: boolean
}

/** The commands that SCSI stands for, and whether they come with blocks: WRITE, WRITE with FUA, WRITE AND VERIFY, SYNCHRONIZE CACHE. */
const COMMANDS = [
  ['2a 00', true],
  ['2a 08', true],
  ['2e 02', true],
  ['35 00', false],
] as const

/** A random program run to its end on a rig. Throws when a bound is broken on the way, or when it does not come to an end. */
export class RandomRun {
  readonly program: RandomProgram
  readonly rig: Rig
  readonly asked = new Map<number, Asked>()
  readonly syncs: readonly RanSync[]
  readonly completions: readonly CompleteEvent[]
  /** Where each line of the history stands first. */
  readonly #submits: ReadonlyMap<number, SubmitEvent>
  readonly #places: ReadonlyMap<string, number>

  constructor(program: RandomProgram) {
    this.program = program
    const image = new Uint8Array(IMAGE_SECTORS * 512)
    this.rig = new Rig({
      ...program.options,
      tokens: program.options.depth + SYNC_TOKENS,
      image,
      scsi: {...DISK, sectors: IMAGE_SECTORS},
    })
    for (const act of program.acts) {
      this.#act(act)
      this.#checkBounds()
    }
    this.rig.backend.capacity = this.rig.backend.tokens
    this.rig.settle()
    const {history, events} = this.rig
    this.#places = new Map(history.map((line, i): [string, number] => [line, i]).toReversed())
    this.completions = events.flatMap((event) => (event.kind === 'complete' ? [event] : []))
    this.syncs = this.rig.ranSyncs
    this.#submits = new Map(events.flatMap((event) => (event.kind === 'submit' ? [[event.id, event] as const] : [])))
  }

  /** What driver and device made of a request; undefined for an unknown type. */
  planOf(id: number): Plan | undefined {
    return this.#submits.get(id)?.plan
  }

  /** Whether the bytes that two requests are about have some in common. */
  overlap(id: number, other: number): boolean {
    const [a, b] = [this.#submits.get(id), this.#submits.get(other)]
    if (!a || !b) return false
    return a.offsetBytes < b.offsetBytes + b.lengthBytes && b.offsetBytes < a.offsetBytes + a.lengthBytes
  }

  /** It did all that was asked. */
  isOk(id: number): boolean {
    const ending = this.rig.endings.get(id)
    return ending?.status === 'OK' && ending.outcome?.sense === undefined
  }

  /** Where a line stands in the history, or -1. */
  at(line: string): number {
    return this.#places.get(line) ?? -1
  }

  submittedAt(id: number): number {
    return this.at(`submit ${id}`)
  }

  /** -1 when it was never started. */
  startedAt(id: number): number {
    return this.at(`start ${id}`)
  }

  completedAt(id: number): number {
    return this.at(`complete ${id} ${this.rig.status(id)}`)
  }

  /** Where the steps of a request's own data were queued, or with a prefix, how they ended. */
  stepsAt(id: number, prefix: '' | 'ended ' = ''): number[] {
    const names = ['read', 'write', 'write dsync', 'zero', 'punch']
      .flatMap((name) => [name, `tagged ${name}`])
      .map((name) => `${prefix}${name} ${id}`)
    return this.rig.history.flatMap((line, i) => (names.includes(line) ? [i] : []))
  }

  #act(act: Act): void {
    switch (act.act) {
      case 'submit':
        if (this.rig.engine.room > 0) this.#submit(act)
        break
      case 'end':
        this.#end(act)
        break
      case 'cancel':
        this.#cancel(1 + (act.pick % Math.max(1, this.asked.size)))
        break
      case 'cancel-queued':
        this.rig.engine.cancelQueued()
        this.rig.tick()
        break
      case 'room':
        this.rig.backend.capacity = act.capacity
        this.rig.tick()
    }
  }

  #submit(draft: Draft): void {
    const {engine} = this.rig
    const after = draft.after.map((back) => engine.nextId - back).filter((id) => id > 0)
    const {name, sector, sectors, flags} = draft
    const operands = name === 'SCSI' ? scsiOperands(sector, sectors) : {}
    const id = this.rig.submit(name, sector * 512, sectors * 512, {...operands, flags, after})
    this.asked.set(id, {draft, after, canceled: false})
  }

  #end({pick, how}: EndAct): void {
    const {backend} = this.rig
    const step = backend.outstanding[pick % Math.max(1, backend.outstanding.length)]
    if (!step) return
    backend.end(step, resultOf(step, how))
    this.rig.tick()
  }

  #cancel(id: number): void {
    const asked = this.asked.get(id)
    if (!asked) return
    const ended = this.rig.endings.has(id)
    const answer = this.rig.cancel(id)
    invariant((answer === 'done') === ended, `cancel of request ${id} answered ${answer}`)
    asked.canceled ||= answer === 'canceled'
  }

  #checkBounds(): void {
    const {engine, backend} = this.rig
    const {depth} = this.program.options
    const syncs = backend.outstanding.filter(isSync).length
    const shared = backend.outstanding.filter((step) => isSync(step) && !step.ordered).length
    invariant(engine.pending + engine.room === depth, `${engine.pending} pending, room for ${engine.room}`)
    invariant(backend.outstanding.length - syncs <= depth, `${backend.outstanding.length} steps outstanding`)
    invariant(shared <= 1 && syncs <= SYNC_TOKENS, `${syncs} syncs outstanding, ${shared} of them shared`)
  }
}

/** A command chosen by its place, so that a program needs to say no more. */
function scsiOperands(sector: number, sectors: number): Operands {
  const [head, carries] = COMMANDS[sector % COMMANDS.length] ?? COMMANDS[0]
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
  const cdb = bytes(`${head} ${hex(sector, 8)} 00 ${hex(sectors, 4)} 00`)
  const outBytes = carries ? sectors * 512 : 0
  return {memory: memoryOf(outBytes, sector), command: {cdb, inBytes: 0, outBytes}}
}

function resultOf(step: ManualStep, how: EndAct['how']): number | undefined {
  const transfers = step.op === STEP_READ || step.op === STEP_WRITE
  switch (how) {
    case 'well':
      return undefined
    case 'short':
      return transfers ? Math.floor(step.lengthBytes / 1024) * 512 : undefined
    case 'nothing':
      return 0
    case 'EIO':
      return -ERRNO.EIO
    case 'EINTR':
      return isSync(step) ? undefined : -ERRNO.EINTR
    case 'EOPNOTSUPP':
      return -ERRNO.EOPNOTSUPP
  }
}
