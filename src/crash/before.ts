import {SECTOR_BYTES, ToolError} from '../base/index.js'
import type {BeforeImage, KnownBefore, Trace} from '../trace/index.js'
import type {BaseReader} from './options.js'

/**
 * What the image held before the trace: what a before-image holds, and elsewhere zeroes if the trace knows the whole image, else what
 * the base holds. Without a base nobody knows, and whoever asks is refused: an image with zeroes made up in it would be judged as if a
 * crash could leave it.
 */
export class BeforeContent {
  /** What lies where no before-image is; undefined where it is not asked for: there are zeroes, or nobody knows. */
  readonly base: BaseReader | undefined
  readonly #images: readonly BeforeImage[]
  /** The largest end of the first images, so that those which may reach a place are found however they overlap. */
  readonly #ends: readonly number[]
  readonly #knownBefore: KnownBefore
  readonly #sizeBytes: number

  constructor({header, before}: Trace, base: BaseReader | undefined) {
    this.#knownBefore = header.knownBefore
    this.#sizeBytes = header.sizeBytes
    this.base = header.knownBefore === 'whole' ? undefined : base
    this.#images = before.toSorted((a, b) => a.offsetBytes - b.offsetBytes)
    let end = 0
    this.#ends = this.#images.map(({offsetBytes, bytes}) => (end = Math.max(end, offsetBytes + bytes.length)))
  }

  /** Fills with what the image held from an offset on; zeroes behind its end. @throws ToolError as mustBeKnown */
  read(offsetBytes: number, into: Uint8Array): void {
    this.mustBeKnown(offsetBytes, into.length)
    into.fill(0)
    this.base?.(offsetBytes, into)
    const endBytes = offsetBytes + into.length
    for (const {offsetBytes: from, bytes} of this.#imagesIn(offsetBytes, endBytes)) {
      const [start, end] = [Math.max(from, offsetBytes), Math.min(from + bytes.length, endBytes)]
      if (start < end) into.set(bytes.subarray(start - from, end - from), start - offsetBytes)
    }
  }

  /** True when it is known what a sector held. */
  knows(sector: number): boolean {
    return this.#firstUnknown(sector * SECTOR_BYTES, SECTOR_BYTES) === undefined
  }

  /** @throws ToolError of kind usage where nobody knows what a range held; all of the image unless told */
  mustBeKnown(offsetBytes = 0, lengthBytes = this.#sizeBytes): void {
    const unknown = this.#firstUnknown(offsetBytes, lengthBytes)
    if (unknown === undefined) return
    const [has, hint] = WORDS[this.#knownBefore === 'touched' ? 'touched' : 'listed']
    const what = `nobody knows what byte ${unknown} of the image held before the trace, which has only ${has}`
    throw new ToolError('usage', 'E_NO_BASE', what, {hint, context: {offsetBytes: unknown}})
  }

  #firstUnknown(offsetBytes: number, lengthBytes: number): number | undefined {
    if (this.#knownBefore === 'whole' || this.base !== undefined) return undefined
    const endBytes = Math.min(offsetBytes + lengthBytes, this.#sizeBytes)
    let known = offsetBytes
    for (const {offsetBytes: from, bytes} of this.#imagesIn(offsetBytes, endBytes)) {
      if (from > known) break
      known = Math.max(known, from + bytes.length)
    }
    return known < endBytes ? known : undefined
  }

  /** Images that may reach into a range, in the order of their offsets. */
  *#imagesIn(offsetBytes: number, endBytes: number): Generator<BeforeImage> {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ends[middle] as number) <= offsetBytes) low = middle + 1
      else high = middle
    }
    for (let image = this.#images[low]; image && image.offsetBytes < endBytes; image = this.#images[++low]) yield image
  }
}

/** What a trace has, and where the rest can be had. */
const WORDS = {
  touched: [
    'what requests changed',
    'Give --base IMAGE. The image that was recorded will do if nothing but the recording has written to it: what no request changed is in it as it was.',
  ],
  listed: [
    'what it lists',
    'Give --base IMAGE with the image as it was before the trace; if it was empty, "flushpoint create" makes one like it.',
  ],
} as const
