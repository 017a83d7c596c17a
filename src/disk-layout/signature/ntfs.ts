import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {isPowerOfTwo, sizeOf, type Probe} from './signature.js'

/** The boot sector and the master file table, as the Linux driver describes them (fs/ntfs3/ntfs.h). */
const VOLUME_RECORD = 3
const ATTRIBUTES_MAX = 32
const NAME_ATTRIBUTE = 0x60
const INFORMATION_ATTRIBUTE = 0x70
const END = 0xffffffff
const DIRTY = 1

export const ntfs: Probe = (reader) => {
  const boot = new Fields(reader.read(0, 512))
  const sectorBytes = boot.u16(11)
  if (!boot.has(3, 'NTFS    ') || !isPowerOfTwo(sectorBytes, 256, 4096)) return undefined
  const clusterBytes = sectorBytes * scaled(boot.u8(13))
  if (!isPowerOfTwo(clusterBytes, sectorBytes, 2 << 20)) return undefined
  const perRecord = boot.u8(64)
  const recordBytes = perRecord < 0x80 ? perRecord * clusterBytes : 2 ** (256 - perRecord)
  const volume = readVolume(reader, boot.u64(48) * clusterBytes + VOLUME_RECORD * recordBytes, recordBytes)
  return {
    type: 'ntfs',
    name: 'NTFS',
    usage: 'filesystem',
    offsetBytes: 3,
    label: volume.label,
    uuid: boot.big64(72).toString(16).toUpperCase().padStart(16, '0'),
    blockBytes: sectorBytes,
    sizeBytes: sizeOf(boot.u64(40), sectorBytes),
    details: [
      ['cluster size', `${clusterBytes} bytes`],
      ...(volume.version === undefined ? [] : [['NTFS version', volume.version] as const]),
    ],
    warnings: volume.dirty ? ['it is marked as dirty: Windows will check it'] : [],
  }
}

/** Counts above 0x80 are powers of two: 256 minus the exponent. */
function scaled(value: number): number {
  return value <= 0x80 ? value : 2 ** (256 - value)
}

interface Volume {
  readonly label: string | undefined
  readonly version: string | undefined
  readonly dirty: boolean
}

/** The record $Volume: a list of attributes, each with its type, length and, as these two are resident, its content. */
function readVolume(reader: ByteReader, offsetBytes: number, recordBytes: number): Volume {
  const nothing: Volume = {label: undefined, version: undefined, dirty: false}
  if (!isPowerOfTwo(recordBytes, 256, 65536) || !Number.isSafeInteger(offsetBytes)) return nothing
  const record = new Fields(reader.read(offsetBytes, recordBytes))
  if (!record.has(0, 'FILE')) return nothing
  let volume = nothing
  let at = record.u16(20)
  for (let i = 0; i < ATTRIBUTES_MAX && at + 24 <= record.bytes.length && record.u32(at) !== END; i++) {
    const [type, length] = [record.u32(at), record.u32(at + 4)]
    const [contentBytes, contentAt] = [record.u32(at + 16), at + record.u16(at + 20)]
    if (type === NAME_ATTRIBUTE) volume = {...volume, label: record.utf16(contentAt, Math.min(contentBytes, 256))}
    if (type === INFORMATION_ATTRIBUTE) {
      const version = `${record.u8(contentAt + 8)}.${record.u8(contentAt + 9)}`
      volume = {...volume, version, dirty: (record.u16(contentAt + 10) & DIRTY) !== 0}
    }
    if (length === 0) break
    at += length
  }
  return volume
}
