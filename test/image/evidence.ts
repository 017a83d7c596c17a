import type {Evidence} from '../../src/image/assumptions.js'
import type {BlockLayer} from '../../src/image/host-layers.js'
import {describeMount, type MountedFileSystem} from '../../src/image/host-mount.js'
import {groundOf} from '../../src/image/sync-ground.js'

/** A flash disk with a volatile cache, or what is said of it otherwise. */
export function layer(name: string, more: Partial<BlockLayer> = {}): BlockLayer {
  return {
    name,
    kind: 'disk',
    label: undefined,
    writeCache: 'write back',
    ownCache: undefined,
    fua: false,
    logicalBlockBytes: 512,
    physicalBlockBytes: 4096,
    rotational: false,
    medium: 'flash',
    backing: undefined,
    below: [],
    ...more,
  }
}

/** A file system mounted on /data. */
export function mounted(type: string, ...options: string[]): MountedFileSystem {
  return describeMount({id: 1, device: '8:1', mountPoint: '/data', type, source: '/dev/sda1', options})
}

/** An allocated image on ext4 on one flash disk, whose syncs were not measured, or what is said of it otherwise. */
export function evidence(more: Partial<Evidence> = {}): Evidence {
  const common = {
    fileSystem: mounted('ext4'),
    deviceNode: false,
    layers: [layer('sda')],
    syncProbe: {skipped: 'nobody asked'},
    inPlace: {answer: true, why: 'All is allocated.'},
    ...more,
  }
  return {...common, ground: groundOf(common.fileSystem, common.layers, common.deviceNode)}
}
