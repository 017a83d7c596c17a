import {Disk} from '../disk.js'
import {MIB_SECTORS, UUID, type Golden} from './golden-image.js'

/** ECMA-119, 8.4 and 8.5; the Joliet specification for the supplementary descriptor; El Torito for the boot record */
export function iso9660(): Golden {
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

/** ECMA-167: recognition 2/8 (structures a block apart, and no less than 2048 bytes), anchor 3/10.2, descriptors 3/10.1, 3/10.5, 3/10.6 */
export function udf(blockBytes = 512): Golden {
  const block = (number: number): number => number * blockBytes
  const step = Math.max(2048, blockBytes)
  const disk = new Disk((MIB_SECTORS * blockBytes) / 512)
    .put(32768, '\0BEA01\x01')
    .put(32768 + step, '\0NSR03\x01')
    .put(32768 + 2 * step, '\0TEA01\x01')
    .u16(block(256), 2)
    .u32(block(256) + 12, 256)
    .u32(block(256) + 16, 16 * blockBytes)
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
    .u32(block(301) + 212, blockBytes)
    .u16(block(301) + 240, 0x0201)
    .u16(block(302), 5)
    .u32(block(302) + 12, 302)
    .u32(block(302) + 188, 400)
    .u32(block(302) + 192, 1600)
    .u16(block(303), 8)
    .u32(block(303) + 12, 303)
  for (const number of [256, 300, 301, 302, 303]) tag(disk, block(number))
  return {
    kind: blockBytes === 512 ? 'udf' : `udf in blocks of ${blockBytes}`,
    disk,
    expected: {
      type: 'udf',
      label: 'läbel',
      uuid: '6b077fd2bb693c6e',
      version: '2.01',
      blockBytes,
      sizeBytes: 2000 * blockBytes,
    },
  }
}

/** A descriptor tag ends with the sum of its other bytes (ECMA-167, 3/7.2.3). */
function tag(disk: Disk, at: number): void {
  const sum = disk.bytes.subarray(at, at + 16).reduce((total, byte, i) => (i === 4 ? total : total + byte), 0)
  disk.put(at + 4, Buffer.from([sum & 0xff]))
}

/** fs/squashfs/squashfs_fs.h: struct squashfs_super_block */
export function squashfs(): Golden {
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
export function erofs(): Golden {
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
