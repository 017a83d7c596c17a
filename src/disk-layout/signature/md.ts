import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {sizeOf, type Probe, type Signature} from './signature.js'

/** Superblocks of Linux software RAID: linux/raid/md_p.h (mdp_superblock_1, mdp_superblock_s). */
const MAGIC = 0xa92b4efc
const LEVELS: Readonly<Record<number, string>> = {[-1]: 'linear', [-4]: 'multipath', [-5]: 'faulty'}

export const md: Probe = (reader) => {
  const sectors = Math.floor(reader.sizeBytes / 512)
  const places = [
    {minor: 0, at: Math.floor((sectors - 16) / 8) * 4096}, // 8 KiB before the end, on a boundary of 4 KiB
    {minor: 1, at: 0},
    {minor: 2, at: 4096},
  ]
  for (const {minor, at} of places) {
    const found = at >= 0 ? version1(reader, at, minor) : undefined
    if (found) return found
  }
  return version0(reader)
}

function version1(reader: ByteReader, at: number, minor: number): Signature | undefined {
  const sb = new Fields(reader.read(at, 256))
  // It knows where it lies, which tells a superblock from one that an image inside carries along.
  if (sb.u32(0) !== MAGIC || sb.u32(4) !== 1 || sb.u64(144) * 512 !== at) return undefined
  return {
    type: 'linux_raid_member',
    name: 'Linux RAID member',
    usage: 'raid',
    offsetBytes: at,
    label: sb.text(32, 32),
    uuid: sb.uuid(16),
    memberUuid: sb.uuid(168),
    version: `1.${minor}`,
    sizeBytes: sizeOf(sb.u64(128) + sb.u64(136), 512),
    details: raidDetails(sb.u32(72) | 0, sb.u32(92)),
  }
}

function version0(reader: ByteReader): Signature | undefined {
  const at = Math.floor(reader.sizeBytes / 65536) * 65536 - 65536
  const sb = new Fields(reader.read(at, 256))
  const littleEndian = sb.u32(0) === MAGIC
  if (!littleEndian && sb.u32(0, false) !== MAGIC) return undefined
  const word = (index: number): number => sb.u32(index * 4, littleEndian)
  if (word(1) !== 0) return undefined
  const digits = [5, 13, 14, 15].map((index) => word(index).toString(16).padStart(8, '0')).join('')
  return {
    type: 'linux_raid_member',
    name: 'Linux RAID member',
    usage: 'raid',
    offsetBytes: at,
    uuid: digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    version: `${word(1)}.${word(2)}.${word(3)}`,
    details: raidDetails(word(7) | 0, word(10)),
  }
}

function raidDetails(level: number, members: number): NonNullable<Signature['details']> {
  return [
    ['level', LEVELS[level] ?? `RAID ${level}`],
    ['members', String(members)],
  ]
}
