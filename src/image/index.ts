/**
 * Method: an image is a raw file or block device, open with exactly the flags of its cache mode, locked against other
 * users in the protocol of QEMU, and measured only then: size, alignment, file system. What cannot be done as asked is refused
 * with the cause and the next step; there is no fallback to a weaker mode. A snapshot is the same on a throw-away copy.
 * No request and no guarantee is known here. What the host below means for an image (file system, layers, disks, the time a
 * sync takes) is gathered from /proc and /sys as evidence, each piece with its reason; what cannot be seen is unknown.
 *
 * To add one: a file system is a row in file-system.ts, and what a sync means to it one in host-mount.ts; a kind of block
 * device is a row in host-layers.ts; an errno of open(2) is a row in refusal.ts.
 *
 * @module
 */
export {givesBlocksBack} from './block-device.js'
export {createImage, syncDirectory} from './create.js'
export {countersBetween, diskBelow, diskCounters, type DiskCounters} from './disk-counters.js'
export {hostFacts, syncFacts, type HostFacts} from './host.js'
export type {Image} from './image.js'
export {openImage, type OpenOptions} from './open.js'
export {readFailure, shortenedImage} from './refusal.js'
export {sameFile} from './same-file.js'
export {ioFailure} from './refusal.js'
export {resizeImage, type Resized} from './resize.js'
export {snapshotImage} from './snapshot.js'
export {dataParts} from './sparse-copy.js'
export {openSource, partOf, sourceOf, type ImageSource} from './source.js'
export {imageUsers, type ImageUsers} from './users.js'
