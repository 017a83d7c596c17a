import {STEP_NONE, type RequestKind, type WishName} from './kind.js'

/** Types from here on never travel: the number on the wire has 31 bits besides the BARRIER bit. */
export const TYPE_WISH = 2 ** 31

function wish(number: number, name: WishName, operands: RequestKind['operands'], source: string): RequestKind {
  return {
    name,
    type: TYPE_WISH + number,
    operands,
    writes: false,
    flushes: false,
    step: STEP_NONE,
    unmapStep: undefined,
    source,
  }
}

/** A point nothing passes, without data of its own. In Linux before 2.6.37 it was also how a cache was flushed. */
export const BARRIER = wish(0, 'BARRIER', 'none', 'Linux barrier.txt, empty barriers; seed 000')

/** fsync(2) in the guest: waits for the writes before it, then asks the driver to make them stable. */
export const FSYNC = wish(1, 'FSYNC', 'none', 'fsync(2); seed 001')

/**
 * Makes a range stable, or orders the writes to it, or both: see the RANGE_* flags. A sync without the low-level flush, which would
 * only have to outlive the host's kernel, cannot be asked for: Linux has sync_file_range(2) for it, which commits no allocation, so
 * that data in fresh blocks would not outlive even that.
 */
export const FSYNC_RANGE = wish(2, 'FSYNC_RANGE', 'range', 'seed 000, fsync_range with flags')

/** Completes when the writes to a range are stable, and forces nothing. */
export const NOTIFY = wish(3, 'NOTIFY', 'range', 'seed 000, the long asynchronous fsync')

/** Switches the write cache of the device on or off. */
export const SET_WRITEBACK = wish(
  4,
  'SET_WRITEBACK',
  'switch',
  'virtio 1.3, 5.2.5 writeback; ATA SET FEATURES; SCSI MODE SELECT',
)
