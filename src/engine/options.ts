import type {Backend} from '../aio/index.js'
import type {Range} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import type {DeviceFacts, Link} from '../request/index.js'
import type {ScsiDevice} from '../scsi/index.js'
import type {Observer} from '../trace/index.js'

/** What an engine is opened with. */
export interface EngineOptions {
  readonly device: DeviceFacts
  readonly mode: CacheMode
  /** A policy that leaves the order to the device needs a backend with ordered tags; see withoutTags. */
  readonly ordering: OrderingMode
  /** What driver and device have agreed on; as good as the mode when left out. */
  readonly link?: Link | undefined
  readonly backend: Backend
  /** Requests accepted and not released at a time; the backend must take one step more, SYNC_TOKENS with tags. */
  readonly depth: number
  /** O_DIRECT transfers start and end on a multiple of this; requests finer than it are bounced. 1 where anything goes. */
  readonly alignmentBytes: number
  /** Nobody else writes to the image: a sync with nothing to sync may be skipped. */
  readonly soleWriter: boolean
  /** What GET_ID answers (20 bytes). */
  readonly id: Uint8Array
  /** The disk that SCSI commands are for; without it they are malformed. Its write cache is that of the link. */
  readonly scsi?: Omit<ScsiDevice, 'writeCacheEnabled'> | undefined
  /** Receives every event. Without one the hot path makes none. */
  readonly observer?: Observer | undefined
  /** The parts of a write's blocks without stable allocation; asked only for an observer, and only where it matters. */
  readonly freshRanges?: ((offsetBytes: number, lengthBytes: number) => readonly Range[] | undefined) | undefined
  /** Remember which ranges are not synced, so that a NOTIFY need not wait for others. */
  readonly tracksRanges?: boolean | undefined
}

/** What cancel() found: it will not start; it has started and will end as it does; it had ended. */
export type CancelAnswer = 'canceled' | 'not-canceled' | 'done'

/** A SCSI command as a guest sends it; its data is the memory of the request. */
export interface ScsiCommandBlock {
  readonly cdb: Uint8Array
  /** Room for data from the device. */
  readonly inBytes: number
  /** Data to the device. */
  readonly outBytes: number
}
