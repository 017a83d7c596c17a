import {fstatSync} from 'node:fs'
import {deviceName} from './block-device.js'
import {fileSystemOf} from './file-system.js'
import {blockLayers, type BlockLayer} from './host-layers.js'
import {mountOf, type MountedFileSystem} from './host-mount.js'
import {KERNEL_ROOTS, realPath, type KernelRoots} from './kernel-file.js'
import {fileSystemsOf, groundOf, type SyncGround} from './sync-ground.js'

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

/** Where an open image comes to rest, as the guarantees see it. */
export interface RestingPlace {
  /** Why no sync is sure to reach anything that outlives the host, as a clause; undefined where nothing speaks against it. */
  readonly volatile: string | undefined
  /**
   * False where a completed O_DIRECT write may still be in host memory although the image's blocks are allocated: below a loop
   * device, device mapper or bcache, behind a network or another file system.
   */
  readonly directReachesDrive: boolean
}

/** Kinds of devices that hand a direct write straight to the drive. */
const STRAIGHT: ReadonlySet<string> = new Set(['partition', 'disk', 'md'])

/**
 * What is known against an open image: it lies in memory (tmpfs, a RAM disk, a loop device over a file in tmpfs, an overlay whose
 * upper folder is in tmpfs), its file system sends no flush (nobarrier, volatile), or a disk with a volatile cache is sent none.
 * What cannot be seen is not held against it: that is what reports list as assumptions.
 */
export function restingPlace(path: string, fd: number, roots: KernelRoots = KERNEL_ROOTS): RestingPlace {
  const {fileSystem, layers, ground} = findGround(path, fd, roots)
  const isFile = !fstatSync(fd).isBlockDevice()
  const straight = layers.every(({kind, medium}) => STRAIGHT.has(kind) && medium !== 'network')
  return {
    volatile: memoryOf(path, isFile, fileSystem, ground) ?? unflushed(fileSystem, layers),
    directReachesDrive: straight && (layers.length > 0 || isFile) && ground.kind !== 'memory',
  }
}

function memoryOf(
  path: string,
  isFile: boolean,
  fileSystem: MountedFileSystem | undefined,
  ground: SyncGround,
): string | undefined {
  if (ground.kind === 'memory') return `it lies in memory (${ground.what})`
  if (!isFile) return undefined
  const own = fileSystemOf(path)
  if (own.inMemory) return `it lies in memory (${own.name})`
  const upper = fileSystem?.options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length)
  const below = upper === undefined ? undefined : fileSystemOf(upper)
  return below?.inMemory ? `it lies in memory (the upper folder of ${fileSystem?.name} is in ${below.name})` : undefined
}

function unflushed(fileSystem: MountedFileSystem | undefined, layers: readonly BlockLayer[]): string | undefined {
  for (const passed of fileSystemsOf(fileSystem, layers)) {
    if (passed.barriers === 'off') return `${passed.name} on ${passed.mountPoint}: ${passed.why}`
  }
  const silenced = layers.find(({writeCache, ownCache}) => writeCache === 'write through' && ownCache === 'write back')
  return (
    silenced && `${silenced.name} has a volatile cache, and its queue is set to "write through", so it is sent no flush`
  )
}
