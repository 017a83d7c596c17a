import {completed, type CrashPoint, type CrashState} from '../crash/index.js'

/** Puts images of one crash point together from what somebody wishes its units to show. */
export class Assembly {
  readonly #point: CrashPoint
  /** Units that may hold more than one content, ascending. */
  readonly #units: readonly number[] = []
  /** By place in #units: indices into the contents, those with the same bytes once where nothing binds units. */
  readonly #options: readonly (readonly number[])[] = []
  /** Position of a write among those at risk, in the order in which they completed, then that of their ids. */
  readonly #ranks = new Map<number, number>()
  /** Ids of the writes that some unit may show or not, by rank. */
  readonly writers: readonly number[]

  constructor(point: CrashPoint) {
    this.#point = point
    const options = Array.from({length: point.model.units.count}, (_, unit) => ({unit, list: optionsOf(point, unit)}))
    const open = options.filter(({list}) => list.length > 1)
    this.#units = open.map(({unit}) => unit)
    this.#options = open.map(({list}) => list)
    const {completed: order} = point.model.moment(point.event)
    const place = new Map(order.map((id, i) => [id, i]))
    const ids = new Set(this.#units.flatMap((_, i) => this.#options[i]?.map((_, j) => this.#writer(i, j)) ?? []))
    ids.delete(0)
    this.writers = [...ids].toSorted((a, b) => (place.get(a) ?? Infinity) - (place.get(b) ?? Infinity) || a - b)
    this.writers.forEach((id, rank) => this.#ranks.set(id, rank))
  }

  /** How many contents each open unit may show. */
  get widths(): readonly number[] {
    return this.#options.map(({length}) => length)
  }

  /** The product of the widths: the number of images where nothing binds units together. */
  count(): bigint {
    return this.widths.reduce((count, width) => count * BigInt(width), 1n)
  }

  /**
   * The image that shows, unit by unit, what is wished if that goes with what was chosen before, else the content that loses least
   * among those that do.
   *
   * @param wishes by open unit, a number below its width
   */
  assemble(wishes: readonly number[]): CrashState {
    const point = this.#point
    const chosen: {unit: number; number: number; isFirst: boolean}[] = []
    const choices = new Map<number, number>()
    const goes = (unit: number, index: number): boolean => {
      if (!point.isTied) return true
      const number = point.contents(unit)[index] ?? 0
      // First contents go with each other.
      return chosen.every(
        (other) => (index === 0 && other.isFirst) || !point.conflicts(unit, number, other.unit, other.number),
      )
    }
    this.#units.forEach((unit, i) => {
      const list = this.#options[i] ?? []
      const wish = list[wishes[i] ?? 0] ?? 0
      const index = goes(unit, wish) ? wish : (list.find((other) => goes(unit, other)) ?? 0)
      chosen.push({unit, number: point.contents(unit)[index] ?? 0, isFirst: index === 0})
      if (index !== 0) choices.set(unit, index)
    })
    return {point, choices}
  }

  /** Each unit shows the newest of these writes that it may show, or what is oldest. */
  ofWrites(kept: ReadonlySet<number>): CrashState {
    return this.assemble(this.#units.map((_, i) => this.#newest(i, kept)))
  }

  /** Every image; only where nothing binds units together. */
  *all(): Generator<CrashState> {
    const {widths} = this
    const wishes = widths.map(() => 0)
    for (;;) {
      yield this.assemble(wishes)
      let i = widths.length - 1
      while (i >= 0 && (wishes[i] ?? 0) + 1 >= (widths[i] ?? 0)) wishes[i--] = 0
      if (i < 0) return
      wishes[i] = (wishes[i] ?? 0) + 1
    }
  }

  /** The first so many writes are there, the others not: all of them first, then one less each time. */
  *prefixes(): Generator<CrashState> {
    yield this.#nothingLost()
    for (let length = this.writers.length - 1; length >= 0; length--) {
      yield this.ofWrites(new Set(this.writers.slice(0, length)))
    }
  }

  /** All but one write; then all but one unit, which shows each of its other contents. */
  *singleDrops(): Generator<CrashState> {
    for (const id of this.writers) yield this.ofWrites(new Set(this.writers.filter((other) => other !== id)))
    yield* this.#singles(this.#units.map(() => 0))
  }

  /** Nothing but one write; then nothing but what one unit shows, each of its contents. */
  *singleKeeps(): Generator<CrashState> {
    for (const id of this.writers) yield this.ofWrites(new Set([id]))
    yield* this.#singles(this.#units.map((_, i) => this.#newest(i, new Set())))
  }

  /** Whole writes are there or not: two missing, all but two missing, three missing ... */
  *writeSubsets(): Generator<CrashState> {
    const {length} = this.writers
    for (let size = 2; size * 2 <= length; size++) {
      for (const few of combinations(this.writers, size)) {
        const set = new Set(few)
        yield this.ofWrites(new Set(this.writers.filter((id) => !set.has(id))))
      }
      if (size * 2 === length) return
      for (const few of combinations(this.writers, size)) yield this.ofWrites(new Set(few))
    }
  }

  /** For any two units and contents that go together an image with both, which loses nothing else. */
  *pairs(): Generator<CrashState> {
    const point = this.#point
    for (const [i, unit] of this.#units.entries()) {
      for (const [j, other] of this.#units.entries()) {
        if (j >= i) break
        for (const index of this.#options[i] ?? []) {
          for (const beside of this.#options[j] ?? []) {
            const [a, b] = [point.contents(unit)[index] ?? 0, point.contents(other)[beside] ?? 0]
            if (point.conflicts(unit, a, other, b)) continue
            yield completed(
              point,
              new Map([
                [other, b],
                [unit, a],
              ]),
            )
          }
        }
      }
    }
  }

  *#singles(wishes: readonly number[]): Generator<CrashState> {
    for (const [i, wish] of wishes.entries()) {
      for (let other = 0; other < (this.#options[i]?.length ?? 0); other++) {
        if (other !== wish) yield this.assemble(wishes.with(i, other))
      }
    }
  }

  #nothingLost(): CrashState {
    return {point: this.#point, choices: new Map()}
  }

  #newest(i: number, kept: ReadonlySet<number>): number {
    const list = this.#options[i] ?? []
    let [best, bestRank, oldest, oldestRank] = [-1, -1, 0, Infinity]
    for (let j = 0; j < list.length; j++) {
      const id = this.#writer(i, j)
      const rank = this.#ranks.get(id) ?? -1
      if (!this.#isPlain(i, j)) continue
      if (kept.has(id) && rank > bestRank) [best, bestRank] = [j, rank]
      if (rank < oldestRank) [oldest, oldestRank] = [j, rank]
    }
    return best >= 0 ? best : oldest
  }

  #writer(i: number, j: number): number {
    return this.#content(i, j).writer
  }

  #isPlain(i: number, j: number): boolean {
    const {part} = this.#content(i, j)
    return part === 'whole' || part === 'zero'
  }

  #content(i: number, j: number) {
    const unit = this.#units[i] ?? 0
    const number = this.#point.contents(unit)[this.#options[i]?.[j] ?? 0] ?? 0
    return this.#point.model.contents.content(unit, number)
  }
}

/** Indices into the contents of a unit. Where units are bound, equal bytes of different writes are not the same choice. */
function optionsOf(point: CrashPoint, unit: number): number[] {
  const numbers = point.contents(unit)
  const indices = Array.from(numbers, (_, index) => index)
  if (point.isTied || indices.length === 1) return indices
  const classes = Array.from(numbers, (number) => point.model.contents.classOf(unit, number))
  return indices.filter((index) => classes.indexOf(classes[index] ?? 0) === index)
}

function* combinations(ids: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield []
    return
  }
  for (let i = from; i + size <= ids.length; i++) {
    for (const rest of combinations(ids, size - 1, i + 1)) yield [ids[i] ?? 0, ...rest]
  }
}
