import type {CacheMode} from '../../src/cache-mode/index.js'
import {DISK, Ledger, type CrashKind, type Medium, type Tie} from '../../src/durability/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import {kindOfType, lower} from '../../src/request/index.js'
import type {SubmitEvent, TraceEvent} from '../../src/trace/index.js'

/** What a run is judged by. */
export interface Rules {
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  /** A disk unless told. */
  readonly medium?: Medium
  readonly sectors: number
}

/** Where a write lies, and between which events it was executed. */
interface Span {
  readonly first: number
  readonly sectors: number
  readonly tags: boolean
  started: boolean
  begin: number
  end: number
}

/** Every image that the ledger allows, as a text of writer ids: all that its sectors can be combined to, less what ties rule out. */
export function imagesAfter(events: readonly TraceEvent[], rules: Rules, kind: CrashKind): ReadonlySet<string> {
  const {mode, ordering, medium = DISK, sectors} = rules
  const ledger = new Ledger(mode, ordering, medium)
  for (const event of events) ledger.observe(event)
  let images: number[][] = [[]]
  for (let sector = 0; sector < sectors; sector++) {
    const candidates = ledger.candidates(kind, sector)
    images = images.flatMap((image) => candidates.map((id) => [...image, id]))
  }
  const isWhole = wholeness(events, rules, ledger.ties(kind))
  return new Set(images.filter(isWhole).map((image) => image.join(' ')))
}

/**
 * Whether an image breaks no tie. A tied write that shows is in the set behind the image, and so is what it needs: each of those
 * shows too, or is overwritten by something not ordered before it. Where no tied write shows, a set without them makes the same image.
 */
export function wholeness(
  events: readonly TraceEvent[],
  rules: Omit<Rules, 'sectors'>,
  ties: readonly Tie[],
): (image: readonly number[]) => boolean {
  const spans = spansOf(events, rules)
  const endOf = (id: number): number => (id === 0 ? -1 : (spans.get(id)?.end ?? Infinity))
  const keeps = (image: readonly number[], need: number): boolean => {
    const span = spans.get(need)
    if (span === undefined) return true
    return image.every((id, sector) => {
      const isWritten = span.first <= sector && sector < span.first + span.sectors
      return !isWritten || endOf(id) >= span.begin
    })
  }
  return (image) =>
    ties.every(({request, needs}) => !image.includes(request) || needs.every((need) => keeps(image, need)))
}

function spansOf(events: readonly TraceEvent[], rules: Omit<Rules, 'sectors'>): Map<number, Span> {
  const spans = new Map<number, Span>()
  const tags: {readonly id: number; readonly end: number}[] = []
  events.forEach((event, now) => {
    if (event.kind === 'submit') {
      const [first, sectors] = [event.offsetBytes / 512, event.lengthBytes / 512]
      spans.set(event.id, {first, sectors, tags: isTagged(event, rules), started: false, begin: now, end: Infinity})
    }
    const span = 'id' in event ? spans.get(event.id) : undefined
    if (span === undefined || !('id' in event)) return
    if (event.kind === 'start') {
      span.started = true
      if (event.held) span.begin = now
    }
    if (event.kind !== 'complete') return
    span.end = now
    if (!span.tags || !span.started) return
    span.begin = now - 0.5
    tags.push({id: event.id, end: now})
  })
  // A device that keeps what is behind a tag apart from it begins that after the tag's end.
  for (const [id, span] of spans) {
    const last = tags.findLast((tag) => tag.id < id)
    if (last !== undefined) span.begin = Math.max(span.begin, last.end + 0.5)
  }
  return spans
}

function isTagged(event: SubmitEvent, {mode, ordering}: Omit<Rules, 'sectors'>): boolean {
  if (event.plan !== undefined) return event.plan.tags
  const kind = kindOfType(event.type)
  return kind !== undefined && lower(kind, event.flags, mode, ordering).tags
}
