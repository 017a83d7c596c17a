import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'

/**
 * What a driver and its device have agreed on, as far as the steps of a request depend on it. The device decides about its cache,
 * the driver about which wishes for stability become commands.
 */
export interface Link {
  /** The write cache of the device is on: a write may complete before it is stable. Off, the device makes each one stable first. */
  readonly writeCache: boolean
  /** The guest takes it that there may be something to flush: a write cache is advertised, or was, and nothing has emptied it since. */
  readonly seesCache: boolean
  /** The driver sends a flush command where a wish for stability asks for one. A guest that sees no write cache sends none. */
  readonly driverFlushes: boolean
  /** FUA travels with the write. Otherwise the driver sends a flush behind it. */
  readonly fua: boolean
  /**
   * A barrier with data is one command, which the device executes as drain, flush, data with FUA, whatever the ordering mode leaves
   * out (WRITE_BARRIER of Xen in Linux blkback).
   */
  readonly barrierFlushes: boolean
  /** The legacy BARRIER bit of a request type is obeyed, as a drain. Otherwise it is ignored. */
  readonly barrierBit: boolean
  /** What the driver makes of fsync: a flush, or, in Linux before 2.6.37, an empty barrier. */
  readonly fsync: 'flush' | 'barrier'
  /** Switching the write cache off: cannot be done, makes nothing stable (virtio), or flushes first (SCSI, ATA). */
  readonly writeCacheSwitch: 'impossible' | 'plain' | 'flushes'
}

/** A driver and a device that are as good as the mode: everything is offered, understood and used. */
export function plainLink(mode: CacheMode, ordering: OrderingMode): Link {
  return {
    writeCache: !mode.dsync,
    seesCache: !mode.dsync,
    driverFlushes: true,
    fua: true,
    barrierFlushes: false,
    barrierBit: ordering.name !== 'none',
    fsync: 'flush',
    writeCacheSwitch: 'plain',
  }
}
