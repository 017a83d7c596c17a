import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** The superblock (struct squashfs_super_block of fs/squashfs/squashfs_fs.h), little-endian. */
const MAGIC = 'hsqs'
const COMPRESSIONS = ['none', 'gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd'] as const

export const squashfs: Probe = (reader) => {
  const sb = new Fields(reader.read(0, 96))
  const major = sb.u16(28)
  if (!sb.has(0, MAGIC) || major === 0) return undefined
  const compression = sb.u16(20)
  return {
    type: 'squashfs',
    name: 'SquashFS',
    usage: 'filesystem',
    offsetBytes: 0,
    version: `${major}.${sb.u16(30)}`,
    sizeBytes: major >= 4 ? sb.u64(40) || undefined : undefined,
    details:
      major >= 4
        ? [
            ['compression', COMPRESSIONS[compression] ?? `kind ${compression}`],
            ['block size', `${sb.u32(12)} bytes`],
            ['inodes', String(sb.u32(4))],
          ]
        : [],
  }
}
