import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'

/** QEMU, docs/interop/qcow2.txt. Big-endian. */
const HEADER_BYTES = 4096
const NAME_BYTES_MAX = 1023
const EXTENSIONS_MAX = 16
const BACKING_FORMAT = 0xe2792aca
const DATA_FILE = 0x44415441
const COMPRESSIONS = ['zlib', 'zstd'] as const

const DIRTY = 1
const CORRUPT = 2
const HAS_COMPRESSION_TYPE = 8
const EXTENDED_L2 = 16
const LAZY_REFCOUNTS = 1
const RAW_DATA_FILE = 2

/** What the header of a QCOW2 file says beside its sizes. */
export interface Qcow2Facts {
  readonly version: number
  readonly compression: string
  readonly refcountBits: number
  readonly lazyRefcounts: boolean
  readonly dirty: boolean
  readonly corrupt: boolean
  readonly extendedL2: boolean
  readonly encrypted: boolean
  /** Where the data is, if not in this file. */
  readonly dataFile: string | undefined
  /** The data file is a raw image of its own. */
  readonly rawDataFile: boolean
  readonly backingFile: string | undefined
  readonly backingFormat: string | undefined
}

/** Reads the header of a QCOW2 file whose magic number has been seen. */
export function qcow2Facts(reader: ByteReader): Qcow2Facts {
  const header = new Fields(reader.read(0, HEADER_BYTES))
  const version = header.u32(4, false)
  const three = version >= 3
  const incompatible = three ? header.u32(76, false) : 0 // the low half of 64 bits
  const compatible = three ? header.u32(84, false) : 0
  const autoclear = three ? header.u32(92, false) : 0
  const extensionsAt = three ? header.u32(100, false) : 72
  const kind = incompatible & HAS_COMPRESSION_TYPE ? header.u8(104) : 0
  const nameAt = header.u64(8, false)
  const nameBytes = Math.min(header.u32(16, false), NAME_BYTES_MAX)
  const name = nameAt === 0 ? undefined : new Fields(reader.read(nameAt, nameBytes)).text(0, nameBytes)
  return {
    version,
    compression: COMPRESSIONS[kind] ?? `kind ${kind}`,
    refcountBits: three ? 2 ** Math.min(header.u32(96, false), 6) : 16,
    lazyRefcounts: (compatible & LAZY_REFCOUNTS) !== 0,
    dirty: (incompatible & DIRTY) !== 0,
    corrupt: (incompatible & CORRUPT) !== 0,
    extendedL2: (incompatible & EXTENDED_L2) !== 0,
    encrypted: header.u32(32, false) !== 0,
    dataFile: extension(header, extensionsAt, DATA_FILE),
    rawDataFile: (autoclear & RAW_DATA_FILE) !== 0,
    backingFile: name,
    backingFormat: name === undefined ? undefined : extension(header, extensionsAt, BACKING_FORMAT),
  }
}

/** Behind the header: extensions of a type, a length and that many bytes, each padded to eight; type 0 ends them. */
function extension(header: Fields, firstAt: number, wanted: number): string | undefined {
  let at = firstAt
  for (let i = 0; i < EXTENSIONS_MAX; i++) {
    const [type, length] = [header.u32(at, false), header.u32(at + 4, false)]
    if (type === 0) return undefined
    if (type === wanted) return header.text(at + 8, Math.min(length, NAME_BYTES_MAX))
    at += 8 + Math.ceil(length / 8) * 8
  }
  return undefined
}
