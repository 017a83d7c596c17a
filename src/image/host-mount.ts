import {basename} from 'node:path'
import {KERNEL_ROOTS, namesIn, readText, realPath, type KernelRoots} from './kernel-file.js'
import {findMount, parseMountinfo, type Mount} from './mountinfo.js'

/**
 * Where the data of a file system is: on block `disk`s we can look at, in `memory`, or `out of sight` behind a server, a
 * process or another file system.
 */
export type FileSystemNature = 'disk' | 'memory' | 'out of sight'

/** A mounted file system, as far as the guarantees for an image on it rest on it. */
export interface MountedFileSystem {
  /** As mount(8) calls it. */
  readonly name: string
  readonly mountPoint: string
  /** As /proc shows them: only what differs from the defaults. */
  readonly options: readonly string[]
  readonly nature: FileSystemNature
  /** Whether syncing a file makes it send a flush to its device. */
  readonly barriers: 'on' | 'off' | 'unknown'
  /** How that is known, as a clause. */
  readonly why: string
}

/** A file system and the block devices it lies on ("259:1"), none where they cannot be seen. */
export interface MountAnswer {
  readonly fileSystem: MountedFileSystem
  readonly devices: readonly string[]
}

interface Kind {
  readonly nature: FileSystemNature
  /** Without an option that says otherwise. */
  readonly barriers: MountedFileSystem['barriers']
  readonly why: string
}

const FLUSHES: Kind = {
  nature: 'disk',
  barriers: 'on',
  why: 'it flushes its device at each sync, and no option switches that off',
}
const MEMORY: Kind = {nature: 'memory', barriers: 'off', why: 'its files are in memory, so a sync has nowhere to go'}
const SERVER: Kind = {
  nature: 'out of sight',
  barriers: 'unknown',
  why: 'the server decides what a sync means (an NFS export may be async)',
}

/**
 * By the type in the mount table. Those that flush do so in their fsync (Linux sources; ext3, where barriers were off by default
 * until July 2011, has been served by the ext4 driver since 4.3). A type that is not here is unknown, which promises nothing.
 */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'nilfs2', 'bcachefs'].map((type): [string, Kind] => [
    type,
    FLUSHES,
  ]),
  ...['tmpfs', 'ramfs', 'rootfs', 'hugetlbfs', 'devtmpfs'].map((type): [string, Kind] => [type, MEMORY]),
  ...['nfs', 'nfs4', 'cifs', 'smb3', '9p', 'ceph', 'afs', 'lustre', 'gfs2', 'ocfs2', 'virtiofs', 'vboxsf'].map(
    (type): [string, Kind] => [type, SERVER],
  ),
  [
    'overlay',
    {
      nature: 'out of sight',
      barriers: 'unknown',
      why: 'it hands a sync to the file system of its upper layer, which is not looked at',
    },
  ],
  [
    'zfs',
    {
      nature: 'out of sight',
      barriers: 'unknown',
      why: 'its sync property decides, and the mount table does not show it (zfs get sync)',
    },
  ],
])

const FUSE: Kind = {nature: 'out of sight', barriers: 'unknown', why: 'a process decides what a sync means (FUSE)'}

/** Options that keep a sync from flushing, with the file systems that mean it so. */
const OFF_OPTIONS: readonly {readonly option: string; readonly types: readonly string[]}[] = [
  {option: 'nobarrier', types: ['ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'nilfs2']},
  {option: 'barrier=0', types: ['ext3', 'ext4']},
  {option: 'fsync_mode=nobarrier', types: ['f2fs']},
  {option: 'journal_flush_disabled', types: ['bcachefs']},
  {option: 'volatile', types: ['overlay']},
  {option: 'fsync=volatile', types: ['overlay']},
]

/**
 * The file system that holds a file and the devices below it; undefined when the mount table cannot be read or does not have it.
 *
 * @param path absolute, without symbolic links
 * @param device device number of the file (st_dev), which sorts out hidden mounts
 * @param fd an open descriptor of the file, by which the kernel names its mount exactly
 */
export function mountOf(
  path: string,
  device: string,
  fd: number | undefined,
  roots: KernelRoots = KERNEL_ROOTS,
): MountAnswer | undefined {
  const table = readText(`${roots.procfs}/self/mountinfo`)
  if (table === undefined) return undefined
  const described = fd === undefined ? undefined : readText(`${roots.procfs}/self/fdinfo/${fd}`)
  const id = described === undefined ? undefined : /^mnt_id:\s*(\d+)$/m.exec(described)?.[1]
  const mount = findMount(parseMountinfo(table), path, device, id === undefined ? undefined : Number(id))
  if (mount === undefined) return undefined
  return {fileSystem: describeMount(mount), devices: devicesOf(mount, roots)}
}

/** What a mount means for a sync. */
export function describeMount(mount: Mount): MountedFileSystem {
  const {type, mountPoint, options} = mount
  const kind = type.startsWith('fuse') ? FUSE : KINDS.get(type)
  const common = {name: type, mountPoint, options, nature: kind?.nature ?? 'out of sight'}
  const off = OFF_OPTIONS.find((row) => row.types.includes(type) && options.includes(row.option))
  if (off !== undefined) {
    return {...common, barriers: 'off', why: `it is mounted with ${off.option}, so a sync sends no flush to the device`}
  }
  if (kind === undefined)
    return {...common, barriers: 'unknown', why: `it is not known here what a sync means to ${type}`}
  return {...common, barriers: kind.barriers, why: kind.why}
}

/**
 * A file system on one device carries its number. One on several has a number of its own: then the source of the mount names a
 * device, and btrfs lists the others in /sys. XFS may keep its journal
 * and its data on devices of their own: a sync ends there too.
 */
function devicesOf(mount: Mount, {sysfs}: KernelRoots): string[] {
  const extra = mount.options.flatMap((option) => {
    const path = /^(?:logdev|rtdev)=(.+)$/.exec(option)?.[1]
    return path === undefined ? [] : (deviceNumber(path, sysfs) ?? [])
  })
  if (!mount.device.startsWith('0:')) return [mount.device, ...extra]
  const source = mount.source.startsWith('/') ? blockName(mount.source) : undefined
  if (source === undefined) return []
  const names = mount.type === 'btrfs' ? btrfsDevices(source, sysfs) : [source]
  return names.flatMap((name) => deviceNumber(name, sysfs) ?? [])
}

function btrfsDevices(name: string, sysfs: string): string[] {
  for (const id of namesIn(`${sysfs}/fs/btrfs`)) {
    const members = namesIn(`${sysfs}/fs/btrfs/${id}/devices`)
    if (members.includes(name)) return members
  }
  return [name]
}

/** "/dev/mapper/vg-lv" is a link to "/dev/dm-0", and sysfs knows only the latter. */
function blockName(path: string): string {
  return basename(realPath(path) ?? path)
}

function deviceNumber(nameOrPath: string, sysfs: string): string | undefined {
  return readText(`${sysfs}/class/block/${blockName(nameOrPath)}/dev`)
}
