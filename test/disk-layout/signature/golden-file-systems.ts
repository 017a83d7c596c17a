import {crc32c} from '../../../src/base/index.js'
import {Disk} from '../disk.js'
import {MIB_SECTORS, OTHER, UUID, type Golden} from './golden-image.js'

/** linux Documentation/filesystems/ext4/super.rst */
export function ext(
  kind: string,
  compatible: number,
  incompatible: number,
  readOnly: number,
  expected: object,
): Golden {
  const disk = new Disk(2 * MIB_SECTORS)
    .u32(1024 + 0x0, 512)
    .u32(1024 + 0x4, 2048)
    .u32(1024 + 0x14, 1)
    .u32(1024 + 0x20, 8192)
    .u32(1024 + 0x28, 512)
    .u16(1024 + 0x38, 0xef53)
    .u16(1024 + 0x3a, 1)
    .u32(1024 + 0x4c, 1)
    .u16(1024 + 0x58, 256)
    .u32(1024 + 0x5c, compatible)
    .u32(1024 + 0x60, incompatible)
    .u32(1024 + 0x64, readOnly)
    .hex(1024 + 0x68, UUID)
    .put(1024 + 0x78, 'my label')
    .put(1024 + 0x88, '/mnt/here')
  if (readOnly & 0x400) {
    disk.put(1024 + 0x175, '\x01').u32(1024 + 0x3fc, ~crc32c(disk.bytes.subarray(1024, 1024 + 0x3fc)) >>> 0)
  }
  return {
    kind,
    disk,
    expected: {
      type: kind,
      usage: 'filesystem',
      label: 'my label',
      uuid: UUID,
      version: '1.0',
      blockBytes: 1024,
      sizeBytes: 2 << 20,
      details: [
        ['state', 'clean'],
        ['last mounted on', '/mnt/here'],
      ],
      warnings: [],
      ...expected,
    },
  }
}

/** XFS Algorithms & Data Structures, part III: xfs_dsb */
export function xfs(): Golden {
  const disk = new Disk(16 * MIB_SECTORS)
    .put(0, 'XFSB')
    .be32(4, 4096)
    .be64(8, 4096)
    .hex(32, UUID)
    .be32(80, 1)
    .be32(84, 1024) // blocks and count of allocation groups
    .be32(88, 4)
    .be32(96, 512)
    .be16(100, 0xb4a5)
    .be16(102, 512)
    .be16(104, 512)
    .be16(106, 8)
    .put(108, 'my label')
    .put(120, Buffer.from([12, 9, 9, 3, 10, 0, 0, 25])) // logarithms: block, sector, inode, inodes per block, group; share of inodes
    .be32(212, 0b1101)
    .be32(216, 0b11_1100_1011)
  disk.u32(224, crc32c(disk.bytes.subarray(0, 512)))
  const features = [
    'crc',
    'finobt',
    'reflink',
    'inobtcount',
    'ftype',
    'sparse inodes',
    'bigtime',
    'exchange',
    'parent',
    'metadir',
    'zoned',
  ]
  return {
    kind: 'xfs',
    disk,
    expected: {
      type: 'xfs',
      label: 'my label',
      uuid: UUID,
      blockBytes: 512,
      sizeBytes: 16 << 20,
      features,
      warnings: [],
    },
  }
}

/** linux/btrfs_tree.h: struct btrfs_super_block */
export function btrfs(): Golden {
  const at = 65536
  const disk = new Disk(MIB_SECTORS)
    .hex(at + 0x20, UUID)
    .u64(at + 0x30, at)
    .u64(at + 0x38, 1)
    .put(at + 0x40, '_BHRfS_M')
    .u64(at + 0x48, 7)
    .u64(at + 0x70, 1 << 20)
    .u64(at + 0x88, 1)
    .u32(at + 0x90, 4096)
    .u32(at + 0x94, 16384)
    .u64(at + 0xb4, 0xb)
    .u64(at + 0xbc, 0x14341)
    .u64(at + 0xc9, 1)
    .u64(at + 0xd1, 1 << 20)
    .hex(at + 0x10b, OTHER)
    .put(at + 0x12b, 'my label')
  disk.u32(at, crc32c(disk.bytes.subarray(at + 32, at + 4096)))
  return {
    kind: 'btrfs',
    disk,
    expected: {
      type: 'btrfs',
      label: 'my label',
      uuid: UUID,
      memberUuid: OTHER,
      blockBytes: 4096,
      sizeBytes: 1 << 20,
      features: [
        ...['free_space_tree', 'free_space_tree_valid', 'block_group_tree'],
        ...['mixed_backref', 'extended_iref', 'skinny_metadata', 'no_holes', 'raid_stripe_tree', 'simple_quota'],
      ],
      warnings: [],
    },
  }
}

/** Microsoft FAT specification 1.03: BPB, extended boot record, folder entries */
export function fat(kind: 'FAT12' | 'FAT16' | 'FAT32', sectors: number, perFat: number): Golden {
  const wide = kind === 'FAT32'
  const extra = wide ? 66 : 38
  const disk = new Disk(sectors)
    .put(0, '\xeb\x58\x90mkfs.fat')
    .u16(11, 512)
    .put(13, '\x01')
    .u16(14, wide ? 32 : 1)
    .put(16, '\x02')
    .u16(17, wide ? 0 : 512)
    .u16(19, sectors < 65536 ? sectors : 0)
    .put(21, '\xf8')
    .u16(22, wide ? 0 : perFat)
    .u32(32, sectors < 65536 ? 0 : sectors)
    .put(extra, '\x29')
    .u32(extra + 1, 0x1234abcd)
    .put(extra + 5, 'OLD NAME   ')
    .put(extra + 16, `${kind}   `)
    .u16(510, 0xaa55)
  if (wide) disk.u32(36, perFat).u32(44, 2).u16(48, 1)
  const rootAt = ((wide ? 32 : 1) + 2 * perFat) * 512
  const attributes = Buffer.from([0x0f, 0x08])
  disk.put(rootAt, '\x41a long name').put(rootAt + 11, attributes.subarray(0, 1))
  disk.put(rootAt + 32, 'MY LABEL   ').put(rootAt + 32 + 11, attributes.subarray(1))
  return {
    kind: kind.toLowerCase(),
    disk,
    expected: {
      type: 'vfat',
      name: kind,
      label: 'MY LABEL',
      uuid: '1234-ABCD',
      version: kind,
      blockBytes: 512,
      sizeBytes: sectors * 512,
      warnings: [],
    },
  }
}

/** exFAT file system specification, 3.1 and 7.3 */
export function exfat(): Golden {
  const disk = new Disk(2 * MIB_SECTORS)
    .put(0, '\xeb\x76\x90EXFAT   ')
    .u64(72, 2 * MIB_SECTORS)
    .u32(80, 128)
    .u32(84, 32)
    .u32(88, 256)
    .u32(92, 480)
    .u32(96, 4)
    .u32(100, 0x1234abcd)
    .u16(104, 0x0100)
    .put(108, '\x09\x03\x01')
    .u16(510, 0xaa55)
  const rootAt = 256 * 512 + 2 * 4096
  disk.put(rootAt, '\x83\x05').put(rootAt + 2, Buffer.from('läbel', 'utf16le'))
  return {
    kind: 'exfat',
    disk,
    expected: {type: 'exfat', label: 'läbel', uuid: '1234-ABCD', version: '1.0', blockBytes: 512, sizeBytes: 2 << 20},
  }
}

/** linux fs/ntfs3/ntfs.h: NTFS_BOOT, MFT_REC, ATTRIB, ATTR_VOLUME_INFO */
export function ntfs(): Golden {
  const record = 4 * 4096 + 3 * 1024
  const disk = new Disk(2 * MIB_SECTORS)
    .put(0, '\xeb\x52\x90NTFS    ')
    .u16(11, 512)
    .put(13, '\x08')
    .put(21, '\xf8')
    .u64(40, 2 * MIB_SECTORS - 1)
    .u64(48, 4)
    .u64(56, 8)
    .put(64, '\xf6') // records of 2^10 bytes
    .put(68, '\x01')
    .u64(72, 0x63346e2e067ebb91n)
    .u16(510, 0xaa55)
    .put(4 * 4096, 'FILE')
    .put(record, 'FILE')
    .u16(record + 20, 56)
    .u32(record + 56, 0x60)
    .u32(record + 60, 40)
    .u32(record + 72, 12)
    .u16(record + 76, 24)
    .put(record + 80, Buffer.from('läbel', 'utf16le'))
    .u32(record + 96, 0x70)
    .u32(record + 100, 40)
    .u32(record + 112, 12)
    .u16(record + 116, 24)
    .put(record + 128, '\x03\x01\x01\x00')
    .u32(record + 136, 0xffffffff)
  disk.u32(record + 72, 10)
  return {
    kind: 'ntfs',
    disk,
    expected: {
      type: 'ntfs',
      label: 'läbel',
      uuid: '63346E2E067EBB91',
      blockBytes: 512,
      sizeBytes: (2 * MIB_SECTORS - 1) * 512,
      details: [
        ['cluster size', '4096 bytes'],
        ['NTFS version', '3.1'],
      ],
      warnings: ['it is marked as dirty: Windows will check it'],
    },
  }
}

/** linux/f2fs_fs.h: struct f2fs_super_block */
export function f2fs(): Golden {
  const disk = new Disk(MIB_SECTORS)
    .u32(1024, 0xf2f52010)
    .u16(1028, 1)
    .u16(1030, 15)
    .u32(1032, 9)
    .u32(1036, 3)
    .u32(1040, 12)
    .u64(1060, 256)
    .hex(1132, UUID)
    .put(1148, Buffer.from('läbel', 'utf16le'))
    .u32(1024 + 2180, 0x18001)
  return {
    kind: 'f2fs',
    disk,
    expected: {
      type: 'f2fs',
      label: 'läbel',
      uuid: UUID,
      version: '1.15',
      blockBytes: 4096,
      sizeBytes: 1 << 20,
      features: ['encrypt', 'device_alias', '0x10000'],
    },
  }
}
