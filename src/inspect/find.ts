import {joinRanges, type Range} from '../base/index.js'
import type {ImageSource} from '../image/index.js'
import {dataRanges} from './extent-map.js'
import {toNextPlace, type MatchAlignment} from './match-alignment.js'
import {refuseShortened} from './shortened.js'

export interface FindOptions {
  /** Where matches may begin. */
  readonly alignment: MatchAlignment
  /** Matches lie in here; anywhere when left out. */
  readonly within?: Range
  /** Stop after so many; Infinity for all. */
  readonly max: number
  /** Is told how far the search has come; awaited. */
  readonly progress?: (doneBytes: number) => Promise<void>
}

export interface Found {
  /** Where the matches begin, in order. May hold fewer than `count`, the first ones. */
  readonly offsets: readonly number[]
  readonly count: number
  /** Whether the search went to the end, and did not stop at `max`. */
  readonly complete: boolean
}

const CHUNK_BYTES = 256 * 1024
/** More matches than this are counted, not kept. */
const OFFSETS_MAX = 1_000_000

/**
 * Finds a pattern, also across the pieces that are read. Matches do not overlap: the search goes on behind each. Where holes cannot
 * hold the pattern they are not read.
 *
 * @throws ToolError of kind io when the source cannot be read or became shorter meanwhile
 */
export async function findPattern(source: ImageSource, pattern: Buffer, options: FindOptions): Promise<Found> {
  const search = new Search(pattern, options)
  const whole = {offsetBytes: 0, lengthBytes: source.sizeBytes}
  for (const range of await rangesFor(source, pattern, options.within ?? whole)) {
    if (search.isFull) break
    await search.through(source, range)
  }
  refuseShortened(source)
  const {offsets, count, isFull} = search
  return {offsets, count, complete: !isFull}
}

/** Where a match may lie: a pattern that is not all zeroes touches data. */
async function rangesFor(source: ImageSource, pattern: Buffer, within: Range): Promise<Range[]> {
  const data = pattern.every((byte) => byte === 0) ? undefined : await dataRanges(source)
  if (data === undefined) return within.lengthBytes === 0 ? [] : [within]
  const edge = pattern.length - 1
  const endBytes = within.offsetBytes + within.lengthBytes
  const wider = data.map(({offsetBytes, lengthBytes}) => {
    const from = Math.max(within.offsetBytes, offsetBytes - edge)
    return {offsetBytes: from, lengthBytes: Math.min(endBytes, offsetBytes + lengthBytes + edge) - from}
  })
  return joinRanges(wider)
}

/** One search through an image, forwards. */
class Search {
  readonly offsets: number[] = []
  count = 0
  readonly #pattern: Buffer
  readonly #options: FindOptions
  readonly #bytes: Buffer
  /** Where the next match may begin. */
  #fromBytes = 0

  constructor(pattern: Buffer, options: FindOptions) {
    this.#pattern = pattern
    this.#options = options
    this.#bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES + pattern.length - 1)
  }

  get isFull(): boolean {
    return this.count >= this.#options.max
  }

  async through(source: ImageSource, {offsetBytes, lengthBytes}: Range): Promise<void> {
    const endBytes = offsetBytes + lengthBytes
    for (let at = offsetBytes; at < endBytes && !this.isFull; at += CHUNK_BYTES) {
      // Each piece holds the start of the next, so that no match is cut.
      const wantedBytes = Math.min(this.#bytes.length, endBytes - at)
      const got = source.readInto(this.#bytes.subarray(0, wantedBytes), at)
      this.#piece(this.#bytes.subarray(0, got), at)
      await this.#options.progress?.(at + got)
      if (got < wantedBytes) return // it became shorter meanwhile
    }
  }

  #piece(bytes: Buffer, offsetBytes: number): void {
    const {alignment} = this.#options
    let from = Math.max(0, this.#fromBytes - offsetBytes)
    while (!this.isFull) {
      const index = bytes.indexOf(this.#pattern, from)
      if (index === -1 || index >= CHUNK_BYTES) return
      const at = offsetBytes + index
      const ahead = toNextPlace(at, alignment)
      if (ahead !== 0) {
        from = index + ahead
        continue
      }
      this.count++
      if (this.offsets.length < OFFSETS_MAX) this.offsets.push(at)
      from = index + this.#pattern.length
      this.#fromBytes = offsetBytes + from
    }
  }
}
