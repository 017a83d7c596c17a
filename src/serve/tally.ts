import {PaceMeter} from './pace.js'
import {
  NBD_CMD_FLAG_FUA,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
} from './nbd/protocol.js'

/** A client that broke the protocol. */
export interface Fault {
  readonly peer: string
  readonly why: string
}

/** What has been asked for so far, over all connections. */
export class Tally {
  connections = 0
  /** Those that took too long to get as far as requests, and were sent away. */
  timedOut = 0
  reads = 0
  readBytes = 0
  writes = 0
  writtenBytes = 0
  flushes = 0
  fuas = 0
  trims = 0
  zeroes = 0
  others = 0
  /** Answered with an error before anything was done. */
  refused = 0
  /** Of those that were done. */
  errors = 0
  failedWrites = 0
  failedFlushes = 0
  /** Flushes that found nothing to make stable. */
  redundantFlushes = 0
  readonly pace = new PaceMeter()
  /** The latest of them. */
  readonly faults: Fault[] = []
  /** When the last flush ended that made something stable, or the start; of performance.now(). */
  flushedAtMs: number

  constructor(nowMs: number) {
    this.flushedAtMs = nowMs
  }

  get requests(): number {
    return this.reads + this.writes + this.flushes + this.trims + this.zeroes + this.others
  }

  count({type, flags, length}: {readonly type: number; readonly flags: number; readonly length: number}): void {
    switch (type) {
      case NBD_CMD_READ:
        this.reads++
        this.readBytes += length
        return
      case NBD_CMD_WRITE:
        this.writes++
        this.writtenBytes += length
        break
      case NBD_CMD_FLUSH:
        this.flushes++
        return
      case NBD_CMD_TRIM:
        this.trims++
        break
      case NBD_CMD_WRITE_ZEROES:
        this.zeroes++
        break
      default:
        this.others++
        return
    }
    if ((flags & NBD_CMD_FLAG_FUA) !== 0) this.fuas++
  }

  flushed(): void {
    this.flushedAtMs = performance.now()
  }
}
