import {fstatSync} from 'node:fs'
import {deviceName} from './block-device.js'
import {blockLayers} from './host-layers.js'
import {mountOf} from './host-mount.js'
import {KERNEL_ROOTS, readText, realPath, type KernelRoots} from './kernel-file.js'

/** What a disk has done since it was attached, for everybody who uses it. */
export interface DiskCounters {
  readonly writes: number
  /** 0 also where the driver does not count them. */
  readonly flushes: number
}

/** The one disk below an open image, as the kernel calls it; undefined where none or several can be seen. */
export function diskBelow(path: string, fd: number, roots: KernelRoots = KERNEL_ROOTS): string | undefined {
  const stat = fstatSync(fd)
  const devices = stat.isBlockDevice()
    ? [deviceName(stat.rdev)]
    : (mountOf(realPath(path) ?? path, deviceName(stat.dev), fd, roots)?.devices ?? [])
  const disks = blockLayers(devices, roots).filter(({medium}) => medium !== undefined)
  return disks.length === 1 ? disks[0]?.name : undefined
}

/**
 * Reads the counters of a disk: writes completed are field 5 of its statistics, flushes field 16 (Linux 5.5,
 * Documentation/block/stat.rst).
 *
 * @returns undefined where the kernel keeps none
 */
export function diskCounters(name: string, roots: KernelRoots = KERNEL_ROOTS): DiskCounters | undefined {
  const folder = `${roots.sysfs}/class/block/${name}`
  const fields = readText(`${folder}/stat`)?.split(/\s+/)
  const [writes, flushes] = [Number(fields?.[4]), Number(fields?.[15])]
  if (!Number.isFinite(writes) || !Number.isFinite(flushes)) return undefined
  return readText(`${folder}/queue/iostats`) === '1' ? {writes, flushes} : undefined
}
