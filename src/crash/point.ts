import type {Tie} from '../durability/index.js'
import type {Content} from './contents.js'
import type {CrashModel} from './model.js'
import {shareAtom} from './units.js'

/**
 * The crash at one point of a trace: what each unit may hold then, and which contents cannot be there together. The images of the
 * point are all choices of one content per unit without a conflict between any two. Any choice for some units that has no conflict
 * is part of such an image: whoever chooses unit by unit never has to take one back.
 *
 * Why: shown writes, with all that their order of persistence needs, and what is durable, are a set of atoms that the model
 * allows (semantics 8.2); every other unit can show the newest of that set, or the content before the trace.
 */
export class CrashPoint {
  readonly model: CrashModel
  /** Events before the crash. */
  readonly event: number
  readonly #numbers = new Map<number, Int32Array>()
  readonly #needs = new Map<number, ReadonlySet<number>>()
  #direct: ReadonlyMap<number, readonly number[]> | undefined
  #risk: {readonly from: number; readonly to: number; readonly requests: readonly number[]}[] | undefined

  constructor(model: CrashModel, event: number) {
    this.model = model
    this.event = event
  }

  /** How many marks had been reached: the first so many of the model's. */
  get reached(): number {
    return this.model.marksBefore(this.event)
  }

  /** Whether contents of different units can be in conflict at all. */
  get isTied(): boolean {
    const {atom} = this.model.options
    return atom === 4096 || atom === 'request' || this.#directNeeds().size > 0
  }

  /**
   * Numbers, in the content store, of what a unit may hold. First what it holds if everything submitted reached the medium, then
   * the others, newest first, torn ones last.
   */
  contents(unit: number): Int32Array {
    let numbers = this.#numbers.get(unit)
    if (numbers === undefined) {
      numbers = Int32Array.from(this.#list(unit), (content) => this.model.contents.number(unit, content))
      this.#numbers.set(unit, numbers)
    }
    return numbers
  }

  /** Whether no image shows both: content `a` of unit `one` and content `b` of unit `other`, a different one. */
  conflicts(one: number, a: number, other: number, b: number): boolean {
    const {contents} = this.model
    const [shown, beside] = [contents.content(one, a), contents.content(other, b)]
    return this.#misses(one, shown, other, beside) || this.#misses(other, beside, one, shown)
  }

  /** Ids of the writes of a unit, ascending, that are neither there nor overwritten when it shows a content; torn ones too. */
  lost(unit: number, number: number): number[] {
    const content = this.model.contents.content(unit, number)
    const candidates = this.#candidates(unit)
    const isTorn = content.part === 'left' || content.part === 'right' || content.part === 'garbage'
    return candidates.filter((id) => id !== 0 && (id === content.writer ? isTorn : this.#isBefore(content.writer, id)))
  }

  #ledger() {
    return this.model.moment(this.event).ledger
  }

  #isBefore(first: number, second: number): boolean {
    return this.#ledger().isBefore(first, second)
  }

  /** What the ledger allows, less what the engine had not issued yet: that cannot be anywhere. */
  #candidates(unit: number): number[] {
    const {units, kind, replay} = this.model
    const ledger = this.#ledger()
    // What is sure on one sector of a unit may be unsure on another only where allocation decides.
    const sectors = kind === 'osCrash' && replay.mode.direct ? units.sectorsOf(unit) : [units.firstSectorOf(unit)]
    const ids = new Set(sectors.flatMap((sector) => ledger.candidates(kind, sector, units.writersOf(unit))))
    return [...ids].filter((id) => (replay.startedAt.get(id) ?? -1) < this.event).toSorted((a, b) => a - b)
  }

  #list(unit: number): Content[] {
    const ids = this.#candidates(unit)
    const first = ids.findLast((id) => !ids.some((other) => this.#isBefore(id, other))) ?? 0
    const newestFirst = [first, ...ids.filter((id) => id !== first).toReversed()]
    const plain = newestFirst.flatMap((id) => this.#plain(unit, id, ids))
    if (this.model.options.atom !== 'torn') return plain
    return [...plain, ...newestFirst.flatMap((id) => this.#torn(unit, id, ids))]
  }

  #plain(unit: number, id: number, ids: readonly number[]): Content[] {
    if (this.model.writes.get(id)?.effect !== 'discard') return [{writer: id, part: 'whole'}]
    const older = [0, ...this.model.units.writersOf(unit)].filter((other) => this.#isBefore(other, id))
    const old = older.filter(
      (other) => !older.some((between) => this.#isBefore(other, between)) && !ids.includes(other),
    )
    return [
      {writer: id, part: 'zero'},
      {writer: id, part: 'any'},
      ...old.filter((other) => this.#hasBytes(other)).map((under): Content => ({writer: id, part: 'old', under})),
    ]
  }

  #torn(unit: number, id: number, ids: readonly number[]): Content[] {
    if (!this.#hasBytes(id) || id === 0 || !this.#isAtRisk(unit, id)) return []
    const unders = ids.filter((other) => other !== id && this.#hasBytes(other) && !this.#isBefore(id, other))
    return [
      ...unders.flatMap((under): Content[] => [
        {writer: id, part: 'left', under},
        {writer: id, part: 'right', under},
      ]),
      {writer: id, part: 'garbage'},
    ]
  }

  /** A discard has no bytes of its own. */
  #hasBytes(id: number): boolean {
    return this.model.writes.get(id)?.effect !== 'discard'
  }

  #isAtRisk(unit: number, id: number): boolean {
    this.#risk ??= this.#ledger()
      .atRisk(this.model.kind)
      .ranges.map(({offsetBytes, lengthBytes, requests}) => ({
        from: offsetBytes,
        to: offsetBytes + lengthBytes,
        requests,
      }))
    const at = this.model.units.firstSectorOf(unit) * 512
    return this.#risk.some(({from, to, requests}) => from <= at && at < to && requests.includes(id))
  }

  /** Whether something that `shown` on one unit needs is missing on another, where `beside` is. */
  #misses(unit: number, shown: Content, other: number, beside: Content): boolean {
    const isBoth = shown.part === 'left' || shown.part === 'right'
    return (
      this.#missesNeeds(unit, shown.writer, other, beside) ||
      (isBoth && this.#missesNeeds(unit, shown.under ?? 0, other, beside))
    )
  }

  #missesNeeds(unit: number, writer: number, other: number, beside: Content): boolean {
    if (writer === 0) return false
    const {units, options, writes, kind, replay} = this.model
    const needs = this.#needsOf(writer)
    const isOneAtom = shareAtom(options.atom, units.firstSectorOf(unit), units.firstSectorOf(other))
    if (needs.size === 0 && !isOneAtom) return false
    // What survives here by itself says nothing of what it would have needed had it been lost elsewhere.
    if (kind === 'osCrash' && replay.mode.direct && !this.#isAtRisk(unit, writer)) return false
    return units.writersOf(other).some(
      (id) =>
        (needs.has(id) || (isOneAtom && id === writer)) &&
        writes.get(id)?.effect !== 'discard' && // anything at all is what a discard may leave
        !this.#isThere(id, beside),
    )
  }

  /** Whether a unit that shows a content has the data of a write, or has had it and was overwritten. */
  #isThere(id: number, {writer, part, under}: Content): boolean {
    const isTorn = part === 'left' || part === 'right' || part === 'garbage'
    if (writer === id) return !isTorn
    if (this.#isBefore(writer, id)) return false
    return !isTorn || under === undefined || !this.#isBefore(under, id)
  }

  /** All that has to be on the medium if a write is: what it needs, and what that needs. */
  #needsOf(writer: number): ReadonlySet<number> {
    let needs = this.#needs.get(writer)
    if (needs !== undefined) return needs
    const direct = this.#directNeeds()
    const found = new Set<number>()
    const open = [writer]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const need of direct.get(next) ?? []) {
        if (found.has(need)) continue
        found.add(need)
        open.push(need)
      }
    }
    found.delete(writer)
    this.#needs.set(writer, (needs = found))
    return needs
  }

  #directNeeds(): ReadonlyMap<number, readonly number[]> {
    if (this.#direct !== undefined) return this.#direct
    const direct = new Map<number, readonly number[]>()
    const add = ({request, needs}: Tie): void => {
      direct.set(request, [...(direct.get(request) ?? []), ...needs])
    }
    const {kind, options} = this.model
    this.#ledger().ties(kind).forEach(add)
    if (options.device === 'fifo' && kind !== 'processKill') this.#queueOrder().forEach(add)
    this.#direct = direct
    return direct
  }

  /** A device with one queue: each write needs the one before it. Once something has failed there is no such order. */
  #queueOrder(): Tie[] {
    const {ledger, completed, inFlight} = this.model.moment(this.event)
    if (ledger.isInDoubt || ledger.poisonings().length > 0) return []
    const {writes} = this.model
    const queue = [...completed.filter((id) => ledger.isVolatile(id)), ...[...inFlight].filter((id) => writes.has(id))]
    return queue.slice(1).map((request, i) => ({request, needs: [queue[i] ?? 0]}))
  }
}
