import {Fields} from '../fields.js'
import {sizeOf, type Probe} from './signature.js'

/** The superblock (struct erofs_super_block of fs/erofs/erofs_fs.h), little-endian. */
const SUPERBLOCK_AT = 1024
const MAGIC = 0xe0f5e1e2

export const erofs: Probe = (reader) => {
  const sb = new Fields(reader.read(SUPERBLOCK_AT, 128))
  const shift = sb.u8(12)
  if (sb.u32(0) !== MAGIC || shift < 9 || shift > 16) return undefined
  const blockBytes = 2 ** shift
  return {
    type: 'erofs',
    name: 'EROFS',
    usage: 'filesystem',
    offsetBytes: SUPERBLOCK_AT,
    label: sb.text(64, 16),
    uuid: sb.uuid(48),
    blockBytes,
    sizeBytes: sizeOf(sb.u32(36), blockBytes),
    details: [['inodes', String(sb.u64(16))]],
  }
}
