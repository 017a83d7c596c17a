import {Fields} from '../fields.js'
import {crc32c} from '../../base/index.js'
import {bitNames, type Probe} from './signature.js'

/** The superblock (struct btrfs_super_block of linux/btrfs_tree.h), little-endian. */
const SUPERBLOCK_AT = 64 << 10
const SUPERBLOCK_BYTES = 4096
const CHECKSUM_BYTES = 32
const DEVICE_ITEM_AT = 0xc9

const INCOMPATIBLE = {
  0x1: 'mixed_backref',
  0x2: 'default_subvol',
  0x4: 'mixed_groups',
  0x8: 'compress_lzo',
  0x10: 'compress_zstd',
  0x20: 'big_metadata',
  0x40: 'extended_iref',
  0x80: 'raid56',
  0x100: 'skinny_metadata',
  0x200: 'no_holes',
  0x400: 'metadata_uuid',
  0x800: 'raid1c34',
  0x1000: 'zoned',
  0x2000: 'extent_tree_v2',
  0x4000: 'raid_stripe_tree',
  0x10000: 'simple_quota',
}
/** What a system that does not know it may read, and not write. */
const READ_ONLY_COMPATIBLE = {
  0x1: 'free_space_tree',
  0x2: 'free_space_tree_valid',
  0x4: 'verity',
  0x8: 'block_group_tree',
}
const CHECKSUMS = ['crc32c', 'xxhash64', 'sha256', 'blake2b'] as const

export const btrfs: Probe = (reader) => {
  const sb = new Fields(reader.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES))
  if (!sb.has(0x40, '_BHRfS_M')) return undefined
  const checksum = CHECKSUMS[sb.u16(0xc4)]
  const wrong = checksum === 'crc32c' && crc32c(sb.bytes.subarray(CHECKSUM_BYTES)) !== sb.u32(0)
  const devices = sb.u64(0x88)
  return {
    type: 'btrfs',
    name: 'Btrfs',
    usage: 'filesystem',
    offsetBytes: SUPERBLOCK_AT + 0x40,
    label: sb.text(0x12b, 256),
    uuid: sb.uuid(0x20),
    memberUuid: sb.uuid(DEVICE_ITEM_AT + 66),
    blockBytes: sb.u32(0x90),
    // Of this device: the size of the whole file system is that of all its devices.
    sizeBytes: sb.u64(DEVICE_ITEM_AT + 8) || undefined,
    features: [...bitNames(sb.u32(0xb4), READ_ONLY_COMPATIBLE), ...bitNames(sb.u32(0xbc), INCOMPATIBLE)],
    details: [
      ['generation', String(sb.u64(0x48))],
      ['devices', String(devices)],
      ['checksums', checksum ?? `kind ${sb.u16(0xc4)}`],
      ['bytes used', String(sb.u64(0x78))],
    ],
    warnings: [
      ...(wrong ? ['the checksum of its superblock is wrong'] : []),
      ...(devices > 1 ? [`it is one of ${devices} devices of a file system`] : []),
    ],
  }
}
