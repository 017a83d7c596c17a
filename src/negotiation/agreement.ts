import type {CacheMode} from '../cache-mode/index.js'
import type {Era, EraName, Frontend, FrontendName, StepName, WriteCacheSwitch} from '../frontend/index.js'
import type {OrderingName} from '../ordering/index.js'

/** What a driver and its device are to agree on. */
export interface NegotiationQuestion {
  readonly frontend: Frontend
  readonly era: Era
  /** Steps of the plan of 2009 on top of what the era has. */
  readonly steps: readonly StepName[]
  /** The cache mode asked for. */
  readonly mode: CacheMode
  /** Features offered instead of the front end's own; undefined: its own. */
  readonly features: readonly string[] | undefined
  /** Features the driver accepts instead of those its own era knows; undefined: all offered ones it knows. */
  readonly negotiate: readonly string[] | undefined
  /**
   * The toolstack permits O_DIRECT (the key direct-io-safe of a Xen backend). undefined where there is no such key; where there is
   * one, undefined is its default: not permitted.
   */
  readonly directIoSafe: boolean | undefined
}

/** Yes or no, and why: a clause that can stand inside a sentence. */
export interface Clause {
  readonly value: boolean
  readonly why: string
}

/** The barrier modes a driver could declare to Linux up to 2.6.36 (its barrier.txt). */
export type DeclaredOrdering = OrderingName | 'tag' | 'tag-flush' | 'tag-fua'

/** How a Xen backend answers what bears on integrity. Source: semantics 4.5. */
export interface XenAnswers {
  /**
   * `ordered`: everything in flight ends first, then it is written with PREFLUSH and FUA, as Linux blkback does. `error`: answered
   * with an error, nothing is done.
   */
  readonly writeBarrier: 'ordered' | 'error'
  /** FLUSH_DISKCACHE without segments. */
  readonly flushDiskcache: 'flush' | 'error'
  /** FLUSH_DISKCACHE with segments. `flush-write`: no flush follows, and its own data may stay volatile. */
  readonly flushWithData: 'flush-write' | 'error'
}

/** What a driver and its device agree on before the first request. Everything in it follows from facts. */
export interface Agreement {
  readonly frontend: FrontendName
  readonly era: EraName
  /** In the order of the protocol, as are those negotiated. */
  readonly offered: readonly string[]
  /** What the driver accepted; where it tells the device nothing, what it makes use of. */
  readonly negotiated: readonly string[]
  /** The cache mode in force: the one asked for, or what it was downgraded to. */
  readonly mode: CacheMode
  /**
   * The write cache at the start: a write may complete before it is stable. False: the device makes every write stable before it
   * completes, also under writeback and none. Never false under a mode that ignores flushes: there nothing is ever made stable.
   */
  readonly writeCache: boolean
  /** What the guest is told (WCE advertised): it decides whether its driver sends flushes. */
  readonly advertised: boolean
  /** A flush command is executed; otherwise it is answered UNSUPP. */
  readonly flushCommand: boolean
  /** A write with FUA is stable by itself when it completes; otherwise the driver writes and then flushes. */
  readonly fua: boolean
  /** The driver turns fsync, PREFLUSH, FUA and the flush steps of barriers into flush commands. */
  readonly driverFlushes: Clause
  /** The barrier mode the driver declares: `none` where barriers fail, and where Linux has none any more. */
  readonly ordering: DeclaredOrdering
  /** Requests that depend on each other reach the medium in order: by a drain, by the device, or because the guest waits. */
  readonly keepsOrder: Clause
  /** The device executes ordered tags, or barriers, in order. */
  readonly ordersTags: boolean
  /** What switching the write cache off at run time does. */
  readonly writeCacheSwitch: WriteCacheSwitch
  /**
   * The virtio request types executed beyond IN, OUT and GET_ID, ascending; for other front ends those their commands correspond
   * to. Every other type is answered UNSUPP.
   */
  readonly requestTypes: readonly number[]
  /** The BARRIER bit of a request type is obeyed (legacy virtio). */
  readonly barrierBit: boolean
  /** Every write is answered IOERR, whether or not the driver accepted RO. */
  readonly readOnly: boolean
  /** undefined where the front end is not Xen's. */
  readonly xen: XenAnswers | undefined
  /** Each downgrade and each consequence, a sentence or two with its source. */
  readonly notes: readonly string[]
}
