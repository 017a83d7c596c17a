import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {isPowerOfTwo, sizeOf, type Probe} from './signature.js'

/** The boot sector: "Microsoft Extensible Firmware Initiative FAT32 File System Specification" 1.03, "Boot Sector and BPB". */
const BOOT_BYTES = 512
/** Fewer clusters than this, and it is FAT12; fewer than the second, FAT16 (the same, "FAT Type Determination"). */
const FAT12_CLUSTERS = 4085
const FAT16_CLUSTERS = 65525

const ENTRY_BYTES = 32
const VOLUME_LABEL = 0x08
const LONG_NAME = 0x0f
const DELETED = 0xe5
/** As much of a root folder as is looked through for a label. */
const ROOT_BYTES_MAX = 64 << 10
const NO_LABEL = 'NO NAME'

interface Geometry {
  readonly kind: 'FAT12' | 'FAT16' | 'FAT32'
  readonly sectorBytes: number
  readonly clusterBytes: number
  readonly sectors: number
  readonly rootAt: number
  readonly rootBytes: number
}

export const fat: Probe = (reader) => {
  const boot = new Fields(reader.read(0, BOOT_BYTES))
  const geometry = geometryOf(boot)
  if (geometry === undefined) return undefined
  const {kind, sectorBytes, sectors, clusterBytes} = geometry
  const extra = kind === 'FAT32' ? 66 : 38 // where the extended boot signature is, with serial number and label behind it
  const signed = boot.u8(extra) === 0x29 || boot.u8(extra) === 0x28
  const bootLabel = boot.u8(extra) === 0x29 ? labelText(boot.latin1(extra + 5, 11)) : undefined
  const dirty = (boot.u8(kind === 'FAT32' ? 65 : 37) & 1) === 1
  return {
    type: 'vfat',
    name: kind,
    usage: 'filesystem',
    offsetBytes: signed ? extra + 16 : BOOT_BYTES - 2,
    label: rootLabel(reader, geometry) ?? bootLabel,
    uuid: signed ? serialText(boot.u32(extra + 1)) : undefined,
    version: kind,
    blockBytes: sectorBytes,
    sizeBytes: sizeOf(sectors, sectorBytes),
    details: [['cluster size', `${clusterBytes} bytes`]],
    warnings: dirty ? ['it is mounted, or was not unmounted'] : [],
  }
}

/** A serial number in the spelling of DOS and blkid: "12AB-34CD". */
export function serialText(serial: number): string | undefined {
  const digits = serial.toString(16).toUpperCase().padStart(8, '0')
  return serial === 0 ? undefined : `${digits.slice(0, 4)}-${digits.slice(4)}`
}

function geometryOf(boot: Fields): Geometry | undefined {
  const [sectorBytes, perCluster, reserved, fats] = [boot.u16(11), boot.u8(13), boot.u16(14), boot.u8(16)]
  const media = boot.u8(21)
  const plausible =
    isPowerOfTwo(sectorBytes, 512, 4096) &&
    isPowerOfTwo(perCluster, 1, 128) &&
    reserved > 0 &&
    fats > 0 &&
    fats <= 4 &&
    (media >= 0xf8 || media === 0xf0)
  if (!plausible || boot.u16(510) !== 0xaa55) return undefined
  const rootEntries = boot.u16(17)
  const perFat = boot.u16(22) || boot.u32(36)
  const sectors = boot.u16(19) || boot.u32(32)
  const rootSectors = Math.ceil((rootEntries * ENTRY_BYTES) / sectorBytes)
  const dataAt = reserved + fats * perFat + rootSectors
  if (perFat === 0 || sectors <= dataAt) return undefined
  const clusters = Math.floor((sectors - dataAt) / perCluster)
  const wide = boot.u16(22) === 0
  const kind = wide ? 'FAT32' : clusters < FAT12_CLUSTERS ? 'FAT12' : 'FAT16'
  if (kind === 'FAT16' && clusters >= FAT16_CLUSTERS) return undefined
  const clusterBytes = perCluster * sectorBytes
  const rootCluster = Math.max(2, boot.u32(44))
  return {
    kind,
    sectorBytes,
    clusterBytes,
    sectors,
    rootAt: wide ? dataAt * sectorBytes + (rootCluster - 2) * clusterBytes : (dataAt - rootSectors) * sectorBytes,
    rootBytes: Math.min(wide ? clusterBytes : rootEntries * ENTRY_BYTES, ROOT_BYTES_MAX),
  }
}

/** The label as the root folder has it, which is where systems write a new one. */
function rootLabel(reader: ByteReader, {rootAt, rootBytes}: Geometry): string | undefined {
  const root = new Fields(reader.read(rootAt, rootBytes))
  for (let at = 0; at + ENTRY_BYTES <= root.bytes.length && root.u8(at) !== 0; at += ENTRY_BYTES) {
    const attributes = root.u8(at + 11)
    if (root.u8(at) === DELETED || attributes === LONG_NAME || (attributes & VOLUME_LABEL) === 0) continue
    return labelText(root.latin1(at, 11))
  }
  return undefined
}

function labelText(text: string): string | undefined {
  const label = text.replace(/[\0 ]+$/, '')
  return label === '' || label === NO_LABEL ? undefined : label
}
