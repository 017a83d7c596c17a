import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** What stands where NTFS has its name since Windows 7; "BitLocker Drive Encryption format" (libbde), volume header. */
const NAMES = ['-FVE-FS-', 'MSWIN4.1'] as const
/** The identifier of BitLocker To Go, whose header is that of a FAT. */
const TO_GO = '4967D63B-2E29-4AD8-8399-F6A339E3D001'
const VISTA_AT = 160
const TO_GO_AT = 424

export const bitlocker: Probe = (reader) => {
  const boot = new Fields(reader.read(0, 512))
  const [own, borrowed] = NAMES
  const toGo = boot.has(3, borrowed) && boot.guid(TO_GO_AT) === TO_GO
  if (!boot.has(3, own) && !toGo) return undefined
  const known = toGo || boot.guid(VISTA_AT) === TO_GO
  return {
    type: 'BitLocker',
    name: toGo ? 'BitLocker To Go' : 'BitLocker',
    usage: 'crypto',
    offsetBytes: 3,
    details: [['format', known ? 'Windows 7 and later' : 'Windows Vista']],
  }
}
