import {fstatSync} from 'node:fs'
import {deviceName} from './block-device.js'
import {fileSystemOf} from './file-system.js'
import {blockLayers, type BlockLayer} from './host-layers.js'
import {mountOf, type MountedFileSystem} from './host-mount.js'
import {KERNEL_ROOTS, realPath, type KernelRoots} from './kernel-file.js'
import {groundOf, type SyncGround} from './sync-ground.js'

/** What an open image stands on: its file system, the block devices below, and what a sync ends at. */
export interface Ground {
  /** Undefined for a block device, and where the mount table does not tell. */
  readonly fileSystem: MountedFileSystem | undefined
  readonly layers: readonly BlockLayer[]
  readonly ground: SyncGround
}

/** Follows an open image down to what a sync ends at. Reads /proc and /sys only. */
export function findGround(path: string, fd: number, roots: KernelRoots = KERNEL_ROOTS): Ground {
  const stat = fstatSync(fd)
  const deviceNode = stat.isBlockDevice()
  const whole = realPath(path) ?? path
  const mount = deviceNode ? undefined : mountOf(whole, deviceName(stat.dev), fd, roots)
  const layers = blockLayers(deviceNode ? [deviceName(stat.rdev)] : (mount?.devices ?? []), roots)
  const fileSystem = mount?.fileSystem
  return {fileSystem, layers, ground: groundOf(fileSystem, layers, deviceNode)}
}

/**
 * The memory an open image lies in (tmpfs, a RAM disk, a loop device over a file in tmpfs), by name: nothing there survives the
 * host. Undefined when it lies on disks, and when nobody can see what it lies on.
 */
export function memoryBelow(path: string, fd: number, roots: KernelRoots = KERNEL_ROOTS): string | undefined {
  const {ground} = findGround(path, fd, roots)
  if (ground.kind === 'memory') return ground.what
  if (fstatSync(fd).isBlockDevice()) return undefined
  const fileSystem = fileSystemOf(path)
  return fileSystem.inMemory ? fileSystem.name : undefined
}
