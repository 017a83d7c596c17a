import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** What stands where NTFS has its name; "BitLocker Drive Encryption (BDE) format specification" (libbde), volume header. */
const NAMES = ['-FVE-FS-', 'MSWIN4.1'] as const
/** Where code begins in the boot sector of Vista, whose header has no identifier; later it is eb 58 90. */
const VISTA_CODE = '\xeb\x52\x90'
/** Identifiers: of all, and of those that encrypted nothing but what was in use. */
const NORMAL = '4967D63B-2E29-4AD8-8399-F6A339E3D001'
const USED_SPACE = '92A84D3B-DD80-4D0E-9E4E-B1E3284EAED8'
const IDENTIFIER_AT = {own: 160, toGo: 424} as const
/** Where each has the place of its first metadata block, which begins with the name and, behind its size, a version. */
const METADATA_PLACE_AT = {own: 176, toGo: 440} as const

export const bitlocker: Probe = (reader) => {
  const boot = new Fields(reader.read(0, 512))
  const [own, borrowed] = NAMES
  // To Go has the boot sector of a FAT.
  const toGo = boot.has(3, borrowed) && [NORMAL, USED_SPACE].includes(boot.guid(IDENTIFIER_AT.toGo))
  if (!boot.has(3, own) && !toGo) return undefined
  const kind = toGo ? 'toGo' : 'own'
  const vista = !toGo && boot.has(0, VISTA_CODE)
  const usedSpace = boot.guid(IDENTIFIER_AT[kind]) === USED_SPACE
  const metadata = new Fields(vista ? new Uint8Array(0) : reader.read(boot.u64(METADATA_PLACE_AT[kind]), 64))
  return {
    type: 'BitLocker',
    name: toGo ? 'BitLocker To Go' : 'BitLocker',
    usage: 'crypto',
    offsetBytes: 3,
    version: metadata.has(0, own) ? String(metadata.u16(10)) : undefined,
    details: [
      ['format', vista ? 'Windows Vista' : 'Windows 7 and later'],
      ...(usedSpace ? [['encrypted', 'used space only'] as const] : []),
    ],
  }
}
