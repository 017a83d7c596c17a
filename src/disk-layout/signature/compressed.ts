import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** One format of compression. */
interface Packing {
  readonly type: string
  readonly magic: string
  /** Unpacks a file to standard output. */
  readonly unpack: string
}

/**
 * Formats by their magic numbers: RFC 1952 (gzip, with deflate), "The .xz File Format" 1.0.4, RFC 8878 (zstd), bzip2, LZ4 frames.
 *
 * To add one: a row.
 */
const PACKINGS: readonly Packing[] = [
  {type: 'gzip', magic: '\x1f\x8b\x08', unpack: 'gzip -dc'},
  {type: 'xz', magic: '\xfd7zXZ\0', unpack: 'xz -dc'},
  {type: 'zstd', magic: '\x28\xb5\x2f\xfd', unpack: 'zstd -dc'},
  {type: 'bzip2', magic: 'BZh', unpack: 'bzip2 -dc'},
  {type: 'lz4', magic: '\x04\x22\x4d\x18', unpack: 'lz4 -dc'},
]

/** An image that was packed: nothing in it is where it would be on the disk. */
export const compressed: Probe = (reader) => {
  const start = new Fields(reader.read(0, 16))
  const packing = PACKINGS.find(({magic}) => start.has(0, magic))
  if (packing === undefined) return undefined
  // Three letters are few: the first block of bzip2 begins with the digits of pi.
  if (packing.type === 'bzip2' && start.hex(4, 6) !== '314159265359') return undefined
  const {type, unpack} = packing
  return {
    type,
    name: `${type} data`,
    usage: 'compressed',
    offsetBytes: 0,
    warnings: [`it is packed with ${type}: nothing lies where it would on the disk; unpack it first ("${unpack}")`],
  }
}
