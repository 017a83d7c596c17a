import type {Signature} from '../../../src/disk-layout/index.js'
import {Disk} from '../disk.js'
import {MIB_SECTORS, type Golden} from './golden-image.js'

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

export const packed = (kind: string, magic: string, unpack: string): Golden => ({
  kind,
  disk: new Disk(8).put(0, magic),
  expected: {
    type: kind,
    usage: 'compressed',
    warnings: [`it is packed with ${kind}: nothing lies where it would on the disk; unpack it first ("${unpack}")`],
  },
})

export const disks: readonly Golden[] = [
  qcow2(),
  {kind: 'qed', disk: new Disk(64).put(0, 'QED\0').u64(48, 10 << 20), expected: inside('qed')},
  {kind: 'vmdk', disk: new Disk(64).put(0, 'KDMV').u32(4, 1).u64(12, 20480).u64(20, 128), expected: inside('vmdk')},
  {
    kind: 'vmdk descriptor',
    disk: new Disk(2).put(
      0,
      '# Disk DescriptorFile\nversion=1\n# Extent description\nRW 16384 FLAT "a-f001.vmdk" 0\nRW 4096 FLAT "a-f002.vmdk" 0\n',
    ),
    expected: inside('vmdk'),
  },
  {kind: 'vdi', disk: new Disk(64).put(64, '\x7f\x10\xda\xbe').u64(0x170, 10 << 20), expected: inside('vdi')},
  vhdx(),
  {kind: 'vhd', disk: new Disk(64).put(0, 'conectix').be64(48, 10 << 20), expected: inside('vpc')},
]
