import type {ByteReader} from '../byte-reader.js'

/** What sort of thing a signature stands for. */
export type Usage = 'filesystem' | 'raid' | 'crypto' | 'other' | 'image' | 'compressed' | 'boot'

/** Something that was recognized, and what its own bytes say of it. */
export interface Signature {
  /** As blkid names it where blkid knows it: "ext4", "crypto_LUKS", "LVM2_member". */
  readonly type: string
  /** For people: "LUKS 2". */
  readonly name: string
  /** As blkid says it; `image` is a virtual disk in another format, `compressed` a packed one, `boot` code that is run. */
  readonly usage: Usage
  /** Where its first magic number is, from the start of what was looked at. */
  readonly offsetBytes: number
  readonly label?: string | undefined
  /** In the spelling of blkid, which differs from type to type. */
  readonly uuid?: string | undefined
  /** Of this member, where `uuid` is that of the whole. */
  readonly memberUuid?: string | undefined
  readonly version?: string | undefined
  readonly blockBytes?: number | undefined
  /** How large it says it is; undefined when it does not. */
  readonly sizeBytes?: number | undefined
  /** Names of its features, in its own words. */
  readonly features?: readonly string[] | undefined
  /** What else it says: state, where it was mounted last, what it belongs to. */
  readonly details?: readonly (readonly [label: string, value: string])[] | undefined
  /** What should make one careful. */
  readonly warnings?: readonly string[] | undefined
}

/** Looks for one family of formats; undefined when it is not there. Reads a bounded number of bounded pieces, never throws. */
export type Probe = (reader: ByteReader) => Signature | undefined

/** The names of the bits that are set; a bit without a name is told by its number. */
export function bitNames(bits: number, names: Readonly<Record<number, string>>): string[] {
  return Array.from({length: 32}, (_, i) => (2 ** i) >>> 0)
    .filter((bit) => (bits & bit) !== 0)
    .map((bit) => names[bit] ?? `0x${bit.toString(16)}`)
}

/** The product, or undefined when it is no size that an image can have. */
export function sizeOf(count: number, unitBytes: number): number | undefined {
  const bytes = count * unitBytes
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}

export function isPowerOfTwo(value: number, from: number, to: number): boolean {
  return value >= from && value <= to && Number.isInteger(Math.log2(value))
}
