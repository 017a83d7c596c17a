import type {AioChoice, BackendName} from '../aio/index.js'
import type {Range} from '../base/index.js'
import type {BatchRequest} from '../batch/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {CrashKind, Guarantee, Hazard, Stability} from '../durability/index.js'
import type {Agreement} from '../negotiation/index.js'
import type {StatusName} from '../request/index.js'
import type {ScsiAnswer, Sense} from '../scsi/index.js'
import type {Commands} from './command-count.js'

/** What an IN with verify= found. */
export interface Verification {
  readonly ok: boolean
  /** First differing byte of the image, with what was expected and found there (hex); undefined when equal. */
  readonly offsetBytes: number | undefined
  readonly expected: string | undefined
  readonly found: string | undefined
}

/** One request of a run and how it ended. */
export interface RequestOutcome {
  readonly request: BatchRequest
  readonly status: StatusName
  /** Positive errno of the host call behind an IOERR; 0 when the device refused the request itself. */
  readonly errno: number
  /** Why a request did not run: refused by the device, or canceled; undefined for the rest. */
  readonly reason: string | undefined
  readonly latencyNs: number
  readonly stable: Stability
  /** It was to change the image. */
  readonly changes: boolean
  /** How a SCSI command ended; undefined for other requests. */
  readonly scsi: ScsiEnd | undefined
  /** The request whose sync made it stable (stable.by is `flush`). */
  readonly stableBy: BatchRequest | undefined
  readonly verification: Verification | undefined
  /** What GET_ID answered. */
  readonly text: string | undefined
}

/** How a SCSI command ended. */
export interface ScsiEnd {
  /** The name of the command, as its standard has it. */
  readonly command: string
  /** Undefined for GOOD. */
  readonly sense: Sense | undefined
  /** The status block and the sense bytes as the guest reads them. */
  readonly answer: ScsiAnswer
  /** What it answered, as far as it is short enough to show; undefined for none. */
  readonly dataIn: Uint8Array | undefined
}

/** What would be lost now. */
export interface AtRisk {
  readonly bytes: number
  readonly ranges: readonly (Range & {readonly requests: readonly number[]})[]
}

/** Everything a run found out. Describes the moment after the last request and before the image is closed. */
export interface RunResult {
  readonly image: {
    readonly path: string
    readonly sizeBytes: number
    readonly sectors: number
    readonly fileSystem: string
    readonly readOnly: boolean
    readonly snapshot: boolean
    readonly created: boolean
  }
  /** The cache mode asked for, and the one in force: a front end may not permit the first. */
  readonly asked: CacheMode
  readonly mode: CacheMode
  readonly openFlags: readonly string[]
  /** What barriers became, and what they were to become: a backend without ordered tags drains. */
  readonly ordering: string
  readonly orderingAsked: string
  /** What driver and device agreed on; undefined for a run without a front end. */
  readonly agreement: Agreement | undefined
  /** The write cache of the device at the start. */
  readonly writeCache: boolean
  readonly commands: Commands
  readonly aio: {
    readonly asked: AioChoice
    readonly backend: BackendName
    readonly reason: string
    readonly depth: number
    /** Host syncs the batch caused. */
    readonly syncs: number
    /** From the first request to the end of the last: of the host, or of the simulated disk. */
    readonly elapsedNs: number
  }
  /** Every request that ran, in order of id; generated afresh on each walk. */
  readonly outcomes: Iterable<RequestOutcome>
  readonly counts: RunCounts
  readonly marks: readonly {readonly name: string; readonly line: number; readonly reached: boolean}[]
  readonly atRisk: Readonly<Record<CrashKind, AtRisk>>
  readonly guarantees: readonly Guarantee[]
  readonly assumptions: readonly string[]
  readonly hazards: readonly Hazard[]
  readonly notes: readonly string[]
  /** The size of the image at the end, where somebody made it smaller than it was at open. */
  readonly cutToBytes: number | undefined
  /** The sync before closing, after the report's moment; `skipped` when nothing needed one. */
  readonly closingSync: 'done' | 'skipped' | 'failed'
  readonly closingErrno: number
  /** The signal that cut the run short. */
  readonly interruptedBy: string | undefined
}

/** How the requests ended. */
export interface RunCounts {
  /** Requests in the batch; those behind a signal never ran. */
  readonly total: number
  readonly ran: number
  readonly ok: number
  /** Ended as the batch expects them to (expect=, or OK). */
  readonly asExpected: number
  readonly verifyFailed: number
  /** IOERR because of a host I/O error that the batch did not expect. */
  readonly hostErrors: number
  /** Requests that changed the image, and those of them whose own data is stable against power loss. */
  readonly writes: number
  readonly stableWrites: number
}
