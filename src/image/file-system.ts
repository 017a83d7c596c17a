import {statfsSync} from 'node:fs'

/** What a file system is, as far as an image on it depends on it. */
export interface FileSystem {
  /** As mount(8) calls it, or its magic number when it is not in our table. */
  readonly name: string
  /**
   * Where an overwrite of allocated data goes: `in-place` to the same blocks, so that no metadata changes; `elsewhere` to new
   * blocks each time (copy on write, log-structured), so that it is found again only after a sync; `unknown` otherwise.
   */
  readonly overwrites: 'in-place' | 'elsewhere' | 'unknown'
  /** Its files live in memory: nothing on it survives a crash of the host. */
  readonly inMemory: boolean
  /** The unit of allocation, in bytes. */
  readonly blockBytes: number
}

type Facts = Omit<FileSystem, 'blockBytes'>

/** By the f_type of statfs(2); numbers from linux/magic.h and, for xfs, zfs, bcachefs, their own sources. */
const BY_MAGIC: ReadonlyMap<number, Facts> = new Map<number, Facts>([
  [0xef53, {name: 'ext4', overwrites: 'in-place', inMemory: false}], // ext2 and ext3 share the number
  [0x58465342, {name: 'xfs', overwrites: 'in-place', inMemory: false}],
  [0x9123683e, {name: 'btrfs', overwrites: 'elsewhere', inMemory: false}],
  [0xca451a4e, {name: 'bcachefs', overwrites: 'elsewhere', inMemory: false}],
  [0x2fc12fc1, {name: 'zfs', overwrites: 'elsewhere', inMemory: false}],
  [0xf2f52010, {name: 'f2fs', overwrites: 'elsewhere', inMemory: false}],
  [0x3434, {name: 'nilfs2', overwrites: 'elsewhere', inMemory: false}],
  [0x01021994, {name: 'tmpfs', overwrites: 'unknown', inMemory: true}],
  [0x858458f6, {name: 'ramfs', overwrites: 'unknown', inMemory: true}],
  [0x958458f6, {name: 'hugetlbfs', overwrites: 'unknown', inMemory: true}],
  [0x9fa0, {name: 'proc', overwrites: 'unknown', inMemory: true}],
  [0x62656572, {name: 'sysfs', overwrites: 'unknown', inMemory: true}],
  [0x794c7630, {name: 'overlay', overwrites: 'unknown', inMemory: false}],
  [0x6969, {name: 'nfs', overwrites: 'unknown', inMemory: false}],
  [0xff534d42, {name: 'cifs', overwrites: 'unknown', inMemory: false}],
  [0xfe534d42, {name: 'smb3', overwrites: 'unknown', inMemory: false}],
  [0x65735546, {name: 'fuse', overwrites: 'unknown', inMemory: false}],
  [0x01021997, {name: '9p', overwrites: 'unknown', inMemory: false}],
  [0x4d44, {name: 'vfat', overwrites: 'in-place', inMemory: false}],
  [0x2011bab0, {name: 'exfat', overwrites: 'in-place', inMemory: false}],
  [0x73717368, {name: 'squashfs', overwrites: 'unknown', inMemory: false}],
  [0x9660, {name: 'iso9660', overwrites: 'unknown', inMemory: false}],
])

/** The file system that holds a path; one that cannot be asked is unknown, which promises nothing. */
export function fileSystemOf(path: string): FileSystem {
  try {
    const {type, bsize} = statfsSync(path)
    return {...factsOfMagic(type), blockBytes: bsize}
  } catch {
    return {name: 'unknown file system', overwrites: 'unknown', inMemory: false, blockBytes: 4096}
  }
}

/** The facts of an f_type; it may come sign-extended from systems where the field is a signed 32-bit number. */
export function factsOfMagic(type: number): Facts {
  // The numbers of statfs mean something else outside Linux.
  const magic = type < 0 ? type + 2 ** 32 : type
  const facts = process.platform === 'linux' ? BY_MAGIC.get(magic) : undefined
  return facts ?? {name: `file system 0x${magic.toString(16)}`, overwrites: 'unknown', inMemory: false}
}
