import {Disk} from '../disk.js'
import {MIB_SECTORS, OTHER, UUID, type Golden} from './golden-image.js'

/** linux/swap.h: union swap_header, with a page of 4096 bytes */
export function swap(): Golden {
  const disk = new Disk(64).u32(1024, 1).u32(1028, 7).hex(1036, UUID).put(1052, 'my label').put(4086, 'SWAPSPACE2')
  return {
    kind: 'swap',
    disk,
    expected: {type: 'swap', usage: 'other', label: 'my label', uuid: UUID, version: '1', sizeBytes: 32768},
  }
}

/** LUKS1 On-Disk Format Specification 1.2.3, 2.1 */
export function luks1(): Golden {
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

/** LUKS2 On-Disk Format Specification 1.1.1, 2.1; a second header begins with SKUL and lies behind the metadata of the first */
export function luks2(at = 0): Golden {
  const disk = new Disk(256)
    .put(at, at === 0 ? 'LUKS\xba\xbe' : 'SKUL\xba\xbe')
    .be16(at + 6, 2)
    .be64(at + 8, 16384)
    .be64(at + 16, 3)
    .put(at + 24, 'my label')
    .put(at + 168, UUID)
    .put(at + 208, 'my subsystem')
    .be64(at + 256, at)
  return {
    kind: at === 0 ? 'luks2' : `luks2 of which the header at ${at} is left`,
    disk,
    expected: {
      type: 'crypto_LUKS',
      offsetBytes: at,
      label: 'my label',
      uuid: UUID,
      version: '2',
      details: [
        ['sequence', '3'],
        ['subsystem', 'my subsystem'],
      ],
      ...(at > 0 && {
        warnings: ['its first header is gone: "cryptsetup repair" writes it again from the second one'],
      }),
    },
  }
}

/** LVM2 lib/format_text/layout.h: label_header, pv_header, mda_header */
export function lvm(): Golden {
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
export function md1(minor: 0 | 1 | 2): Golden {
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
  disk.u32(at + 216, foldedSum(disk.bytes, at, 64))
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

/** The sum of words, with what is over 32 bits added to it: calc_sb_csum and calc_sb_1_csum of the kernel. */
function foldedSum(bytes: Uint8Array, at: number, words: number): number {
  const view = new DataView(bytes.buffer, at, words * 4)
  const sum = Array.from({length: words}, (_, i) => view.getUint32(i * 4, true)).reduce((all, word) => all + word, 0)
  return ((sum % 2 ** 32) + Math.floor(sum / 2 ** 32)) % 2 ** 32
}

/** linux/raid/md_p.h: struct mdp_superblock_s, in the last whole 64 KiB; word 38 is the sum of all 1024, folded */
export function md0(): Golden {
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
  disk.u32(at + 38 * 4, foldedSum(disk.bytes, at, 1024))
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

/** One pair of a list of names and values in XDR: its size here, its size in memory, name, type, how many values, and those. */
function zfsPair(name: string, type: number, value: Buffer): Buffer {
  const words = (...numbers: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(numbers.length * 4)
    numbers.forEach((number, i) => buffer.writeUInt32BE(number, i * 4))
    return buffer
  }
  const padded = Buffer.alloc(Math.ceil(name.length / 4) * 4)
  padded.write(name, 'latin1')
  return Buffer.concat([words(20 + padded.length + value.length, 100, name.length), padded, words(type, 1), value])
}

function zfsNumber(name: string, value: bigint): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(value)
  return zfsPair(name, 8, buffer) // DATA_TYPE_UINT64
}

/**
 * ZFS On-Disk Specification, 1.3: behind 16 KiB a list of names and values in XDR (RFC 4506; encoding 1, byte order, version, flags),
 * which may hold other lists; behind 128 KiB a ring of uberblocks with magic number 0 and version 8
 */
export function zfs(): Golden {
  const disk = new Disk(4 * MIB_SECTORS).put(16384, '\x01\x01\0\0').be32(16384 + 8, 1)
  const inner = Buffer.concat([Buffer.alloc(8), zfsNumber('guid', 1n), zfsNumber('txg', 2n), Buffer.alloc(8)])
  const list = [
    zfsNumber('version', 5000n),
    zfsPair('name', 9, Buffer.from('\0\0\0\x04tank', 'latin1')), // DATA_TYPE_STRING
    zfsNumber('state', 0n),
    zfsNumber('txg', 77n),
    zfsNumber('pool_guid', 12345678901234567890n),
    zfsPair('vdev_tree', 19, inner), // DATA_TYPE_NVLIST: what is in it is not about the pool
    zfsNumber('guid', 9876543210987654321n),
    Buffer.alloc(8),
  ]
  disk.put(16384 + 12, Buffer.concat(list))
  for (let i = 0; i < 8; i++) disk.u64(131072 + i * 1024, 0x00bab10c).u64(131072 + i * 1024 + 8, 5000)
  return {
    kind: 'zfs',
    disk,
    expected: {
      type: 'zfs_member',
      usage: 'filesystem',
      label: 'tank',
      uuid: '12345678901234567890',
      memberUuid: '9876543210987654321',
      version: '5000',
      details: [
        ['txg', '77'],
        ['state', '0'],
      ],
    },
  }
}

/** linux/bcache.h: struct cache_sb, magic number at 24 */
export function bcache(): Golden {
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

/**
 * bcachefs_format.h, struct bch_sb: checksum 0, version 16, magic number 24, uuid 40, user_uuid 56, label 72, offset 104, seq 112,
 * block_size in sectors 120, dev_idx 122, nr_devices 123
 */
export function bcachefs(): Golden {
  const disk = new Disk(MIB_SECTORS)
    .u16(4096 + 16, (1 << 10) | 7)
    .hex(4096 + 24, 'c68573f6-4e1a-45ca-8265-f57f48ba6d81')
    .hex(4096 + 40, OTHER)
    .hex(4096 + 56, UUID)
    .put(4096 + 72, 'my label')
    .u64(4096 + 104, 8)
    .u16(4096 + 120, 8)
    .put(4096 + 123, '\x02')
  return {
    kind: 'bcachefs',
    disk,
    expected: {
      type: 'bcachefs',
      usage: 'filesystem',
      label: 'my label',
      uuid: UUID,
      version: '1.7',
      blockBytes: 4096,
      details: [['devices', '2']],
    },
  }
}

/**
 * libbde, "BitLocker Drive Encryption (BDE) format specification", 2: jump 0, name 3, bytes a sector 11, sectors a cluster 13, identifier
 * 160, places of three metadata blocks 176; of To Go, 424 and 440. 3.1: a metadata block has its name 0, size 8, version 10.
 */
export function bitlocker(format: 'vista' | '7' | 'used space' | 'to go'): Golden {
  const toGo = format === 'to go'
  const vista = format === 'vista'
  const disk = new Disk(MIB_SECTORS).put(0, `\xeb${vista ? 'R' : 'X'}\x90${toGo ? 'MSWIN4.1' : '-FVE-FS-'}`)
  disk.u16(11, 512).put(13, '\x08').u16(510, 0xaa55)
  if (vista)
    disk
      .u64(56, 16)
      .put(65536, '-FVE-FS-')
      .u16(65536 + 8, 64)
      .u16(65536 + 10, 1)
  else {
    const identifierAt = toGo ? 424 : 160
    // 4967D63B-2E29-4AD8-8399-F6A339E3D001 and 92A84D3B-DD80-4D0E-9E4E-B1E3284EAED8 as they are on disk
    disk.hex(
      identifierAt,
      format === 'used space' ? '3b4da89280dd0e4d9e4eb1e3284eaed8' : '3bd66749292ed84a8399f6a339e3d001',
    )
    disk
      .u64(identifierAt + 16, 65536)
      .put(65536, '-FVE-FS-')
      .u16(65536 + 8, 64)
      .u16(65536 + 10, 2)
  }
  return {
    kind: `bitlocker ${format}`,
    disk,
    expected: {
      type: 'BitLocker',
      name: toGo ? 'BitLocker To Go' : 'BitLocker',
      usage: 'crypto',
      version: vista ? undefined : '2',
      details: [
        ['format', vista ? 'Windows Vista' : 'Windows 7 and later'],
        ...(format === 'used space' ? [['encrypted', 'used space only'] as const] : []),
      ],
    },
  }
}
