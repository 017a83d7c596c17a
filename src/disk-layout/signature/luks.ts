import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import type {Probe, Signature} from './signature.js'

/** "LUKS1 On-Disk Format Specification" 1.2.3, 2; "LUKS2 On-Disk Format Specification" 1.1.1, 2. Big-endian. */
const HEADER_BYTES = 592
const MAGIC = 'LUKS\xba\xbe'
/** LUKS 2 has a second header behind the first with its metadata, whose sizes are these (2.2, table 1). */
const SECOND_MAGIC = 'SKUL\xba\xbe'
const SECOND_AT = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map((kib) => kib << 10)
/** Where a header of LUKS 2 says that it lies itself. */
const OWN_PLACE_AT = 256

export const luks: Probe = (reader) => {
  const header = firstHeader(reader)
  if (header === undefined) return undefined
  const version = header.u16(6, false)
  return version === 1 ? luks1(header) : luks2(header, version)
}

/** What is left of LUKS 2 when its start was overwritten; or what was left over when something else was made there. */
export const luksLeft: Probe = (reader) => {
  if (firstHeader(reader)) return undefined
  for (const at of SECOND_AT) {
    const header = new Fields(reader.read(at, HEADER_BYTES))
    if (!header.has(0, SECOND_MAGIC) || header.u16(6, false) !== 2 || header.u64(OWN_PLACE_AT, false) !== at) continue
    return {
      ...luks2(header, 2),
      offsetBytes: at,
      warnings: ['its first header is gone: "cryptsetup repair" writes it again from the second one'],
    }
  }
  return undefined
}

function firstHeader(reader: ByteReader): Fields | undefined {
  const header = new Fields(reader.read(0, HEADER_BYTES))
  return header.has(0, MAGIC) ? header : undefined
}

function luks1(header: Fields): Signature {
  const cipher = [header.text(8, 32), header.text(40, 32)].filter((part) => part !== undefined).join('-')
  return {
    ...common(header, 1),
    details: [
      ['cipher', cipher],
      ['hash', header.text(72, 32) ?? ''],
      ['data begins at', `sector ${header.u32(104, false)}`],
    ],
  }
}

function luks2(header: Fields, version: number): Signature {
  const subsystem = header.text(208, 48)
  return {
    ...common(header, version),
    label: header.text(24, 48),
    details: [
      ['sequence', String(header.u64(16, false))],
      ...(subsystem === undefined ? [] : [['subsystem', subsystem] as const]),
    ],
  }
}

function common(header: Fields, version: number): Signature {
  return {
    type: 'crypto_LUKS',
    name: `LUKS ${version}`,
    usage: 'crypto',
    offsetBytes: 0,
    uuid: header.text(168, 40),
    version: String(version),
  }
}
