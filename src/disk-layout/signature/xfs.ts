import {Fields} from '../fields.js'
import {crc32c} from '../../base/index.js'
import {bitNames, isPowerOfTwo, sizeOf, type Probe} from './signature.js'

/** The superblock, big-endian but for its CRC: "XFS Algorithms & Data Structures", part III, 13.1 (xfs_dsb). */
const SECTOR_BYTES_MAX = 32 << 10
const CRC_AT = 224
const VERSION_5 = 5

const READ_ONLY = {0x1: 'finobt', 0x2: 'rmapbt', 0x4: 'reflink', 0x8: 'inobtcount'}
const INCOMPATIBLE = {
  0x1: 'ftype',
  0x2: 'sparse inodes',
  0x4: 'meta_uuid',
  0x8: 'bigtime',
  0x10: 'needs repair',
  0x20: 'nrext64',
  0x40: 'exchange',
  0x80: 'parent',
  0x100: 'metadir',
  0x200: 'zoned',
}
const NEEDS_REPAIR = 0x10

export const xfs: Probe = (reader) => {
  const sb = new Fields(reader.read(0, SECTOR_BYTES_MAX))
  if (!sb.has(0, 'XFSB')) return undefined
  const [blockBytes, sectorBytes] = [sb.u32(4, false), sb.u16(102, false)]
  if (!isPowerOfTwo(blockBytes, 512, 65536) || !isPowerOfTwo(sectorBytes, 512, SECTOR_BYTES_MAX)) return undefined
  const version = sb.u16(100, false) & 0xf
  const checked = version === VERSION_5
  const incompatible = checked ? sb.u32(216, false) : 0
  const warnings: string[] = []
  if (checked && !checksumHolds(sb, sectorBytes)) warnings.push('the checksum of its superblock is wrong')
  if (incompatible & NEEDS_REPAIR) warnings.push('it says that it needs xfs_repair')
  if (sb.u8(126) !== 0) warnings.push('it says that mkfs did not finish')
  return {
    type: 'xfs',
    name: 'XFS',
    usage: 'filesystem',
    offsetBytes: 0,
    label: sb.text(108, 12),
    uuid: sb.uuid(32),
    blockBytes: sectorBytes,
    sizeBytes: sizeOf(sb.u64(8, false), blockBytes),
    features: checked
      ? ['crc', ...bitNames(sb.u32(212, false), READ_ONLY), ...bitNames(incompatible, INCOMPATIBLE)]
      : [],
    details: [
      ['format', `v${version}`],
      ['block size', `${blockBytes} bytes`],
    ],
    warnings,
  }
}

function checksumHolds(sb: Fields, sectorBytes: number): boolean {
  const copy = sb.bytes.slice(0, sectorBytes).fill(0, CRC_AT, CRC_AT + 4)
  return crc32c(copy) === sb.u32(CRC_AT)
}
