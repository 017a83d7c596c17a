import type {Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'

import type {AioChoice, BackendName, Spoil} from '../aio/index.js'
import type {Range} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {ListenAddress} from './address.js'
import type {Pace} from './pace.js'
import type {Fault} from './tally.js'

/** What a server is asked to be. */
export interface ServeOptions {
  readonly path: string
  /** The part of it that is served, as a partition; all of it when left out. */
  readonly part?: Range | undefined
  readonly mode: CacheMode
  readonly aio: AioChoice
  readonly readOnly: boolean
  readonly snapshot: boolean
  readonly forceShare: boolean
  readonly exportName: string
  readonly listen: ListenAddress
  readonly maxConnections: number
  /** How long a client may take to get as far as requests, from when it was accepted; 0 is for ever. */
  readonly handshakeLimitMs: number
  /** Ends when a client that got as far as requests has gone, and no connection is left. */
  readonly once: boolean
  /** TLS is spoken, and nothing else. */
  readonly tls?: ((plain: Socket) => TLSSocket) | undefined
  /** A bad disk on purpose. */
  readonly spoil?: Spoil | undefined
  /** Chooses which steps of a bad disk fail. */
  readonly seed: number
  readonly trace?: string | undefined
  /** The trace has what clients change, read when they do, in place of all that the image holds. */
  readonly touchedOnly: boolean
  /** Aborted to wind down: nobody is accepted, what is in flight is finished, the image is synced. */
  readonly signal: AbortSignal
  /** The name of the signal that the process was sent, if one came. */
  readonly interruptedBy: () => string | undefined
  /** Told when clients can connect. */
  readonly ready: (server: {readonly address: ListenAddress; readonly status: () => ServeStatus}) => void
}

/** How a server stands now. */
export interface ServeStatus {
  readonly connections: number
  readonly requests: number
  readonly bytesAtRisk: number
  readonly secondsSinceFlush: number
  readonly flushes: number
  readonly flushesIgnored: number
  /** The mode has a volatile write cache: what is answered is not stable before a FLUSH. */
  readonly writeCache: boolean
  readonly poisoned: boolean
}

/** What a server has done, as of the moment before its last sync. */
export interface ServeResult {
  readonly image: {
    readonly path: string
    readonly sizeBytes: number
    readonly fileSystem: string
    readonly readOnly: boolean
    readonly snapshot: boolean
  }
  readonly mode: CacheMode
  readonly openFlags: readonly string[]
  readonly volatile: string | undefined
  readonly aio: {readonly backend: BackendName; readonly reason: string; readonly syncs: number}
  readonly transport: 'io_uring' | 'node:net'
  readonly counts: {
    readonly connections: number
    readonly timedOut: number
    readonly reads: number
    readonly readBytes: number
    readonly writes: number
    readonly writtenBytes: number
    readonly flushes: number
    readonly fuas: number
    readonly trims: number
    readonly zeroes: number
    readonly others: number
    readonly refused: number
    readonly errors: number
    readonly failedWrites: number
    readonly failedFlushes: number
    readonly redundantFlushes: number
  }
  readonly paces: readonly Pace[]
  readonly flushesIgnored: number
  readonly faults: readonly Fault[]
  readonly bytesAtRisk: number
  readonly poison: number
  readonly closingSync: 'done' | 'skipped' | 'failed'
  readonly closingErrno: number
  readonly notes: readonly string[]
  /** The signal that ended it, or undefined where nobody had to. */
  readonly interruptedBy: string | undefined
}
