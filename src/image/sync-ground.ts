import type {BlockLayer, Medium, WriteCache} from './host-layers.js'
import type {MountedFileSystem} from './host-mount.js'

/** A disk a sync may end at. */
export interface GroundDisk {
  readonly name: string
  readonly medium: Medium
  readonly writeCache: WriteCache | undefined
}

/** What a sync ends at, as far as it can be seen: memory, something behind a server or a process, or disks. */
export type SyncGround =
  | {readonly kind: 'memory'; readonly what: string}
  | {readonly kind: 'out of sight'; readonly why: string}
  | {readonly kind: 'disks'; readonly disks: readonly GroundDisk[]}

/**
 * What is at the bottom of an image. Memory anywhere makes all of it memory, since whatever lies there is lost without power;
 * otherwise anything that cannot be seen puts all of it out of sight.
 *
 * @param fileSystem of the image; undefined for a device node, and where it is not known
 * @param deviceNode the image is a block device
 */
export function groundOf(
  fileSystem: MountedFileSystem | undefined,
  layers: readonly BlockLayer[],
  deviceNode: boolean,
): SyncGround {
  const fileSystems = fileSystemsOf(fileSystem, layers)
  const inMemory =
    fileSystems.find(({nature}) => nature === 'memory')?.name ?? layers.find(({medium}) => medium === 'memory')?.name
  if (inMemory !== undefined) return {kind: 'memory', what: inMemory}
  if (fileSystem === undefined && !deviceNode) return unseen('the file system of the image is not known')
  const hidden = fileSystems.find(({nature}) => nature === 'out of sight')
  if (hidden !== undefined) return unseen(`what ${hidden.name} stands on cannot be seen from here`)
  const disks: GroundDisk[] = []
  for (const {name, medium, writeCache, backing, below} of layers) {
    if (medium === 'network') return unseen(`${name} is on another machine`)
    if (medium !== undefined) disks.push({name, medium, writeCache})
    else if (backing !== undefined && below.length === 0)
      return unseen(`what ${backing.path} of ${name} lies on is not known`)
    else if (below.length === 0) return unseen(`what ${name} stands on is not known`)
  }
  return disks.length > 0 ? {kind: 'disks', disks} : unseen('/sys shows no block device below it')
}

/** The file systems a sync passes: that of the image, and those of the files behind loop devices. */
export function fileSystemsOf(
  fileSystem: MountedFileSystem | undefined,
  layers: readonly BlockLayer[],
): MountedFileSystem[] {
  return [fileSystem, ...layers.map(({backing}) => backing?.fileSystem)].filter((some) => some !== undefined)
}

function unseen(why: string): SyncGround {
  return {kind: 'out of sight', why}
}
