import type {Check, CheckImage} from '../../src/crash/index.js'
import {PREFLUSH_FUA, TraceWriter} from './traces.js'

/** What a sync of the protocol turns into: a durable flush, or a barrier that only orders. */
export type SyncStyle = 'flush' | 'order'

/** A program that commits, and its recovery. Semantics 7.6 to 7.8. */
export interface Protocol {
  readonly write: (sync: SyncStyle) => TraceWriter
  readonly check: Check
}

const A = 16
const B = 17

/** A sector of numbers. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => view.setUint32(i * 4, value >>> 0))
  return bytes
}

function wordsAt({read}: CheckImage, sector: number, count: number): number[] {
  const bytes = read(sector * 512, 512)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 512)
  return Array.from({length: count}, (_, i) => view.getUint32(i * 4))
}

/** FNV-1a over numbers: enough to tell a torn record from a whole one. */
function sum(...values: readonly number[]): number {
  let hash = 0x811c9dc5
  for (const value of values) hash = Math.imul(hash ^ value, 0x01000193) >>> 0
  return hash
}

function join(...sectors: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(sectors.length * 512)
  sectors.forEach((sector, i) => bytes.set(sector, i * 512))
  return bytes
}

class Program {
  readonly writer = new TraceWriter()
  readonly #style: SyncStyle

  constructor(style: SyncStyle) {
    this.#style = style
  }

  out(sector: number, ...sectors: readonly Uint8Array[]): void {
    this.writer.out(sector, join(...sectors))
  }

  sync(isThere = true): void {
    if (!isThere) return
    if (this.#style === 'flush') this.writer.flush()
    else this.writer.done('BARRIER')
  }

  /** A write with PREFLUSH and FUA. */
  commit(sector: number, bytes: Uint8Array): void {
    if (this.#style === 'flush') return void this.writer.out(sector, bytes, PREFLUSH_FUA)
    this.sync()
    this.out(sector, bytes)
    this.sync()
  }

  acknowledge(commit: number): void {
    this.writer.mark(`commit ${commit}`)
  }
}

/** The latest commit that was promised. */
function promised({reached}: CheckImage): number {
  let latest = 0
  while (reached.has(`commit ${latest + 1}`)) latest++
  return latest
}

/** Fails unless both values belong to one commit, and that is not older than what was promised. */
function judgePair(
  image: CheckImage,
  found: readonly [a: number, b: number],
  states: readonly (readonly [number, number])[],
): void {
  const [a, b] = found
  const commit = states.findLastIndex(([x, y]) => x === a && y === b)
  if (commit < promised(image)) image.fail(`A=${a}, B=${b}`)
}

/** Undo log: old contents, sync 1, header, sync 2, data, sync 3, header cleared, sync 4. */
export function tdb(without?: 1 | 2 | 3 | 4, hasChecksum = false, commits = 4): Protocol {
  const HEADER = 0
  const AREA = 2
  return {
    write(style) {
      const program = new Program(style)
      for (let n = 1; n <= commits; n++) {
        program.out(AREA, words(n - 1), words(n - 1))
        program.sync(without !== 1)
        program.out(HEADER, words(1, sum(n - 1, n - 1)))
        program.sync(without !== 2)
        program.out(A, words(n), words(n))
        program.sync(without !== 3)
        program.out(HEADER, words(0))
        program.sync(without !== 4)
        program.acknowledge(n)
      }
      return program.writer
    },
    check(image) {
      const [isValid, checksum] = wordsAt(image, HEADER, 2)
      if (isValid === 1) {
        const [a = 0] = wordsAt(image, AREA, 1)
        const [b = 0] = wordsAt(image, AREA + 1, 1)
        if (!hasChecksum || checksum === sum(a, b)) {
          image.write(A * 512, words(a))
          image.write(B * 512, words(b))
        }
      }
      const [a = 0] = wordsAt(image, A, 1)
      const [b = 0] = wordsAt(image, B, 1)
      judgePair(
        image,
        [a, b],
        Array.from({length: commits + 1}, (_, n) => [n, n]),
      )
    },
  }
}

export interface Brown {
  readonly slots: number
  readonly replays: 'newest' | 'all'
  /** What each commit writes. */
  readonly commits: readonly ('AB' | 'A' | 'B')[]
  /** A second sync, behind the data. */
  readonly syncsData?: boolean
  /** No sync at all. */
  readonly never?: boolean
}

const NONE = 0xffffffff

/** Redo log in slots: record with checksum, sync, acknowledge, data in place without a sync. */
export function brown({slots, replays, commits, syncsData = false, never = false}: Brown): Protocol {
  const states: [number, number][] = [[0, 0]]
  commits.forEach((writes, i) => {
    const [a, b] = states[i] ?? [0, 0]
    states.push([writes.includes('A') ? i + 1 : a, writes.includes('B') ? i + 1 : b])
  })
  const recordOf = (n: number): [a: number, b: number] => {
    const writes = commits[n - 1] ?? ''
    return [writes.includes('A') ? n : NONE, writes.includes('B') ? n : NONE]
  }
  return {
    write(style) {
      const program = new Program(style)
      commits.forEach((writes, i) => {
        const n = i + 1
        const [a, b] = recordOf(n)
        program.out((n % slots) * 2, words(n, sum(n, a, b)), words(a, b))
        program.sync(!never)
        program.acknowledge(n)
        if (writes.includes('A')) program.out(A, words(n))
        if (writes.includes('B')) program.out(B, words(n))
        program.sync(syncsData)
      })
      return program.writer
    },
    check(image) {
      const valid: {n: number; a: number; b: number}[] = []
      for (let slot = 0; slot < slots; slot++) {
        const [n = 0, checksum] = wordsAt(image, slot * 2, 2)
        if (n === 0) continue
        const [a = 0, b = 0] = wordsAt(image, slot * 2 + 1, 2)
        if (checksum === sum(n, a, b)) valid.push({n, a, b})
      }
      valid.sort((one, other) => one.n - other.n)
      for (const {a, b} of replays === 'all' ? valid : valid.slice(-1)) {
        if (a !== NONE) image.write(A * 512, words(a))
        if (b !== NONE) image.write(B * 512, words(b))
      }
      const [a = 0] = wordsAt(image, A, 1)
      const [b = 0] = wordsAt(image, B, 1)
      judgePair(image, [a, b], states)
    },
  }
}

/** Journal, commit record with PREFLUSH and FUA, acknowledge, data in place, sync, journal freed with FUA. */
export function journal(commits = 3): Protocol {
  const COMMIT = 0
  const TAIL = 1
  const AREA = 2
  return {
    write(style) {
      const program = new Program(style)
      for (let n = 1; n <= commits; n++) {
        program.out(AREA, words(n), words(n))
        program.commit(COMMIT, words(n))
        program.acknowledge(n)
        program.out(A, words(n), words(n))
        program.sync()
        program.commit(TAIL, words(n))
      }
      return program.writer
    },
    check(image) {
      const [commit = 0] = wordsAt(image, COMMIT, 1)
      const [tail = 0] = wordsAt(image, TAIL, 1)
      if (commit > tail) {
        for (const i of [0, 1]) image.write((A + i) * 512, words(...wordsAt(image, AREA + i, 1)))
      }
      const [a = 0] = wordsAt(image, A, 1)
      const [b = 0] = wordsAt(image, B, 1)
      judgePair(
        image,
        [a, b],
        Array.from({length: commits + 1}, (_, n) => [n, n]),
      )
    },
  }
}

/** A log of records of two sectors, each appended, synced and acknowledged. */
export function writeAheadLog(hasChecksum: boolean, records = 4): Protocol {
  return {
    write(style) {
      const program = new Program(style)
      for (let n = 1; n <= records; n++) {
        program.out(n * 2, words(n, sum(n, n * 1000)), words(n * 1000))
        program.sync()
        program.acknowledge(n)
      }
      return program.writer
    },
    check(image) {
      let found = 0
      for (let n = 1; n <= records; n++) {
        const [number, checksum] = wordsAt(image, n * 2, 2)
        if (number !== n) break
        const [payload = 0] = wordsAt(image, n * 2 + 1, 1)
        if (hasChecksum && checksum !== sum(n, payload)) break
        if (payload !== n * 1000) image.fail(`record ${n} holds ${payload}`)
        found = n
      }
      if (found < promised(image)) image.fail(`the log ends after record ${found}`)
    },
  }
}

/** A page of two sectors written elsewhere, sync, in place, sync, acknowledge. */
export function doubleWrite(commits = 3): Protocol {
  const COPY = 8
  const page = (n: number): Uint8Array[] => [words(n, sum(n, n * 3)), words(n * 3)]
  const valueAt = (image: CheckImage, sector: number): number | undefined => {
    const [n = 0, checksum] = wordsAt(image, sector, 2)
    const [payload = 0] = wordsAt(image, sector + 1, 1)
    if (n === 0 && payload === 0) return 0
    return checksum === sum(n, payload) ? n : undefined
  }
  return {
    write(style) {
      const program = new Program(style)
      for (let n = 1; n <= commits; n++) {
        program.out(COPY, ...page(n))
        program.sync()
        program.out(A, ...page(n))
        program.sync()
        program.acknowledge(n)
      }
      return program.writer
    },
    check(image) {
      const found = valueAt(image, A) ?? valueAt(image, COPY)
      if (found === undefined) image.fail('both copies are torn')
      if ((found ?? 0) < promised(image)) image.fail(`page ${found}`)
    },
  }
}

/** Data in one of two places, sync, the superblock that names it, sync, acknowledge. */
export function superblockFlip(commits = 4): Protocol {
  const placeOf = (n: number): number => A + (n % 2) * 2
  return {
    write(style) {
      const program = new Program(style)
      for (let n = 1; n <= commits; n++) {
        program.out(placeOf(n), words(n), words(n))
        program.sync()
        program.out(n % 2, words(n, sum(n)))
        program.sync()
        program.acknowledge(n)
      }
      return program.writer
    },
    check(image) {
      let newest = 0
      for (const block of [0, 1]) {
        const [n = 0, checksum] = wordsAt(image, block, 2)
        if (checksum === sum(n)) newest = Math.max(newest, n)
      }
      for (const i of [0, 1]) {
        const [found] = newest === 0 ? [0] : wordsAt(image, placeOf(newest) + i, 1)
        if (found !== newest) image.fail(`superblock ${newest} names data of commit ${found}`)
      }
      if (newest < promised(image)) image.fail(`superblock ${newest}`)
    },
  }
}

/** Two files, the second to be changed only when the first has been: with a barrier on the first alone, or a notification awaited. */
export function twoFiles(waits: 'barrier' | 'notify'): Protocol {
  return {
    write() {
      const writer = new TraceWriter()
      writer.out(A, words(1))
      if (waits === 'barrier') writer.done('FSYNC_RANGE', 4 << 4, A)
      else {
        const notify = writer.submit('NOTIFY', A)
        writer.start(notify)
        writer.flush() // somebody else's, or the flusher of the system
        writer.complete(notify)
      }
      writer.out(B, words(1))
      return writer
    },
    check(image) {
      const [a] = wordsAt(image, A, 1)
      const [b] = wordsAt(image, B, 1)
      if (b === 1 && a === 0) image.fail('the user is in the second file and not in the first')
    },
  }
}
