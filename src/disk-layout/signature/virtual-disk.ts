import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import type {Probe, Signature} from './signature.js'

/** One format of virtual disks that is not raw. */
interface DiskFormat {
  /** As qemu-img -f names it. */
  readonly type: string
  readonly name: string
  readonly at: (reader: ByteReader) => number
  readonly magic: string
  /** The size of the disk inside, from the first sector of the signature. */
  readonly diskBytes: (header: Fields) => number
}

const atStart = (): number => 0
const inLastSector = ({sizeBytes}: ByteReader): number => Math.ceil(sizeBytes / 512) * 512 - 512
const unknown = (): number => 0

/**
 * The formats, each by its magic number and where it keeps the size. Sources: QEMU's docs/interop (qcow2, qed), VMware's "Virtual
 * Disk Format 5.0", VirtualBox's VDICore.h, Microsoft's [MS-VHDX] and "Virtual Hard Disk Image Format Specification".
 *
 * To add one: a row.
 */
const FORMATS: readonly DiskFormat[] = [
  {type: 'qcow2', name: 'QCOW2', at: atStart, magic: 'QFI\xfb', diskBytes: (header) => header.u64(24, false)},
  {type: 'qed', name: 'QED', at: atStart, magic: 'QED\0', diskBytes: (header) => header.u64(48)},
  {type: 'vmdk', name: 'VMDK', at: atStart, magic: 'KDMV', diskBytes: (header) => header.u64(12) * 512},
  {type: 'vmdk', name: 'VMDK (ESX)', at: atStart, magic: 'COWD', diskBytes: (header) => header.u32(12) * 512},
  {type: 'vmdk', name: 'VMDK descriptor', at: atStart, magic: '# Disk DescriptorFile', diskBytes: unknown},
  {
    type: 'vdi',
    name: 'VDI',
    at: () => 0x40,
    magic: '\x7f\x10\xda\xbe',
    diskBytes: (header) => header.u64(0x170 - 0x40),
  },
  {type: 'vhdx', name: 'VHDX', at: atStart, magic: 'vhdxfile', diskBytes: unknown},
  {type: 'vpc', name: 'VHD', at: atStart, magic: 'conectix', diskBytes: (header) => header.u64(48, false)},
  {type: 'vpc', name: 'VHD (fixed)', at: inLastSector, magic: 'conectix', diskBytes: (header) => header.u64(48, false)},
]

/** A virtual disk in another format than raw: what its first sectors say is about the file, not about the disk. */
export const virtualDisk: Probe = (reader) => {
  for (const format of FORMATS) {
    const at = format.at(reader)
    const header = new Fields(reader.read(at, 512))
    if (header.has(0, format.magic)) return signatureOf(format, at, header)
  }
  return undefined
}

function signatureOf({type, name, diskBytes}: DiskFormat, at: number, header: Fields): Signature {
  const sizeBytes = diskBytes(header)
  return {
    type,
    name,
    usage: 'image',
    offsetBytes: at,
    version: type === 'qcow2' ? String(header.u32(4, false)) : undefined,
    details: sizeBytes > 0 ? [['disk inside', `${sizeBytes} bytes`]] : [],
    warnings: [
      `it is not a raw image: convert it with "qemu-img convert -f ${type} -O raw", or serve it with qemu-nbd`,
    ],
  }
}
