import {SECTOR_BYTES} from '../base/index.js'
import {readNumber, readText} from './kernel-file.js'
import {parseMountinfo} from './mountinfo.js'

/** A device number as the kernel writes it in /sys and /proc: "259:1". */
export function deviceName(rdev: number): string {
  const device = BigInt(rdev)
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n)
  return `${major}:${minor}`
}

/** The size of a block device in bytes; undefined where sysfs does not show it. A partition has its own. */
export function deviceSizeBytes(rdev: number, sysfs = '/sys'): number | undefined {
  const sectors = readNumber(`${sysfs}/dev/block/${deviceName(rdev)}/size`)
  return sectors === undefined ? undefined : sectors * SECTOR_BYTES // sysfs counts 512-byte sectors for every device
}

/** The logical block size in bytes. */
export function logicalBlockBytes(rdev: number, sysfs = '/sys'): number | undefined {
  return queueNumber(rdev, 'logical_block_size', sysfs)
}

/**
 * Whether a block device gives blocks back when a hole is punched in it. To the kernel that is a write of zeroes which the device
 * may do by discarding, and which fails where the device cannot do both: nobody writes the zeroes instead (block/fops.c,
 * Documentation/ABI/stable/sysfs-block). False where sysfs does not tell.
 */
export function givesBlocksBack(rdev: number, sysfs = '/sys'): boolean {
  const limits = ['discard_max_bytes', 'write_zeroes_max_bytes']
  return limits.every((name) => (queueNumber(rdev, name, sysfs) ?? 0) > 0)
}

/** A number of the queue of a block device; a partition has that of its disk, one folder up. */
function queueNumber(rdev: number, name: string, sysfs: string): number | undefined {
  const folder = `${sysfs}/dev/block/${deviceName(rdev)}`
  return readNumber(`${folder}/queue/${name}`) ?? readNumber(`${folder}/../queue/${name}`)
}

/** Where a block device is mounted in this mount namespace; undefined when it is not, or when that cannot be read. */
export function mountPointOf(rdev: number): string | undefined {
  const table = readText('/proc/self/mountinfo')
  return table === undefined ? undefined : findMountPoint(table, deviceName(rdev))
}

/** The mount point of the first mount of a device; undefined when there is none. */
export function findMountPoint(mountinfo: string, device: string): string | undefined {
  return parseMountinfo(mountinfo).find((mount) => mount.device === device)?.mountPoint
}
