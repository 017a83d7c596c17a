import {fstatSync} from 'node:fs'
import {deviceName} from './block-device.js'
import {blockLayers} from './host-layers.js'
import {mountOf} from './host-mount.js'
import {KERNEL_ROOTS, readText, realPath, type KernelRoots} from './kernel-file.js'

/** What a disk has done since it was attached, for everybody who uses it. */
export interface DiskCounters {
  readonly reads: number
  readonly readMerges: number
  /** Milliseconds that requests waited, all together. */
  readonly readMs: number
  readonly writes: number
  readonly writeMerges: number
  readonly writeMs: number
  /** Milliseconds in which something was under way. */
  readonly busyMs: number
  /** Milliseconds under way, times how many were. */
  readonly queueMs: number
  /** 0 also where the driver does not count them. */
  readonly flushes: number
}

/** Where they stand in the statistics of a disk, from 1 (Linux 5.5, Documentation/block/stat.rst). */
const FIELDS: readonly (readonly [keyof DiskCounters, number])[] = [
  ['reads', 1],
  ['readMerges', 2],
  ['readMs', 4],
  ['writes', 5],
  ['writeMerges', 6],
  ['writeMs', 8],
  ['busyMs', 10],
  ['queueMs', 11],
  ['flushes', 16],
]

/** The one disk below an open image, as the kernel calls it; undefined where none or several can be seen. */
export function diskBelow(path: string, fd: number, roots: KernelRoots = KERNEL_ROOTS): string | undefined {
  const stat = fstatSync(fd)
  const devices = stat.isBlockDevice()
    ? [deviceName(stat.rdev)]
    : (mountOf(realPath(path) ?? path, deviceName(stat.dev), fd, roots)?.devices ?? [])
  const disks = blockLayers(devices, roots).filter(({medium}) => medium !== undefined)
  return disks.length === 1 ? disks[0]?.name : undefined
}

/** Reads the counters of a disk. @returns undefined where the kernel keeps none */
export function diskCounters(name: string, roots: KernelRoots = KERNEL_ROOTS): DiskCounters | undefined {
  const folder = `${roots.sysfs}/class/block/${name}`
  const words = readText(`${folder}/stat`)?.trim().split(/\s+/)
  const counted = FIELDS.map(([name, field]) => [name, Number(words?.[field - 1])] as const)
  if (counted.some(([, value]) => !Number.isFinite(value))) return undefined
  return readText(`${folder}/queue/iostats`) === '1'
    ? (Object.fromEntries(counted) as unknown as DiskCounters)
    : undefined
}

/** What a disk has done between two readings. */
export function countersBetween(before: DiskCounters, after: DiskCounters): DiskCounters {
  const counted = FIELDS.map(([name]) => [name, after[name] - before[name]] as const)
  return Object.fromEntries(counted) as unknown as DiskCounters
}
