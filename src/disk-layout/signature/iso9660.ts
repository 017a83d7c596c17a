import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {sizeOf, type Probe, type Signature} from './signature.js'

/** Volume descriptors: ECMA-119, 8. They begin at logical sector 16 and end with one of type 255. */
const SECTOR_BYTES = 2048
const FIRST_AT = 16 * SECTOR_BYTES
const DESCRIPTORS_MAX = 32
const BOOT = 0
const PRIMARY = 1
const SUPPLEMENTARY = 2
const END = 255
const NAME = 'CD001'
/** The escape sequences that make a supplementary descriptor one of Joliet: UCS-2, levels 1 to 3. */
const JOLIET = ['%/@', '%/C', '%/E']

export const iso9660: Probe = (reader) => {
  const descriptors = readDescriptors(reader)
  const primary = descriptors.find((descriptor) => descriptor.u8(0) === PRIMARY)
  if (primary === undefined) return undefined
  const joliet = descriptors.find((fields) => fields.u8(0) === SUPPLEMENTARY && JOLIET.includes(fields.latin1(88, 3)))
  const bootable = descriptors.some((fields) => fields.u8(0) === BOOT && fields.has(7, 'EL TORITO SPECIFICATION'))
  const blockBytes = primary.u16(128) || SECTOR_BYTES
  const details: (readonly [string, string])[] = [
    ['publisher', primary.text(318, 128)],
    ['prepared by', primary.text(446, 128)],
    ['application', primary.text(574, 128)],
  ].flatMap(([label, value]) => (label === undefined || value === undefined ? [] : [[label, value] as const]))
  const signature: Signature = {
    type: 'iso9660',
    name: 'ISO 9660',
    usage: 'filesystem',
    offsetBytes: FIRST_AT + 1,
    label: labelOf(primary, joliet),
    uuid: dateText(primary, 830) ?? dateText(primary, 813),
    version: joliet ? 'Joliet Extension' : undefined,
    blockBytes,
    sizeBytes: sizeOf(primary.u32(80), blockBytes),
    features: [...(joliet ? ['Joliet'] : []), ...(bootable ? ['El Torito'] : [])],
    details,
  }
  return signature
}

function readDescriptors(reader: ByteReader): Fields[] {
  const found: Fields[] = []
  for (let i = 0; i < DESCRIPTORS_MAX; i++) {
    const descriptor = new Fields(reader.read(FIRST_AT + i * SECTOR_BYTES, SECTOR_BYTES))
    if (!descriptor.has(1, NAME) || descriptor.u8(0) === END) break
    found.push(descriptor)
  }
  return found
}

/** Joliet can say what 32 upper-case letters cannot. */
function labelOf(primary: Fields, joliet: Fields | undefined): string | undefined {
  const plain = primary.text(40, 32)
  const wide = joliet?.utf16(40, 32, false)
  return wide === undefined || wide === plain?.slice(0, 16) ? plain : wide
}

/** ECMA-119, 8.4.26.1: sixteen digits; all zero means not said. As blkid spells it. */
function dateText(descriptor: Fields, at: number): string | undefined {
  const digits = descriptor.latin1(at, 16)
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)
  return match === null || /^0+$/.test(digits) ? undefined : match.slice(1).join('-')
}
