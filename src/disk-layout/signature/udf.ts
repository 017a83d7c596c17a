import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {sizeOf, type Probe} from './signature.js'

/** ECMA-167: volume recognition 2/8, anchor 3/10.2, primary and logical volume descriptors 3/10.1 and 3/10.6. */
const RECOGNITION_AT = 32 << 10
/** Its structures begin a block apart, and never less than this. */
const RECOGNITION_BYTES = 2048
const RECOGNITION_MAX = 16
const ANCHOR_SECTOR = 256
const ANCHOR_TAG = 2
const PRIMARY_TAG = 1
const LOGICAL_TAG = 6
const TERMINATOR_TAG = 8
const PARTITION_TAG = 5
const DESCRIPTORS_MAX = 64
const BLOCK_SIZES = [512, 1024, 2048, 4096, 8192, 16384, 32768] as const

export const udf: Probe = (reader) => {
  const volume = findVolume(reader)
  if (volume === undefined) return undefined
  const {blockBytes, descriptors} = volume
  const primary = descriptors.find((descriptor) => descriptor.u16(0) === PRIMARY_TAG)
  const logical = descriptors.find((descriptor) => descriptor.u16(0) === LOGICAL_TAG)
  const partition = descriptors.find((descriptor) => descriptor.u16(0) === PARTITION_TAG)
  const revision = logical?.u16(216 + 24) ?? 0
  const set = primary && characters(primary, 72, 128)
  return {
    type: 'udf',
    name: 'UDF',
    usage: 'filesystem',
    offsetBytes: RECOGNITION_AT + 1,
    label: logical && characters(logical, 84, 128),
    uuid: set === undefined ? undefined : uuidOf(set),
    version: `${revision >> 8}.${(revision & 0xff).toString(16).padStart(2, '0')}`,
    blockBytes,
    sizeBytes: partition && sizeOf(partition.u32(188) + partition.u32(192), blockBytes),
    details: set === undefined ? [] : [['volume set', set]],
  }
}

/** A block size with which the volume is recognized, and has an anchor where that puts it. */
function findVolume(reader: ByteReader): {blockBytes: number; descriptors: Fields[]} | undefined {
  for (const blockBytes of BLOCK_SIZES) {
    if (!isRecognized(reader, Math.max(RECOGNITION_BYTES, blockBytes))) continue
    const anchor = new Fields(reader.read(ANCHOR_SECTOR * blockBytes, 512))
    if (anchor.u16(0) !== ANCHOR_TAG || anchor.u32(12) !== ANCHOR_SECTOR) continue
    return {blockBytes, descriptors: readSequence(reader, anchor.u32(20), anchor.u32(16), blockBytes)}
  }
  return undefined
}

/** A sequence of structures that says NSR02 or NSR03 somewhere: other standards may have theirs before it. */
function isRecognized(reader: ByteReader, stepBytes: number): boolean {
  for (let i = 0; i < RECOGNITION_MAX; i++) {
    const name = new Fields(reader.read(RECOGNITION_AT + i * stepBytes, 6)).latin1(1, 5)
    if (name === 'NSR02' || name === 'NSR03') return true
    if (!['BEA01', 'CD001', 'BOOT2', 'CDW02', 'TEA01'].includes(name)) return false
  }
  return false
}

function readSequence(reader: ByteReader, firstBlock: number, lengthBytes: number, blockBytes: number): Fields[] {
  const found: Fields[] = []
  const count = Math.min(DESCRIPTORS_MAX, Math.floor(lengthBytes / blockBytes))
  for (let i = 0; i < count; i++) {
    const descriptor = new Fields(reader.read((firstBlock + i) * blockBytes, 512))
    if (descriptor.u16(0) === TERMINATOR_TAG || descriptor.bytes.length === 0) break
    found.push(descriptor)
  }
  return found
}

/** A dstring (ECMA-167, 1/7.2.12): how its characters are kept, the characters, and in its last byte how many bytes are used. */
function characters(fields: Fields, at: number, length: number): string | undefined {
  const used = Math.min(fields.u8(at + length - 1), length - 1)
  if (used < 2) return undefined
  return fields.u8(at) === 16 ? fields.utf16(at + 1, used - 1, false) : latin1Text(fields.latin1(at + 1, used - 1))
}

function latin1Text(text: string): string | undefined {
  const value = text.replace(/[\0 ]+$/, '')
  return value === '' ? undefined : value
}

/** UDF has no UUID; UDF 2.60, 2.2.2.5 asks for 16 characters that make the volume set unique, of which 8 are hex digits. */
function uuidOf(set: string): string | undefined {
  const unique = set.slice(0, 16)
  if (unique.length < 8) return undefined
  const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex')
  if (/^[0-9a-fA-F]{16}$/.test(unique)) return unique.toLowerCase()
  if (/^[0-9a-fA-F]{8}/.test(unique)) return unique.slice(0, 8).toLowerCase() + hexOf(unique.slice(8, 12))
  return hexOf(unique.slice(0, 8))
}
