import type {CrashKind} from './crash-kind.js'
import type {Flight} from './flights.js'

/**
 * A bond between sectors: any byte of the write `request` can be there after a crash only if the writes `needs` are there as well, or
 * are overwritten by what is not ordered before them.
 */
export interface Tie {
  readonly request: number
  /** Ids, ascending. */
  readonly needs: readonly number[]
}

/** A write that a crash may lose, as far as ties are concerned. */
export interface LooseWrite {
  readonly id: number
  /** Position of its completion; Infinity while in flight. */
  readonly end: number
  /** Barriers that had come before it when it started. */
  readonly epoch: number
  /** Once the device has executed it, the crash no longer takes it away. */
  readonly keepsWhatIsExecuted: boolean
}

interface WriteNote {
  /** -1 for a request that writes nothing. */
  readonly write: number
}

/** What ties follow from. */
export interface TieFacts {
  readonly kind: CrashKind
  readonly flights: Iterable<Flight<WriteNote>>
  /** Writes in flight that have started, and completed ones that are not stable. */
  readonly loose: readonly LooseWrite[]
  /** The medium keeps what barriers keep apart in that order (an order-only cache barrier). */
  readonly keepsEpochs: boolean
}

/**
 * Every tie between the writes that a crash may lose. Two mechanisms make one: a sync that comes before the data of a write, and a
 * device that executes ordered tags in order, where the crash spares what it has executed; a third is a cache that keeps epochs. Ties of ordered tags hold as long as no write
 * or sync fails: the error hole has none.
 *
 * Source: semantics 8.2 (ord) and 8.6.
 */
export function tiesOf({kind, flights, loose, keepsEpochs}: TieFacts): Tie[] {
  const needs = new Map<number, Set<number>>()
  const tie = (id: number, others: Iterable<number>): void => {
    const known = needs.get(id) ?? new Set<number>()
    for (const other of others) if (other !== id) known.add(other)
    needs.set(id, known)
  }
  const inFlight = [...flights]
  for (const flight of inFlight) {
    const {id, plan, syncsFirst, covers, note} = flight
    const syncs = syncsFirst && kind !== 'processKill'
    if (plan.tags) {
      if (!flight.started) continue
      const before = loose
        .filter((write) => write.id < id && (syncs || (write.keepsWhatIsExecuted && write.end === Infinity)))
        .map((write) => write.id)
      if (note.write >= 0) tie(id, before)
      // What comes behind starts at its end, but finds its data on the medium only where that end says so.
      const isThere = loose.some((write) => write.id === id && write.keepsWhatIsExecuted)
      const own = note.write >= 0 && (isThere || plan.dsync || plan.postSync) ? [id] : []
      for (const later of loose) if (later.id > id && later.end === Infinity) tie(later.id, [...before, ...own])
    } else if (syncs && note.write >= 0) {
      tie(
        id,
        loose.filter((write) => write.end < covers).map((write) => write.id),
      )
    }
  }
  if (keepsEpochs && kind !== 'processKill') {
    for (const {id, epoch} of loose) {
      tie(
        id,
        loose.filter((write) => write.epoch < epoch).map((write) => write.id),
      )
    }
  }
  return [...needs]
    .filter(([, ids]) => ids.size > 0)
    .map(([request, ids]) => ({request, needs: [...ids].toSorted((a, b) => a - b)}))
    .toSorted((a, b) => a.request - b.request)
}
