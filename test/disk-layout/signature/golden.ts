import {crc32c} from '../../../src/base/index.js'
import type {Signature} from '../../../src/disk-layout/index.js'
import {Disk} from '../disk.js'

/** A small image of one kind, written field by field from the specification of its format, and what is to be read from it. */
export interface Golden {
  readonly kind: string
  readonly disk: Disk
  readonly expected: Partial<Signature>
}

const UUID = '01234567-89ab-cdef-fedc-ba9876543210'
const OTHER = 'a1b2c3d4-e5f6-4718-293a-4b5c6d7e8f90'
const MIB_SECTORS = 2048

/** linux Documentation/filesystems/ext4/super.rst */
function ext(kind: string, compatible: number, incompatible: number, readOnly: number, expected: object): Golden {
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
function xfs(): Golden {
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
    .be32(216, 0b1011)
  disk.u32(224, crc32c(disk.bytes.subarray(0, 512)))
  const features = ['crc', 'finobt', 'reflink', 'inobtcount', 'ftype', 'sparse inodes', 'bigtime']
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
function btrfs(): Golden {
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
    .u64(at + 0xbc, 0x341)
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
      features: ['mixed_backref', 'extended_iref', 'skinny_metadata', 'no_holes'],
      warnings: [],
    },
  }
}

/** Microsoft FAT specification 1.03: BPB, extended boot record, folder entries */
function fat(kind: 'FAT12' | 'FAT16' | 'FAT32', sectors: number, perFat: number): Golden {
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
function exfat(): Golden {
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
function ntfs(): Golden {
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
function f2fs(): Golden {
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
    .u32(1024 + 2180, 0x8001)
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
      features: ['encrypt', '0x8000'],
    },
  }
}

/** ECMA-119, 8.4 and 8.5; the Joliet specification for the supplementary descriptor; El Torito for the boot record */
function iso9660(): Golden {
  const at = 32768
  const disk = new Disk(MIB_SECTORS)
    .put(at, '\x01CD001\x01')
    .put(at + 40, 'MY_LABEL'.padEnd(32))
    .u32(at + 80, 512)
    .u16(at + 128, 2048)
    .put(at + 813, '2026010203040506\x00')
    .put(at + 830, '2026112600394500\x00')
    .put(at + 2048, '\x00CD001\x01EL TORITO SPECIFICATION')
    .put(at + 4096, '\x02CD001\x01')
    .put(at + 4096 + 40, Buffer.from('My Läbel', 'utf16le').swap16())
    .put(at + 4096 + 88, '%/E')
    .put(at + 6144, '\xffCD001\x01')
  return {
    kind: 'iso9660',
    disk,
    expected: {
      type: 'iso9660',
      label: 'My Läbel',
      uuid: '2026-11-26-00-39-45-00',
      version: 'Joliet Extension',
      blockBytes: 2048,
      sizeBytes: 1 << 20,
      features: ['Joliet', 'El Torito'],
    },
  }
}

/** ECMA-167: recognition 2/8, anchor 3/10.2, descriptors 3/10.1, 3/10.5, 3/10.6 */
function udf(): Golden {
  const block = (number: number): number => number * 512
  const disk = new Disk(MIB_SECTORS)
    .put(32768, '\0BEA01\x01')
    .put(32768 + 2048, '\0NSR03\x01')
    .put(32768 + 4096, '\0TEA01\x01')
    .u16(block(256), 2)
    .u32(block(256) + 12, 256)
    .u32(block(256) + 16, 16 * 512)
    .u32(block(256) + 20, 300)
    .u16(block(300), 1)
    .u32(block(300) + 12, 300)
    .put(block(300) + 24, '\x08my volume')
    .put(block(300) + 24 + 31, '\x0a')
    .put(block(300) + 72, '\x086b077fd2BB693c6eLinuxUDF')
    .put(block(300) + 72 + 127, '\x19')
    .u16(block(301), 6)
    .u32(block(301) + 12, 301)
    .put(block(301) + 84, '\x10')
    .put(block(301) + 85, Buffer.from('läbel', 'utf16le').swap16())
    .put(block(301) + 84 + 127, '\x0b')
    .u32(block(301) + 212, 512)
    .u16(block(301) + 240, 0x0201)
    .u16(block(302), 5)
    .u32(block(302) + 12, 302)
    .u32(block(302) + 188, 400)
    .u32(block(302) + 192, 1600)
    .u16(block(303), 8)
    .u32(block(303) + 12, 303)
  for (const number of [256, 300, 301, 302, 303]) tag(disk, block(number))
  return {
    kind: 'udf',
    disk,
    expected: {
      type: 'udf',
      label: 'läbel',
      uuid: '6b077fd2bb693c6e',
      version: '2.01',
      blockBytes: 512,
      sizeBytes: 2000 * 512,
    },
  }
}

/** A descriptor tag ends with the sum of its other bytes (ECMA-167, 3/7.2.3). */
function tag(disk: Disk, at: number): void {
  const sum = disk.bytes.subarray(at, at + 16).reduce((total, byte, i) => (i === 4 ? total : total + byte), 0)
  disk.put(at + 4, Buffer.from([sum & 0xff]))
}

/** fs/squashfs/squashfs_fs.h: struct squashfs_super_block */
function squashfs(): Golden {
  const disk = new Disk(64).put(0, 'hsqs').u32(4, 9).u32(12, 131072).u16(20, 6).u16(22, 17).u16(28, 4).u64(40, 5000)
  return {
    kind: 'squashfs',
    disk,
    expected: {
      type: 'squashfs',
      version: '4.0',
      sizeBytes: 5000,
      details: [
        ['compression', 'zstd'],
        ['block size', '131072 bytes'],
        ['inodes', '9'],
      ],
    },
  }
}

/** fs/erofs/erofs_fs.h: struct erofs_super_block */
function erofs(): Golden {
  const disk = new Disk(64)
    .u32(1024, 0xe0f5e1e2)
    .put(1036, '\x0c')
    .u64(1040, 2)
    .u32(1060, 8)
    .hex(1072, UUID)
    .put(1088, 'my label')
  return {
    kind: 'erofs',
    disk,
    expected: {type: 'erofs', label: 'my label', uuid: UUID, blockBytes: 4096, sizeBytes: 32768},
  }
}

/** linux/swap.h: union swap_header, with a page of 4096 bytes */
function swap(): Golden {
  const disk = new Disk(64).u32(1024, 1).u32(1028, 7).hex(1036, UUID).put(1052, 'my label').put(4086, 'SWAPSPACE2')
  return {
    kind: 'swap',
    disk,
    expected: {type: 'swap', usage: 'other', label: 'my label', uuid: UUID, version: '1', sizeBytes: 32768},
  }
}

/** LUKS1 On-Disk Format Specification 1.2.3, 2.1 */
function luks1(): Golden {
  const disk = new Disk(64)
    .put(0, 'LUKS\xba\xbe')
    .be16(6, 1)
    .put(8, 'aes')
    .put(40, 'xts-plain64')
    .put(72, 'sha256')
    .be32(104, 4096)
    .be32(108, 64)
    .put(168, UUID)
  return {
    kind: 'luks1',
    disk,
    expected: {
      type: 'crypto_LUKS',
      usage: 'crypto',
      uuid: UUID,
      version: '1',
      details: [
        ['cipher', 'aes-xts-plain64'],
        ['hash', 'sha256'],
        ['data begins at', 'sector 4096'],
      ],
    },
  }
}

/** LUKS2 On-Disk Format Specification 1.1.1, 2.1 */
function luks2(): Golden {
  const disk = new Disk(64)
    .put(0, 'LUKS\xba\xbe')
    .be16(6, 2)
    .be64(8, 16384)
    .be64(16, 3)
    .put(24, 'my label')
    .put(168, UUID)
    .put(208, 'my subsystem')
  return {
    kind: 'luks2',
    disk,
    expected: {
      type: 'crypto_LUKS',
      label: 'my label',
      uuid: UUID,
      version: '2',
      details: [
        ['sequence', '3'],
        ['subsystem', 'my subsystem'],
      ],
    },
  }
}

/** LVM2 lib/format_text/layout.h: label_header, pv_header, mda_header */
function lvm(): Golden {
  const disk = new Disk(2 * MIB_SECTORS)
    .put(512, 'LABELONE')
    .u64(520, 1)
    .u32(532, 32)
    .put(536, 'LVM2 001')
    .put(544, 'cJMxAtpwU4OO3Brs2LumUTP8PTmUBjUY')
    .u64(576, 2 << 20)
    .u64(584, 1 << 20) // data areas: offset and size, then zeros
    .u64(616, 4096) // metadata areas: the same
    .u64(624, 1 << 19)
    .put(4096 + 4, ' LVM2 x[5A%r0N*>')
    .u32(4096 + 20, 1)
    .u64(4096 + 24, 4096)
    .u64(4096 + 32, 1 << 19)
    .u64(4096 + 40, 1024)
    .u64(4096 + 48, 500)
    .put(4096 + 1024, 'vg-0.b {\nid = "x"\n')
  disk.u32(528, lvmChecksum(disk.bytes.subarray(532, 1024)))
  return {
    kind: 'lvm',
    disk,
    expected: {
      type: 'LVM2_member',
      usage: 'raid',
      uuid: 'cJMxAt-pwU4-OO3B-rs2L-umUT-P8PT-mUBjUY',
      version: 'LVM2 001',
      sizeBytes: 2 << 20,
      details: [['volume group', 'vg-0.b']],
    },
  }
}

/** LVM2 lib/misc/crc.c: the CRC-32 of Ethernet, begun with a number of its own and not inverted at its end. */
function lvmChecksum(bytes: Uint8Array): number {
  let crc = 0xf597a6cf
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
    crc >>>= 0
  }
  return crc
}

/** linux/raid/md_p.h: struct mdp_superblock_1 */
function md1(minor: 0 | 1 | 2): Golden {
  const sectors = 4 * MIB_SECTORS
  const at = [sectors * 512 - 8192, 0, 4096][minor] ?? 0
  const disk = new Disk(sectors)
    .u32(at, 0xa92b4efc)
    .u32(at + 4, 1)
    .hex(at + 16, UUID)
    .put(at + 32, 'host:name')
    .u32(at + 72, 5)
    .u64(at + 80, 2048)
    .u32(at + 92, 3)
    .u64(at + 128, minor === 0 ? 0 : 2048)
    .u64(at + 136, 6000)
    .u64(at + 144, at / 512)
    .hex(at + 168, OTHER)
  // The sum of its words, folded into 32 bits.
  const view = new DataView(disk.bytes.buffer, at, 256)
  const sum = Array.from({length: 64}, (_, i) => view.getUint32(i * 4, true)).reduce((total, word) => total + word, 0)
  disk.u32(at + 216, ((sum % 2 ** 32) + Math.floor(sum / 2 ** 32)) % 2 ** 32)
  return {
    kind: `md-1.${minor}`,
    disk,
    expected: {
      type: 'linux_raid_member',
      usage: 'raid',
      label: 'host:name',
      uuid: UUID,
      memberUuid: OTHER,
      version: `1.${minor}`,
      sizeBytes: (6000 + (minor === 0 ? 0 : 2048)) * 512,
      details: [
        ['level', 'RAID 5'],
        ['members', '3'],
      ],
    },
  }
}

/** linux/raid/md_p.h: struct mdp_superblock_s, in the last whole 64 KiB */
function md0(): Golden {
  const sectors = 2 * MIB_SECTORS
  const at = sectors * 512 - 65536
  const disk = new Disk(sectors)
    .u32(at, 0xa92b4efc)
    .u32(at + 8, 90)
    .u32(at + 20, 0x01234567)
    .u32(at + 28, 1)
    .u32(at + 32, 512)
    .u32(at + 40, 2)
    .u32(at + 52, 0x89abcdef)
    .u32(at + 56, 0xfedcba98)
    .u32(at + 60, 0x76543210)
  return {
    kind: 'md-0.90',
    disk,
    expected: {
      type: 'linux_raid_member',
      uuid: UUID,
      version: '0.90.0',
      details: [
        ['level', 'RAID 1'],
        ['members', '2'],
      ],
    },
  }
}

/** ZFS On-Disk Specification, 1.3: a list of names and values in XDR (RFC 4506), and a ring of uberblocks */
function zfs(): Golden {
  const disk = new Disk(4 * MIB_SECTORS).put(16384, '\x01\x01\0\0').be32(16384 + 8, 1)
  let at = 16384 + 12
  const pair = (name: string, type: number, value: Buffer): void => {
    const padded = Math.ceil(name.length / 4) * 4
    const bytes = 12 + padded + 8 + value.length
    disk
      .be32(at, bytes)
      .be32(at + 4, 100)
      .be32(at + 8, name.length)
      .put(at + 12, name)
    disk
      .be32(at + 12 + padded, type)
      .be32(at + 16 + padded, 1)
      .put(at + 20 + padded, value)
    at += bytes
  }
  const number = (value: bigint): Buffer => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigUInt64BE(value)
    return buffer
  }
  pair('version', 8, number(5000n))
  pair('name', 9, Buffer.from('\0\0\0\x04tank', 'latin1'))
  pair('state', 8, number(0n))
  pair('pool_guid', 8, number(12345678901234567890n))
  pair('guid', 8, number(9876543210987654321n))
  for (let i = 0; i < 8; i++) disk.u64(131072 + i * 1024, 0x00bab10c).u64(131072 + i * 1024 + 8, 5000)
  return {
    kind: 'zfs',
    disk,
    expected: {
      type: 'zfs_member',
      label: 'tank',
      uuid: '12345678901234567890',
      memberUuid: '9876543210987654321',
      version: '5000',
      details: [['state', '0']],
    },
  }
}

/** linux/bcache.h: struct cache_sb, magic number at 24 */
function bcache(): Golden {
  const disk = new Disk(MIB_SECTORS)
    .u64(4096 + 8, 8)
    .u64(4096 + 16, 1)
    .hex(4096 + 24, 'c68573f6-4e1a-45ca-8265-f57f48ba6d81')
    .hex(4096 + 40, UUID)
    .hex(4096 + 56, OTHER)
  return {
    kind: 'bcache',
    disk,
    expected: {
      type: 'bcache',
      uuid: UUID,
      details: [
        ['role', 'backing device'],
        ['set', OTHER],
      ],
    },
  }
}

/** bcachefs_format.h: struct bch_sb */
function bcachefs(): Golden {
  const disk = new Disk(MIB_SECTORS)
    .u16(4096 + 16, 13)
    .hex(4096 + 24, 'c68573f6-4e1a-45ca-8265-f57f48ba6d81')
    .hex(4096 + 40, OTHER)
    .hex(4096 + 56, UUID)
    .put(4096 + 72, 'my label')
    .u64(4096 + 104, 8)
    .u16(4096 + 120, 8)
    .put(4096 + 123, '\x01')
  return {
    kind: 'bcachefs',
    disk,
    expected: {type: 'bcachefs', label: 'my label', uuid: UUID, blockBytes: 4096, details: [['devices', '1']]},
  }
}

/** libbde, "BitLocker Drive Encryption (BDE) format specification", 2.1.2 */
function bitlocker(): Golden {
  const disk = new Disk(MIB_SECTORS)
    .put(0, '\xeb\x58\x90-FVE-FS-')
    .u16(11, 512)
    .put(13, '\x08')
    .hex(160, '3bd66749292ed84a8399f6a339e3d001') // 4967D63B-2E29-4AD8-8399-F6A339E3D001 as it is on disk
    .u64(176, 65536) // the first of three metadata blocks
    .put(65536, '-FVE-FS-')
    .u16(65536 + 8, 64)
    .u16(65536 + 10, 2)
    .u16(510, 0xaa55)
  return {
    kind: 'bitlocker',
    disk,
    expected: {type: 'BitLocker', usage: 'crypto', version: '2', details: [['format', 'Windows 7 and later']]},
  }
}

/** QEMU docs/interop/qcow2.txt */
function qcow2(): Golden {
  const disk = new Disk(64)
    .put(0, 'QFI\xfb')
    .be32(4, 3)
    .be64(8, 120)
    .be32(16, 8)
    .be32(20, 16)
    .be64(24, 10 << 20)
    .be64(72, 1)
    .be32(96, 4)
    .be32(100, 104)
    .put(120, 'base.img')
  return {
    kind: 'qcow2',
    disk,
    expected: {
      type: 'qcow2',
      usage: 'image',
      version: '3',
      details: [
        ['disk inside', '10485760 bytes'],
        ['backing file', 'base.img'],
      ],
      warnings: [
        'it is not a raw image: convert it with "qemu-img convert -f qcow2 -O raw", or serve it with qemu-nbd',
        'its reference counts have to be repaired: it is open, or was not closed',
      ],
    },
  }
}

const inside = (type: string): Partial<Signature> => ({
  type,
  usage: 'image',
  details: [['disk inside', '10485760 bytes']],
  warnings: [`it is not a raw image: convert it with "qemu-img convert -f ${type} -O raw", or serve it with qemu-nbd`],
})

/** [MS-VHDX], 2.2.3 and 2.6 */
function vhdx(): Golden {
  const disk = new Disk(2 * MIB_SECTORS)
    .put(0, 'vhdxfile')
    .put(196608, 'regi')
    .u32(196608 + 8, 1)
    .hex(196608 + 16, '06a27c8b90479a4bb8fe575f050f886e') // 8B7CA206-4790-4B9A-B8FE-575F050F886E
    .u64(196608 + 32, 524288)
    .put(524288, 'metadata')
    .u16(524288 + 10, 1)
    .hex(524288 + 32, '2442a52f1bcd7648b2115dbed83bf4b8') // 2FA54224-CD1B-4876-B211-5DBED83BF4B8
    .u32(524288 + 48, 65536)
    .u64(524288 + 65536, 10 << 20)
  return {kind: 'vhdx', disk, expected: inside('vhdx')}
}

const packed = (kind: string, magic: string, unpack: string): Golden => ({
  kind,
  disk: new Disk(8).put(0, magic),
  expected: {
    type: kind,
    usage: 'compressed',
    warnings: [`it is packed with ${kind}: nothing lies where it would on the disk; unpack it first ("${unpack}")`],
  },
})

const disks: readonly Golden[] = [
  qcow2(),
  {kind: 'qed', disk: new Disk(64).put(0, 'QED\0').u64(48, 10 << 20), expected: inside('qed')},
  {kind: 'vmdk', disk: new Disk(64).put(0, 'KDMV').u32(4, 1).u64(12, 20480).u64(20, 128), expected: inside('vmdk')},
  {kind: 'vdi', disk: new Disk(64).put(64, '\x7f\x10\xda\xbe').u64(0x170, 10 << 20), expected: inside('vdi')},
  vhdx(),
  {kind: 'vhd', disk: new Disk(64).put(0, 'conectix').be64(48, 10 << 20), expected: inside('vpc')},
]

export const GOLDEN: readonly Golden[] = [
  ext('ext2', 0x38, 0x2, 0x3, {
    features: ['ext_attr', 'resize_inode', 'dir_index', 'filetype', 'sparse_super', 'large_file'],
  }),
  ext('ext3', 0x4, 0x2 | 0x4, 0x1, {
    features: ['has_journal', 'filetype', 'needs_recovery', 'sparse_super'],
    warnings: ['its journal has to be replayed: it is mounted, or was not unmounted'],
  }),
  ext('ext4', 0x4, 0x2 | 0x40 | 0x80, 0x1 | 0x400, {
    features: ['has_journal', 'filetype', 'extent', '64bit', 'sparse_super', 'metadata_csum'],
  }),
  xfs(),
  btrfs(),
  fat('FAT12', 2048, 6),
  fat('FAT16', 20000, 80),
  fat('FAT32', 70000, 550),
  exfat(),
  ntfs(),
  f2fs(),
  iso9660(),
  udf(),
  squashfs(),
  erofs(),
  swap(),
  luks1(),
  luks2(),
  lvm(),
  md0(),
  md1(0),
  md1(1),
  md1(2),
  zfs(),
  bcache(),
  bcachefs(),
  bitlocker(),
  ...disks,
  {
    kind: 'vhd-footer',
    disk: new Disk(64).put(63 * 512, 'conectix').be64(63 * 512 + 48, 63 * 512),
    expected: {
      type: 'vhd-footer',
      usage: 'other',
      details: [['disk inside', '32256 bytes']],
      warnings: ['the last sector belongs to no disk: as a raw image it is too long by it'],
    },
  },
  packed('gzip', '\x1f\x8b\x08', 'gzip -dc'),
  packed('xz', '\xfd7zXZ\0', 'xz -dc'),
  packed('zstd', '\x28\xb5\x2f\xfd', 'zstd -dc'),
  packed('bzip2', 'BZh9\x31\x41\x59\x26\x53\x59', 'bzip2 -dc'),
  packed('lz4', '\x04\x22\x4d\x18', 'lz4 -dc'),
  {
    kind: 'boot',
    disk: new Disk(8).put(0x180, 'GRUB \0Geom\0').u16(510, 0xaa55),
    expected: {type: 'boot', name: 'boot code (GRUB)', usage: 'boot'},
  },
]
