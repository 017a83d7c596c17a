import {Fields} from '../fields.js'
import {sizeOf, type Probe} from './signature.js'

/** Superblocks of bcache (linux/bcache.h, struct cache_sb) and of bcachefs (bcachefs_format.h, struct bch_sb), little-endian. */
const SUPERBLOCK_AT = 4096
const SUPERBLOCK_BYTES = 512
const BCACHE_MAGIC = 'c68573f6-4e1a-45ca-8265-f57f48ba6d81'
const BCACHEFS_MAGIC = 'c68573f6-66ce-90a9-d96a-60cf803df7ef'
const VERSIONS: Readonly<Record<number, string>> = {
  0: 'cache device',
  1: 'backing device',
  3: 'cache device',
  4: 'backing device',
  5: 'cache device',
  6: 'backing device',
}

export const bcache: Probe = (reader) => {
  const sb = new Fields(reader.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES))
  const magic = sb.uuid(24)
  // Early bcachefs has the magic number of bcache. Only bcache says at byte 8 in which sector it lies.
  const isBcache = magic === BCACHE_MAGIC && sb.u64(8) === SUPERBLOCK_AT / 512
  if (!isBcache && magic !== BCACHE_MAGIC && magic !== BCACHEFS_MAGIC) return undefined
  if (isBcache) {
    const version = sb.u64(16)
    return {
      type: 'bcache',
      name: 'bcache',
      usage: 'other',
      offsetBytes: SUPERBLOCK_AT + 24,
      label: sb.text(72, 32),
      uuid: sb.uuid(40),
      details: [
        ['role', VERSIONS[version] ?? `version ${version}`],
        ['set', sb.uuid(56) ?? 'none'],
      ],
    }
  }
  return {
    type: 'bcachefs',
    name: 'bcachefs',
    usage: 'filesystem',
    offsetBytes: SUPERBLOCK_AT + 24,
    label: sb.text(72, 32),
    uuid: sb.uuid(56),
    version: `${sb.u16(16) >> 10}.${sb.u16(16) & 1023}`, // BCH_VERSION_MAJOR, BCH_VERSION_MINOR
    blockBytes: sizeOf(sb.u16(120), 512),
    details: [['devices', String(sb.u8(123))]],
  }
}
