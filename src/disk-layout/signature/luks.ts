import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** "LUKS1 On-Disk Format Specification" 1.2.3, 2; "LUKS2 On-Disk Format Specification" 1.1.1, 2. Big-endian. */
const MAGIC = 'LUKS\xba\xbe'

export const luks: Probe = (reader) => {
  const header = new Fields(reader.read(0, 592))
  if (!header.has(0, MAGIC)) return undefined
  const version = header.u16(6, false)
  const one = version === 1
  const cipher = [header.text(8, 32), header.text(40, 32)].filter((part) => part !== undefined).join('-')
  const subsystem = header.text(208, 48)
  return {
    type: 'crypto_LUKS',
    name: `LUKS ${version}`,
    usage: 'crypto',
    offsetBytes: 0,
    label: one ? undefined : header.text(24, 48),
    uuid: header.text(168, 40),
    version: String(version),
    details: one
      ? [
          ['cipher', cipher],
          ['hash', header.text(72, 32) ?? ''],
          ['data begins at', `sector ${header.u32(104, false)}`],
        ]
      : [
          ['sequence', String(header.u64(16, false))],
          ...(subsystem === undefined ? [] : [['subsystem', subsystem] as const]),
        ],
  }
}
