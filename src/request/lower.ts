import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import type {RequestKind, StepOp} from './kind.js'

/** Modifiers of a request, as bits. */
export const FLAG_FUA = 1
export const FLAG_BARRIER = 2
/** The segment's unmap flag, for kinds that have one. */
export const FLAG_UNMAP = 4
export const FLAG_COMBINATIONS = 8

/**
 * The steps of one request, in this order: drain, sync, data, sync. Computed once per (kind, flags) when an engine opens;
 * the hot path only looks it up.
 */
export interface Plan {
  readonly kind: RequestKind
  /** Wait until nothing is in flight, then hold everything behind until this request ends. */
  readonly drains: boolean
  readonly preSync: boolean
  readonly step: StepOp
  /** The write step itself returns only when its data is stable (RWF_DSYNC, or a descriptor opened with O_DSYNC). */
  readonly dsync: boolean
  readonly postSync: boolean
  /** The request asks for stability that this mode ignores (unsafe). */
  readonly ignoresSync: boolean
}

/**
 * Lowers a request to steps: what FLUSH, FUA and BARRIER cost under a cache mode and a barrier policy.
 * Stable-at-completion modes need no sync for writes (the descriptor is O_DSYNC), but do for allocation changes
 * (fallocate is not a write). Under a mode that ignores flushes every sync disappears.
 *
 * A FLUSH is a preSync without data. A barrier without a range (GET_ID) keeps its drain only.
 */
export function lower(kind: RequestKind, flags: number, mode: CacheMode, ordering: OrderingMode): Plan {
  const barrier = (flags & FLAG_BARRIER) !== 0
  const step = (flags & FLAG_UNMAP) !== 0 && kind.unmapStep !== undefined ? kind.unmapStep : kind.step
  const carriesData = kind.operands === 'data' || kind.operands === 'segment'
  const barrierWithData = barrier && carriesData
  const fua = kind.writes && ((flags & FLAG_FUA) !== 0 || (barrierWithData && ordering.postFlush === 'fua'))
  const isWriteStep = kind.operands === 'data' && kind.writes
  const stableAtCompletion = kind.writes && (mode.dsync || fua)
  const preSync = kind.flushes || (barrierWithData && ordering.preFlush)
  const postSync = (stableAtCompletion && !isWriteStep) || (barrierWithData && ordering.postFlush === 'flush')
  return {
    kind,
    drains: barrier && ordering.drains,
    preSync: preSync && !mode.noFlush,
    step,
    dsync: stableAtCompletion && isWriteStep && !mode.noFlush,
    postSync: postSync && !mode.noFlush,
    ignoresSync: mode.noFlush && (preSync || postSync || fua),
  }
}
