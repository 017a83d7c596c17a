import {Fields} from '../fields.js'
import {bitNames, sizeOf, type Probe} from './signature.js'

/** The superblock (struct f2fs_super_block of linux/f2fs_fs.h), little-endian. */
const SUPERBLOCK_AT = 1024
const SUPERBLOCK_BYTES = 3072
const MAGIC = 0xf2f52010

const FEATURES = {
  0x1: 'encrypt',
  0x2: 'blkzoned',
  0x4: 'atomic_write',
  0x8: 'extra_attr',
  0x10: 'prjquota',
  0x20: 'inode_checksum',
  0x40: 'flexible_inline_xattr',
  0x80: 'quota_ino',
  0x100: 'inode_crtime',
  0x200: 'lost_found',
  0x400: 'verity',
  0x800: 'sb_checksum',
  0x1000: 'casefold',
  0x2000: 'compression',
  0x4000: 'ro',
  0x8000: 'device_alias',
}

export const f2fs: Probe = (reader) => {
  const sb = new Fields(reader.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES))
  const blockShift = sb.u32(16)
  if (sb.u32(0) !== MAGIC || blockShift < 9 || blockShift > 16) return undefined
  const blockBytes = 2 ** blockShift
  return {
    type: 'f2fs',
    name: 'F2FS',
    usage: 'filesystem',
    offsetBytes: SUPERBLOCK_AT,
    label: sb.utf16(124, 1024),
    uuid: sb.uuid(108),
    version: `${sb.u16(4)}.${sb.u16(6)}`,
    blockBytes,
    sizeBytes: sizeOf(sb.u64(36), blockBytes),
    features: bitNames(sb.u32(2180), FEATURES),
  }
}
