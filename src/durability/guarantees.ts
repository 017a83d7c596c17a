import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {DISK, type Medium} from './medium.js'

export type GuaranteeId =
  | 'G-READ'
  | 'G-PROC'
  | 'G-STABLE'
  | 'G-FLUSH'
  | 'G-FUA'
  | 'G-ALLOC'
  | 'G-NOHOSTCACHE'
  | 'G-ORDER-FLUSH'
  | 'G-ORDER-BARRIER'
  | 'G-ATOM-SECTOR'
  | 'G-ERR'

/** One promise of a mode. `assumed`: nothing here makes it true; it is taken for granted and should be known. */
export interface Guarantee {
  readonly id: GuaranteeId
  /** What is promised, in a few words; the same under every mode. */
  readonly promise: string
  readonly holds: boolean | 'assumed'
  /** One sentence: what makes it hold or fail, and which host assumption it rests on. */
  readonly why: string
}

type Answer = Pick<Guarantee, 'holds' | 'why'>
type Rule = (mode: CacheMode, ordering: OrderingMode) => Answer

const HOST = 'provided the host passes cache flushes down and the drive obeys them'

const yes = (why: string): Answer => ({holds: true, why})
const no = (why: string): Answer => ({holds: false, why})

/** How a guarantee follows from the facts of a mode, in the order reports print them. Source: semantics 8.7. */
const RULES: readonly (readonly [id: GuaranteeId, promise: string, rule: Rule])[] = [
  [
    'G-READ',
    'a later read finds a completed write',
    () =>
      yes('A read after a completed write finds its data, stable or not: cached and direct transfers are coherent.'),
  ],
  [
    'G-PROC',
    'a completed write survives the death of this process',
    (mode) =>
      yes(
        mode.direct
          ? 'A completed write is in the drive, out of reach of the process that dies.'
          : 'A completed write is in the page cache, which belongs to the host kernel and not to the process that dies.',
      ),
  ],
  ['G-STABLE', 'a completed write is stable', stableAtCompletion],
  [
    'G-FLUSH',
    'FLUSH makes the writes completed before it stable',
    (mode) =>
      mode.noFlush
        ? no(`FLUSH is answered OK under ${mode.name} without syncing anything.`)
        : yes(
            `FLUSH is an fdatasync: every write completed before it was submitted is stable when it completes, ${HOST}.`,
          ),
  ],
  [
    'G-FUA',
    'a completed FUA write is stable',
    (mode) =>
      mode.noFlush
        ? no(`FUA is ignored under ${mode.name}.`)
        : yes(`A FUA write completes when its own data is stable, and says nothing of earlier writes, ${HOST}.`),
  ],
  ['G-ALLOC', "a completed write's allocation is stable", stableAllocation],
  [
    'G-NOHOSTCACHE',
    'no second copy in host memory',
    (mode) =>
      mode.direct
        ? yes('O_DIRECT transfers leave no copy in the host page cache.')
        : no('Transfers go through the host page cache, which keeps a copy.'),
  ],
  [
    'G-ORDER-FLUSH',
    'waiting and flushing orders writes on the medium',
    (mode) => {
      if (mode.noFlush)
        return no(`FLUSH is ignored under ${mode.name}, so waiting for it orders nothing on the medium.`)
      return mode.dsync
        ? yes(`Waiting for a write is enough: it is stable before the next one is sent, ${HOST}.`)
        : yes(`Waiting for a write and then for a FLUSH puts it on the medium before whatever is sent next, ${HOST}.`)
    },
  ],
  ['G-ORDER-BARRIER', 'BARRIER orders writes on the medium', barrierOrder],
  [
    'G-ATOM-SECTOR',
    'a sector is old or new after a crash, never a mix',
    () => ({
      holds: 'assumed',
      why: 'A 512-byte sector is taken to be old or new after a crash, never a mix: no layer below promises it.',
    }),
  ],
  [
    'G-ERR',
    'a failed flush is never followed by a false success',
    (mode) =>
      mode.noFlush
        ? no(`Nothing is synced under ${mode.name}, so a FLUSH succeeds whatever happened to earlier writes.`)
        : yes(
            'A failed sync is remembered: writes it left in doubt are never called stable because a later sync succeeded.',
          ),
  ],
]

/** What needs something that outlives the host. */
const NEEDS_A_DISK: ReadonlySet<GuaranteeId> = new Set([
  'G-STABLE',
  'G-FLUSH',
  'G-FUA',
  'G-ALLOC',
  'G-NOHOSTCACHE',
  'G-ORDER-FLUSH',
  'G-ORDER-BARRIER',
])

/** The eleven guarantees under a cache mode and a barrier policy on a medium, computed from their facts. */
export function guarantees(mode: CacheMode, ordering: OrderingMode, medium: Medium = DISK): Guarantee[] {
  return RULES.map(([id, promise, rule]) => {
    const answer =
      medium.kind === 'volatile' && NEEDS_A_DISK.has(id)
        ? no(`No sync of this image is sure to reach anything that outlives the host: ${medium.why}.`)
        : rule(mode, ordering)
    return {id, promise, ...answer}
  })
}

function stableAtCompletion(mode: CacheMode): Answer {
  if (mode.noFlush) return no(`Nothing is ever synced under ${mode.name}.`)
  if (mode.dsync) return yes(`O_DSYNC: a write completes when its data is stable, ${HOST}.`)
  return mode.direct
    ? no(
        'A completed write may be in the volatile cache of the drive only: O_DIRECT bypasses the page cache, not the drive cache.',
      )
    : no('A completed write may be in the host page cache only, until a FLUSH.')
}

function stableAllocation(mode: CacheMode): Answer {
  if (mode.noFlush)
    return no(`Block allocation stays in host memory until the host writes it back: ${mode.name} never syncs.`)
  return mode.dsync
    ? yes(`O_DSYNC includes the metadata needed to read the data back: allocation and file size, ${HOST}.`)
    : no('A write into a hole completes while its block allocation is still in host memory, until a FLUSH.')
}

function barrierOrder(mode: CacheMode, ordering: OrderingMode): Answer {
  if (!ordering.drains && !ordering.tags) return no(`Ordering ${ordering.name} has no barriers: one is refused.`)
  if (mode.noFlush) return no(`A barrier orders requests in time, but nothing is synced under ${mode.name}.`)
  if (ordering.preFlush) return flushingBarrier(ordering)
  if (mode.dsync && ordering.drains) {
    return yes(`The barrier drains the queue, and each write is stable when it completes, ${HOST}.`)
  }
  if (mode.dsync && mode.direct) {
    return yes(
      `The device keeps what is before and behind the tag apart, unless a write fails, and each write is stable when it completes, ${HOST}.`,
    )
  }
  return no(
    ordering.drains
      ? 'The barrier drains the queue but syncs nothing: start order is not the order in which a volatile cache reaches the medium.'
      : 'The tag keeps the queue of the device in order but flushes nothing: the writes go into a cache, which reaches the medium in any order.',
  )
}

function flushingBarrier(ordering: OrderingMode): Answer {
  return ordering.drains
    ? yes(`The ${ordering.name} barrier drains the queue and syncs what came before it ahead of its own data, ${HOST}.`)
    : yes(
        `The device keeps the flush, the data and what is before and behind them in order, unless a write fails, ${HOST}.`,
      )
}
