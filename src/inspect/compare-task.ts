import {readSync} from 'node:fs'
import {SECTOR_BYTES, type Range} from '../base/index.js'
import {readFailure, shortenedImage} from '../image/index.js'
import {stretchesOf, TASK_BYTES, type Side} from './compare-plan.js'

/** Read at a time: both pieces and the copying of them stay in the cache of one core. */
const CHUNK_BYTES = 64 * 1024

/** What two threads share: the next task of the list that nobody has taken, and whether to stop. */
export interface Shared {
  readonly next: number
  readonly stop: number
}

/** Where in the shared Int32Array they are. */
export const SHARED: Shared = {next: 0, stop: 1}

/** Compares tasks of two images, one after the other, with buffers that are used again. */
export class TaskComparer {
  readonly #a: Side
  readonly #b: Side
  readonly #bytesA = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  readonly #bytesB = Buffer.allocUnsafeSlow(CHUNK_BYTES)

  constructor(a: Side, b: Side) {
    this.#a = a
    this.#b = b
  }

  /**
   * The differences in one task: from the first byte that differs to the last, joined where their sectors touch.
   *
   * @throws ToolError of kind io when an image cannot be read or became shorter
   */
  compare(task: number): Range[] {
    const ranges: Range[] = []
    const endBytes = Math.min((task + 1) * TASK_BYTES, Math.max(this.#a.sizeBytes, this.#b.sizeBytes))
    for (const stretch of stretchesOf(this.#a, this.#b, task * TASK_BYTES, endBytes)) {
      const toBytes = stretch.offsetBytes + stretch.lengthBytes
      for (let offsetBytes = stretch.offsetBytes; offsetBytes < toBytes;) {
        // Chunks end at whole chunks, so that sectors are whole too.
        const untilBytes = Math.min(toBytes, (Math.floor(offsetBytes / CHUNK_BYTES) + 1) * CHUNK_BYTES)
        const lengthBytes = untilBytes - offsetBytes
        fill(this.#a, this.#bytesA, offsetBytes, lengthBytes, stretch.inA)
        fill(this.#b, this.#bytesB, offsetBytes, lengthBytes, stretch.inB)
        if (this.#bytesA.compare(this.#bytesB, 0, lengthBytes, 0, lengthBytes) !== 0) {
          findDifferences(this.#bytesA, this.#bytesB, lengthBytes, offsetBytes, ranges)
        }
        offsetBytes = untilBytes
      }
    }
    return ranges
  }
}

function fill(side: Side, bytes: Buffer, offsetBytes: number, lengthBytes: number, reads: boolean): void {
  if (!reads) {
    bytes.fill(0, 0, lengthBytes)
    return
  }
  let done = 0
  while (done < lengthBytes) {
    const atBytes = side.startBytes + offsetBytes + done
    let got: number
    try {
      got = readSync(side.fd, bytes, done, lengthBytes - done, atBytes)
    } catch (error) {
      throw readFailure(side.path, atBytes, error)
    }
    if (got === 0) throw shortenedImage(side.path, atBytes, 'read')
    done += got
  }
}

/** Adds the differences of two pieces that begin at an offset. */
function findDifferences(a: Buffer, b: Buffer, lengthBytes: number, offsetBytes: number, ranges: Range[]): void {
  for (let from = 0; from < lengthBytes;) {
    const to = Math.min(lengthBytes, from + SECTOR_BYTES - ((offsetBytes + from) % SECTOR_BYTES))
    if (a.compare(b, from, to, from, to) !== 0) {
      let first = from
      while (a[first] === b[first]) first++
      let end = to
      while (a[end - 1] === b[end - 1]) end--
      addRange(ranges, {offsetBytes: offsetBytes + first, lengthBytes: end - first})
    }
    from = to
  }
}

/** Adds a range behind the others, making the last one longer where their sectors touch. */
export function addRange(ranges: Range[], range: Range): void {
  const last = ranges.at(-1)
  if (last !== undefined) {
    const lastSector = Math.floor((last.offsetBytes + last.lengthBytes - 1) / SECTOR_BYTES)
    if (Math.floor(range.offsetBytes / SECTOR_BYTES) <= lastSector + 1) {
      const endBytes = range.offsetBytes + range.lengthBytes
      ranges[ranges.length - 1] = {offsetBytes: last.offsetBytes, lengthBytes: endBytes - last.offsetBytes}
      return
    }
  }
  ranges.push(range)
}
