import {Fields} from '../fields.js'
import {crc32c} from '../../base/index.js'
import {bitNames, sizeOf, type Probe} from './signature.js'

/** The superblock and its fields: Linux, Documentation/filesystems/ext4/super.rst. */
const SUPERBLOCK_AT = 1024
const SUPERBLOCK_BYTES = 1024
const MAGIC = 0xef53
const CHECKSUM_AT = 0x3fc

const COMPATIBLE = {
  0x1: 'dir_prealloc',
  0x2: 'imagic_inodes',
  0x4: 'has_journal',
  0x8: 'ext_attr',
  0x10: 'resize_inode',
  0x20: 'dir_index',
  0x200: 'sparse_super2',
  0x400: 'fast_commit',
  0x800: 'stable_inodes',
  0x1000: 'orphan_file',
}
const INCOMPATIBLE = {
  0x1: 'compression',
  0x2: 'filetype',
  0x4: 'needs_recovery',
  0x8: 'journal_dev',
  0x10: 'meta_bg',
  0x40: 'extent',
  0x80: '64bit',
  0x100: 'mmp',
  0x200: 'flex_bg',
  0x400: 'ea_inode',
  0x1000: 'dirdata',
  0x2000: 'metadata_csum_seed',
  0x4000: 'large_dir',
  0x8000: 'inline_data',
  0x10000: 'encrypt',
  0x20000: 'casefold',
}
const READ_ONLY_COMPATIBLE = {
  0x1: 'sparse_super',
  0x2: 'large_file',
  0x8: 'huge_file',
  0x10: 'uninit_bg',
  0x20: 'dir_nlink',
  0x40: 'extra_isize',
  0x100: 'quota',
  0x200: 'bigalloc',
  0x400: 'metadata_csum',
  0x800: 'replica',
  0x1000: 'read-only',
  0x2000: 'project',
  0x4000: 'shared_blocks',
  0x8000: 'verity',
  0x10000: 'orphan_present',
}
const JOURNAL = 0x4
const NEEDS_RECOVERY = 0x4
const JOURNAL_DEVICE = 0x8
const WIDE = 0x80
const METADATA_CHECKSUMS = 0x400
/** What ext3 knows: filetype, needs_recovery, meta_bg; sparse_super, large_file and the never used btree_dir. */
const EXT3_INCOMPATIBLE = 0x2 | 0x4 | 0x10
const EXT3_READ_ONLY = 0x1 | 0x2 | 0x4

const VALID = 1
const ERRORS = 2
const ORPHANS = 4

/** ext2, ext3, ext4, or an external journal of one. */
export const ext: Probe = (reader) => {
  const sb = new Fields(reader.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES))
  if (sb.u16(0x38) !== MAGIC || sb.u32(0x18) > 6) return undefined
  const [compatible, incompatible, readOnly] = [sb.u32(0x5c), sb.u32(0x60), sb.u32(0x64)]
  const blockBytes = 1024 << sb.u32(0x18)
  const blocks = sb.u32(0x4) + (incompatible & WIDE ? sb.u32(0x150) * 2 ** 32 : 0)
  const type = typeOf(compatible, incompatible, readOnly)
  const state = sb.u16(0x3a)
  const warnings: string[] = []
  if (incompatible & NEEDS_RECOVERY)
    warnings.push('its journal has to be replayed: it is mounted, or was not unmounted')
  else if ((state & VALID) === 0 && type !== 'jbd') warnings.push('it is mounted, or was not unmounted')
  if (state & ERRORS) warnings.push('it is marked as having errors: fsck it')
  if (readOnly & METADATA_CHECKSUMS && !checksumHolds(sb)) warnings.push('the checksum of its superblock is wrong')
  return {
    type,
    name: type === 'jbd' ? 'external journal of an ext file system' : type,
    usage: type === 'jbd' ? 'other' : 'filesystem',
    offsetBytes: SUPERBLOCK_AT + 0x38,
    label: sb.text(0x78, 16),
    uuid: sb.uuid(0x68),
    version: `${sb.u32(0x4c)}.${sb.u16(0x3e)}`,
    blockBytes,
    sizeBytes: sizeOf(blocks, blockBytes),
    features: [
      ...bitNames(compatible, COMPATIBLE),
      ...bitNames(incompatible, INCOMPATIBLE),
      ...bitNames(readOnly, READ_ONLY_COMPATIBLE),
    ],
    details: [
      ['state', stateText(state)],
      ['last mounted on', sb.text(0x88, 64) ?? 'nothing'],
    ],
    warnings,
  }
}

function typeOf(compatible: number, incompatible: number, readOnly: number): 'ext2' | 'ext3' | 'ext4' | 'jbd' {
  if (incompatible & JOURNAL_DEVICE) return 'jbd'
  if ((incompatible & ~EXT3_INCOMPATIBLE) !== 0 || (readOnly & ~EXT3_READ_ONLY) !== 0) return 'ext4'
  return compatible & JOURNAL ? 'ext3' : 'ext2'
}

function stateText(state: number): string {
  const words = [state & VALID ? 'clean' : 'not clean']
  if (state & ERRORS) words.push('with errors')
  if (state & ORPHANS) words.push('orphans being removed')
  return words.join(', ')
}

/** The kernel keeps the CRC without its last inversion. */
function checksumHolds(sb: Fields): boolean {
  return ~crc32c(sb.bytes.subarray(0, CHECKSUM_AT)) >>> 0 === sb.u32(CHECKSUM_AT)
}
