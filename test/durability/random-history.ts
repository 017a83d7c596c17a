import fc from 'fast-check'
import type {Range} from '../../src/base/index.js'
import type {CacheMode} from '../../src/cache-mode/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_PREFLUSH,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
  type RequestName,
} from '../../src/request/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, start, startUnknown, submit, syncEnd} from './history.js'

export const SECTORS = 3

/** One request of a history, before it is known under which mode it runs. */
export interface Draft {
  readonly name: RequestName
  readonly sector: number
  readonly sectors: number
  readonly flags: number
  readonly held: boolean
  /** 'none' allocated; 'own' its own range; 'all' every sector; 'unknown'. */
  readonly fresh: 'none' | 'own' | 'all' | 'unknown'
  readonly end: 'ok' | 'failed' | 'canceled' | 'unsupported'
  /** A failing host sync is reported right before it completes. */
  readonly syncFails: boolean
}

export interface Story {
  readonly drafts: readonly Draft[]
  /** Odd: the request in flight with that number, counted round, moves on. Even: the next one is submitted, if any is left. */
  readonly moves: readonly number[]
}

const draft: fc.Arbitrary<Draft> = fc
  .record({
    name: fc.constantFrom<RequestName>('OUT', 'OUT', 'OUT', 'FLUSH', 'FLUSH', 'WRITE_ZEROES', 'IN'),
    sector: fc.nat(SECTORS - 1),
    sectors: fc.integer({min: 1, max: 2}),
    flags: fc.constantFrom(
      ...[0, 0, 0, 0, FLAG_FUA, FLAG_FUA, FLAG_PREFLUSH, FLAG_PREFLUSH | FLAG_FUA],
      ...[FLAG_BARRIER, FLAG_BARRIER, FLAG_BARRIER | FLAG_FUA, FLAG_BARRIER | FLAG_PREFLUSH],
    ),
    held: fc.boolean(),
    fresh: fc.constantFrom('none', 'none', 'own', 'all', 'unknown'),
    end: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'ok', 'failed', 'canceled', 'unsupported'),
    syncFails: fc.integer({min: 0, max: 9}).map((n) => n === 0),
  })
  .map((made) => ({...made, sectors: Math.min(made.sectors, SECTORS - made.sector)}))

/** At most six requests on three sectors, overlapping in any way. */
export const story: fc.Arbitrary<Story> = fc.record({
  drafts: fc.array(draft, {minLength: 2, maxLength: 6, size: 'max'}),
  moves: fc.array(fc.nat(11), {minLength: 4, maxLength: 20, size: 'max'}),
})

/**
 * The events of a story under a mode: the same requests in the same order, with what the mode makes of them. A device with ordered
 * tags keeps the order they ask for, in starts and in ends; so does whatever `keepsOrder`.
 */
export function tell(
  {drafts, moves}: Story,
  mode: CacheMode,
  ordering: OrderingMode,
  keepsOrder = ordering.tags,
): TraceEvent[] {
  const events: TraceEvent[] = []
  const steps: number[] = []
  for (const move of moves) {
    const open = steps.flatMap((step, i) => (step < 3 ? [i] : []))
    const next = drafts[steps.length]
    if (next !== undefined && (move % 2 === 0 || open.length === 0)) {
      events.push(submit(steps.length + 1, next.name, next.sector, next.sectors, next.flags))
      steps.push(1)
      continue
    }
    const which = open[(move >> 1) % open.length] ?? 0
    const one = drafts[which]
    if (keepsOrder && !mayMoveOn(which, drafts, steps, ordering)) continue
    if (open.length === 0 || one === undefined) continue
    if (steps[which] === 1 && one.end !== 'canceled') {
      events.push(startOf(which + 1, one))
      steps[which] = 2
    } else {
      if (one.syncFails && one.end !== 'canceled') events.push(syncEnd(1, 5))
      events.push(endOf(which + 1, one, mode, ordering))
      steps[which] = 3
    }
  }
  return events
}

/** Whether a request may start, or end, as a device would let it that keeps what is before and behind a barrier apart. */
function mayMoveOn(
  which: number,
  drafts: readonly Draft[],
  steps: readonly number[],
  {drains, tags}: OrderingMode,
): boolean {
  const orders = (i: number): boolean => ((drafts[i]?.flags ?? 0) & FLAG_BARRIER) !== 0 && (drains || tags)
  const isStart = steps[which] === 1 && drafts[which]?.end !== 'canceled'
  // With tags, a start is the moment when the device is told; without, what a barrier keeps apart starts only after an end.
  const needed = isStart && tags ? 2 : 3
  return steps
    .slice(0, which)
    .every((step, i) => step >= (orders(which) && orders(i) ? 3 : needed) || !(orders(which) || orders(i)))
}

function startOf(id: number, {name, sector, sectors, fresh, held}: Draft): TraceEvent {
  const own: Range = {offsetBytes: sector * 512, lengthBytes: sectors * 512}
  if (fresh === 'unknown') return {...startUnknown(id), held}
  if (fresh === 'all') return start(id, held, [{offsetBytes: 0, lengthBytes: SECTORS * 512}])
  // What fallocate changes is allocation itself, so its own range always counts.
  return start(id, held, fresh === 'own' || name === 'WRITE_ZEROES' ? [own] : [])
}

function endOf(id: number, one: Draft, mode: CacheMode, ordering: OrderingMode): TraceEvent {
  const statuses = {ok: STATUS_OK, failed: STATUS_IOERR, canceled: STATUS_CANCELED, unsupported: STATUS_UNSUPP}
  const refused = (one.flags & FLAG_BARRIER) !== 0 && !ordering.drains && !ordering.tags
  const status = refused ? STATUS_UNSUPP : statuses[one.end]
  const ok = status === STATUS_OK
  const writes = one.name === 'OUT' || one.name === 'WRITE_ZEROES'
  const barrier = (one.flags & FLAG_BARRIER) !== 0 && ordering.postFlush !== 'none'
  const asks = one.name === 'FLUSH' || (one.flags & FLAG_FUA) !== 0 || barrier
  return done(id, {
    status,
    errno: status === STATUS_IOERR ? 5 : 0,
    stable: ok && writes && !mode.noFlush && (mode.dsync || asks),
    ignored: ok && mode.noFlush && asks,
  })
}
