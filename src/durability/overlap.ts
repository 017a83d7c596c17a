import {overlaps} from '../base/index.js'
import type {Flight} from './flights.js'

/** What the overlap search remembers of a write: the writes it may have run together with. */
export interface OverlapNote {
  readonly partners: Flight<OverlapNote>[]
}

/** Lists, on a write just submitted, the writes in flight that share bytes with it. Costs a step per request in flight. */
export function notePartners(write: Flight<OverlapNote>, inFlight: Iterable<Flight<OverlapNote>>): void {
  for (const other of inFlight) {
    if (other !== write && other.plan.kind.writes && overlaps(other, write)) write.note.partners.push(other)
  }
}

/**
 * Decides the pairs of a write that has just ended, and answers the ids of those that were not ordered with it. A partner
 * that was not started yet may still be held back until now: that pair is moved to the partner and decided when it ends.
 */
export function settlePartners(write: Flight<OverlapNote>): number[] {
  const unordered: number[] = []
  for (const partner of write.note.partners.splice(0)) {
    if (partner.end === Infinity && !partner.started) partner.note.partners.push(write)
    else if (!(partner.end < write.begin) && !(write.end < partner.begin)) unordered.push(partner.id)
  }
  return unordered
}
