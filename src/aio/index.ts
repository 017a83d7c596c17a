/**
 * Method: a backend executes steps (read, write, sync, zero, punch) on one open image and says how each ended; it knows no
 * requests and no guarantees. uring drives io_uring from this thread, threads is plain node:fs, sim is a simulated disk with
 * volatile caches, virtual time, faults and a power switch. All three pass the same contract tests.
 *
 * A SpoiltBackend puts one of them on a disk that is slow or fails on purpose.
 *
 * What a simulated disk costs is a DiskModel, data without code: a row of sim/disk-model.ts, or a file read by
 * readDiskModel(). Several simulated backends may share one device, from openSimDevice().
 *
 * To add one: a folder with its backend.ts, and a row in select.ts. To add a disk model: a row in sim/disk-model.ts.
 *
 * @module
 */
export {alignedBytes} from './aligned.js'
export {
  yieldToSignals,
  type Backend,
  type BackendName,
  type InlineSteps,
  type RingManner,
  type Memory,
} from './backend.js'
export {openPagePipes, PagePipe, type PagePipes} from './page-pipe.js'
export {memoryIfAny, MemoryPool} from './pool.js'
export {
  AIO_CHOICES,
  BACKENDS,
  openBackend,
  openRingSockets,
  openSimDevice,
  type AioChoice,
  type BackendTarget,
  type OpenBackend,
} from './select.js'
export {SpoiltBackend} from './spoilt/backend.js'
export {parseSpoil, type Spoil} from './spoilt/spoil.js'
export type {Envelope, RingSockets} from './uring/sockets.js'
export type {SimDevice} from './sim/device.js'
export {DISK_MODELS, diskModelOf, type DiskModel} from './sim/disk-model.js'
export {readDiskModel} from './sim/model-file.js'
