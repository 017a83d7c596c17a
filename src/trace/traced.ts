import type {CacheModeName} from '../cache-mode/index.js'
import type {OrderingName} from '../ordering/index.js'
import type {TraceEvent} from './event.js'

/**
 * An event, and the bytes that a write puts on the image: only on the submit event of a write that carries data (never for
 * WRITE_ZEROES or DISCARD). `data` may be read from the trace when it is asked for: ask once, and keep what is needed.
 */
export interface TracedEvent {
  readonly event: TraceEvent
  readonly data?: Uint8Array | undefined
}

/**
 * What a trace knows of the image as it was before the first event.
 *
 * - `whole`: all of it. What no before-image holds was zeroes.
 * - `touched`: what requests changed. Before-images hold every sector whose content a request may have changed; what the others held
 *   nobody knows, and when the recording ended they held it still.
 * - `listed`: what before-images hold. Nobody knows the rest, and requests may have changed it.
 */
export type KnownBefore = (typeof KNOWN_BEFORE)[number]

export const KNOWN_BEFORE = ['whole', 'touched', 'listed'] as const

/** What is true of the whole trace. */
export interface TraceHeader {
  /** Size of the image. */
  readonly sizeBytes: number
  /** The mode it was recorded under. */
  readonly mode: CacheModeName
  /** What barriers became, as executed. */
  readonly ordering: OrderingName
  /** What recorded it: "flushpoint run", "blklogwrites", "ndjson". */
  readonly source: string
  readonly knownBefore: KnownBefore
}

/** Content of a range before the first event. What is known of the rest, the header says. */
export interface BeforeImage {
  readonly offsetBytes: number
  readonly bytes: Uint8Array
}

/**
 * A trace that is read while it is walked over. Both iterables start anew on each walk and throw a ToolError of kind format
 * where the trace turns out to be damaged.
 */
export interface TraceReading {
  readonly header: TraceHeader
  readonly before: Iterable<BeforeImage>
  readonly events: Iterable<TracedEvent>
}

/** A trace in memory: content is stored once, however often it was written. */
export interface Trace {
  readonly header: TraceHeader
  readonly before: readonly BeforeImage[]
  readonly events: readonly TracedEvent[]
}
