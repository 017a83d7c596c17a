import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {qcow2Facts, type Qcow2Facts} from './qcow2.js'
import {sizeOf, type Probe} from './signature.js'
import {vhdxFacts} from './vhdx.js'

/** A virtual disk in a format of its own, and what its header says of the disk inside. */
export interface VirtualDisk {
  /** As `qemu-img -f` names it. */
  readonly format: string
  readonly name: string
  readonly offsetBytes: number
  readonly version?: string
  /** Undefined where the header does not say. */
  readonly diskBytes: number | undefined
  /** The unit in which space is given to the disk inside. */
  readonly clusterBytes: number | undefined
  readonly qcow2?: Qcow2Facts
}

type Sizes = Pick<VirtualDisk, 'diskBytes' | 'clusterBytes'>

/** One format of virtual disks that is not raw. */
interface DiskFormat {
  readonly format: string
  readonly name: string
  readonly at: (reader: ByteReader) => number
  readonly magic: string
  /** What the header says, counted from the magic number. */
  readonly sizes: (header: Fields, reader: ByteReader) => Sizes
}

const atStart = (): number => 0
const UNKNOWN: Sizes = {diskBytes: undefined, clusterBytes: undefined}

/**
 * The formats, each by its magic number and where it keeps the sizes. Sources: QEMU's docs/interop (qcow2, qed), VMware's "Virtual
 * Disk Format 5.0", VirtualBox's VDICore.h, Microsoft's [MS-VHDX] and "Virtual Hard Disk Image Format Specification".
 *
 * To add one: a row.
 */
const FORMATS: readonly DiskFormat[] = [
  {
    format: 'qcow2',
    name: 'QCOW2',
    at: atStart,
    magic: 'QFI\xfb',
    sizes: (header) => ({diskBytes: header.u64(24, false), clusterBytes: 2 ** Math.min(header.u32(20, false), 40)}),
  },
  {
    format: 'qed',
    name: 'QED',
    at: atStart,
    magic: 'QED\0',
    sizes: (header) => ({diskBytes: header.u64(48), clusterBytes: header.u32(4)}),
  },
  {
    format: 'vmdk',
    name: 'VMDK',
    at: atStart,
    magic: 'KDMV',
    sizes: (header) => ({diskBytes: header.u64(12) * 512, clusterBytes: header.u64(20) * 512}),
  },
  {
    format: 'vmdk',
    name: 'VMDK (ESX)',
    at: atStart,
    magic: 'COWD',
    sizes: (header) => ({diskBytes: header.u32(12) * 512, clusterBytes: header.u32(16) * 512}),
  },
  {
    format: 'vmdk',
    name: 'VMDK descriptor',
    at: atStart,
    magic: '# Disk DescriptorFile',
    sizes: (_header, reader) => ({diskBytes: descriptorBytes(reader), clusterBytes: undefined}),
  },
  {
    format: 'vdi',
    name: 'VDI',
    at: () => 0x40,
    magic: '\x7f\x10\xda\xbe',
    sizes: (header) => ({diskBytes: header.u64(0x170 - 0x40), clusterBytes: header.u32(0x178 - 0x40)}),
  },
  {
    format: 'vhdx',
    name: 'VHDX',
    at: atStart,
    magic: 'vhdxfile',
    sizes: (_header, reader) => vhdxFacts(reader) ?? UNKNOWN,
  },
  {
    format: 'vpc',
    name: 'VHD',
    at: atStart,
    magic: 'conectix',
    sizes: (header, reader) => ({
      diskBytes: header.u64(48, false),
      clusterBytes: new Fields(reader.read(header.u64(16, false), 64)).u32(32, false) || undefined,
    }),
  },
]

/** So much of a descriptor is read; it has a line for each extent, of 2 GiB at least where it has many. */
const DESCRIPTOR_BYTES_MAX = 64 << 10

/** The extents of a VMDK descriptor ("Virtual Disk Format 5.0", The Extent Description): access, sectors, kind, file. */
function descriptorBytes(reader: ByteReader): number | undefined {
  const text = new Fields(reader.read(0, DESCRIPTOR_BYTES_MAX)).latin1(0, DESCRIPTOR_BYTES_MAX)
  const sectors = [...text.matchAll(/^(?:RW|RDONLY|NOACCESS) (\d{1,12}) /gm)].map(([, count]) => Number(count))
  return sizeOf(
    sectors.reduce((sum, count) => sum + count, 0),
    512,
  )
}

/** The virtual disk in another format than raw that an image is; undefined when it is none that is known. */
export function virtualDiskOf(reader: ByteReader): VirtualDisk | undefined {
  for (const {format, name, at, magic, sizes} of FORMATS) {
    const offsetBytes = at(reader)
    const header = new Fields(reader.read(offsetBytes, 512))
    if (!header.has(0, magic)) continue
    const {diskBytes, clusterBytes} = sizes(header, reader)
    return {
      format,
      name,
      offsetBytes,
      diskBytes,
      clusterBytes,
      ...(format === 'qcow2' && {version: String(header.u32(4, false)), qcow2: qcow2Facts(reader)}),
    }
  }
  return undefined
}

/** A virtual disk in another format than raw: what its first sectors say is about the file, not about the disk. */
export const virtualDisk: Probe = (reader) => {
  const disk = virtualDiskOf(reader)
  if (disk === undefined) return undefined
  const {format, name, offsetBytes, version, diskBytes, qcow2} = disk
  return {
    type: format,
    name,
    usage: 'image',
    offsetBytes,
    version,
    details: [
      ...(diskBytes === undefined ? [] : [['disk inside', `${diskBytes} bytes`] as const]),
      ...(qcow2?.dataFile === undefined ? [] : [['data file', qcow2.dataFile] as const]),
      ...(qcow2?.backingFile === undefined ? [] : [['backing file', qcow2.backingFile] as const]),
    ],
    warnings: [
      `it is not a raw image: convert it with "qemu-img convert -f ${format} -O raw", or serve it with qemu-nbd`,
      ...(qcow2?.dirty ? ['its reference counts have to be repaired: it is open, or was not closed'] : []),
      ...(qcow2?.corrupt ? ['it is marked as corrupt'] : []),
    ],
  }
}

/** A fixed VHD is a raw image with a footer behind it: everything is where it should be, and the disk ends a sector early. */
export const vhdFooter: Probe = (reader) => {
  const offsetBytes = Math.ceil(reader.sizeBytes / 512) * 512 - 512
  const footer = new Fields(reader.read(offsetBytes, 512))
  // One that grows has the same at its start, and is no raw image.
  if (!footer.has(0, 'conectix') || new Fields(reader.read(0, 8)).has(0, 'conectix')) return undefined
  return {
    type: 'vhd-footer',
    name: 'footer of a fixed VHD',
    usage: 'other',
    offsetBytes,
    details: [['disk inside', `${footer.u64(48, false)} bytes`]],
    warnings: ['the last sector belongs to no disk: as a raw image it is too long by it'],
  }
}
