import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

const CODE_BYTES = 440
const SIGNATURE = 0xaa55

/**
 * What boot loaders leave in readable letters in the first sector.
 *
 * To add one: a row. The first that is found counts.
 */
const LOADERS: readonly (readonly [words: string, name: string])[] = [
  ['GRUB', 'GRUB'],
  ['isolinux', 'ISOLINUX'],
  ['SYSLINUX', 'SYSLINUX'],
  ['EXTLINUX', 'EXTLINUX'],
  ['LILO', 'LILO'],
  ['BOOTMGR', 'Windows BOOTMGR'],
  ['NTLDR', 'Windows NTLDR'],
  ['Invalid partition table', 'DOS or Windows MBR'],
  ['BTX loader', 'FreeBSD boot'],
  ['This is not a bootable disk', 'a message that it is no bootable disk'],
]

/** Code in a boot sector: the BIOS runs it when the sector ends with 0x55 0xAA. */
export const bootCode: Probe = (reader) => {
  const sector = new Fields(reader.read(0, 512))
  if (sector.u16(510) !== SIGNATURE || sector.bytes.subarray(0, CODE_BYTES).every((byte) => byte === 0))
    return undefined
  const text = sector.latin1(0, CODE_BYTES)
  const loader = LOADERS.find(([words]) => text.includes(words))
  return {
    type: 'boot',
    name: loader === undefined ? 'boot code' : `boot code (${loader[1]})`,
    usage: 'boot',
    offsetBytes: 0,
  }
}
