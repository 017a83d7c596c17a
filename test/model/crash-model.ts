import type {CacheMode} from '../../src/cache-mode/index.js'
import {Ledger, type CrashKind, type Tie} from '../../src/durability/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import {kindOfType, lower} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {bruteForce} from '../durability/brute-force.js'

/** What a run is judged by. */
export interface Rules {
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly sectors: number
}

/** Says which images, as texts of writer ids, a crash of a kind may leave after the events. */
export type Judge = (events: readonly TraceEvent[], rules: Rules, kind: CrashKind) => ReadonlySet<string>

interface Span {
  readonly type: number
  readonly flags: number
  readonly first: number
  readonly sectors: number
  begin: number
  end: number
}

/** What the ledger allows: everything its sectors can be combined to, less what its ties rule out. */
export const byLedger: Judge = (events, {mode, ordering, sectors}, kind) => {
  const ledger = new Ledger(mode, ordering)
  for (const event of events) ledger.observe(event)
  let images: number[][] = [[]]
  for (let sector = 0; sector < sectors; sector++) {
    const candidates = ledger.candidates(kind, sector)
    images = images.flatMap((image) => candidates.map((id) => [...image, id]))
  }
  return withoutBrokenTies(images, ledger.ties(kind), spansOf(events))
}

/** What the definition allows (semantics 8.2), with the ties of writes that wait for a sync first (8.6). */
export const byDefinition: Judge = (events, {mode, ordering, sectors}, kind) => {
  const {images} = bruteForce(events, mode, ordering, kind, sectors)
  const spans = spansOf(events)
  const ties: Tie[] = []
  for (const [id, span] of spans) {
    const request = kindOfType(span.type)
    if (request === undefined || !request.writes || span.end < Infinity) continue
    if (!lower(request, span.flags, mode, ordering).preSync) continue
    const covers = [...spans].filter(([, other]) => kindOfType(other.type)?.writes && other.end < span.begin)
    ties.push({request: id, needs: covers.map(([cover]) => cover)})
  }
  const lists = [...images].map((image) => image.split(' ').map(Number))
  return withoutBrokenTies(lists, kind === 'processKill' ? [] : ties, spans)
}

function spansOf(events: readonly TraceEvent[]): Map<number, Span> {
  const spans = new Map<number, Span>()
  events.forEach((event, now) => {
    if (event.kind === 'submit') {
      const {type, flags} = event
      const [first, sectors] = [event.offsetBytes / 512, event.lengthBytes / 512]
      spans.set(event.id, {type, flags, first, sectors, begin: now, end: Infinity})
    }
    const span = 'id' in event ? spans.get(event.id) : undefined
    if (span === undefined) return
    if (event.kind === 'start' && event.held) span.begin = now
    if (event.kind === 'complete') span.end = now
  })
  return spans
}

/**
 * A tied write that shows is in the set behind the image, and so is what it covers: each of those shows too, or is overwritten by
 * something not ordered before it. Where no tied write shows, a set without them makes the same image.
 */
function withoutBrokenTies(
  images: readonly (readonly number[])[],
  ties: readonly Tie[],
  spans: ReadonlyMap<number, Span>,
): Set<string> {
  const endOf = (id: number): number => (id === 0 ? -1 : (spans.get(id)?.end ?? Infinity))
  const keeps = (image: readonly number[], cover: number): boolean => {
    const span = spans.get(cover)
    return image.every((id, sector) => {
      const isCovered = span && span.first <= sector && sector < span.first + span.sectors
      return !isCovered || endOf(id) >= span.begin
    })
  }
  const isWhole = (image: readonly number[]): boolean =>
    ties.every(({request, needs}) => !image.includes(request) || needs.every((cover) => keeps(image, cover)))
  return new Set(images.filter(isWhole).map((image) => image.join(' ')))
}
