import type {Range} from '../base/index.js'
import type {Plan} from '../request/index.js'

/** The device has been given a request. */
export interface SubmitEvent {
  readonly kind: 'submit'
  /** Increases by one per request of a run; never reused. */
  readonly id: number
  /** Type number, BARRIER bit masked off. */
  readonly type: number
  /** FLAG_* bits of the request room. */
  readonly flags: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  /**
   * What driver and device make of it. Left out in histories that were not run: their reader takes it to be what a plain device
   * under the reader's mode would do.
   */
  readonly plan?: Plan | undefined
  readonly atNs: number
}

/**
 * The engine issues the first step of a request. `held` means that an ordering rule (a barrier, a dependency, an overlap that had
 * to wait) kept it back until now: whatever completed before this event is ordered before the request, not only what completed
 * before its submission. `fresh` lists the parts of a write's blocks that had no allocation of their own when it started (holes,
 * unwritten or delayed extents), rounded out to file system blocks; undefined where nobody asked, and for zero lengths. An ordered
 * tag has been given to the device when it starts here; the device decides when it really does.
 */
export interface StartEvent {
  readonly kind: 'start'
  readonly id: number
  readonly held: boolean
  readonly fresh: readonly Range[] | undefined
  /** A sync comes before its data that its own plan does not ask for: an earlier request wants order between them. */
  readonly preSync?: boolean | undefined
  readonly atNs: number
}

/**
 * The device has reported a status. `stable`: the request's own data is on stable media (a dsync write, or a sync of this
 * request's own after its data). `ignored`: it asked for stability under a mode that ignores such requests.
 */
export interface CompleteEvent {
  readonly kind: 'complete'
  readonly id: number
  readonly status: number
  /** Positive errno of the host call that failed, 0 if none did. */
  readonly errno: number
  readonly stable: boolean
  readonly ignored: boolean
  readonly atNs: number
}

/** A host sync call (fdatasync) is issued. Syncs are numbered from 1. */
export interface SyncStartEvent {
  readonly kind: 'sync-start'
  readonly sync: number
  readonly atNs: number
}

/** A host sync call has returned; errno 0 is success. */
export interface SyncEndEvent {
  readonly kind: 'sync-end'
  readonly sync: number
  readonly errno: number
  readonly atNs: number
}

/** A named moment of the batch: everything before it in the batch has completed or was told so. */
export interface MarkEvent {
  readonly kind: 'mark'
  readonly name: string
  readonly line: number
  readonly atNs: number
}

/** Everything that happens, in the order it was observed. The total order of events is the order of the array or stream. */
export type TraceEvent = SubmitEvent | StartEvent | CompleteEvent | SyncStartEvent | SyncEndEvent | MarkEvent

/** Receives events as they happen. Must not call back into the engine. */
export type Observer = (event: TraceEvent) => void
