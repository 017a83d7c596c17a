import type {Random} from '../../base/index.js'

/** What a version needs to know of the step that made it: has the step ended well? A failed step never does. */
export interface Writer {
  readonly ended: boolean
}

/** One version of something on its way to the medium. Never changed, only replaced. */
interface Version {
  /** Place in the order in which versions were applied, over the whole disk. */
  readonly order: number
  readonly writer: Writer
  /** The steps whose versions it covered up on their way: a sync that owed one of those owes this one in its place. */
  readonly covers: readonly Writer[]
  /** A failed sync gave it up: readable, but nothing moves it on any more. */
  readonly poisoned: boolean
}

export interface SectorVersion extends Version {
  readonly bytes: Uint8Array
}

/** `mapped`: the block has written storage of its own. False for a hole and for an unwritten extent. */
export interface BlockVersion extends Version {
  readonly mapped: boolean
}

const SOMEONE: readonly Writer[] = [{ended: true}]

/** Whether a sync queued now must make this version, or a newer one in its place, stable. */
export function isOwed(version: Version | undefined): boolean {
  return version !== undefined && !version.poisoned && [version.writer, ...version.covers].some(({ended}) => ended)
}

/** The covers of a version that takes the place of these. */
export function covering(...covered: readonly (Version | undefined)[]): readonly Writer[] {
  if (covered.some(isOwed)) return SOMEONE
  return covered.flatMap((version) => (version && !version.poisoned ? [...version.covers, version.writer] : []))
}

/** One place where sectors can be: the newest version of each, and what it knows of the blocks' allocation. */
export class Layer {
  readonly #sectors = new Map<number, SectorVersion>()
  readonly blocks = new Map<number, BlockVersion>()
  /** Sectors to draw from at random; may hold some that have gone. */
  #lots: number[] = []

  get sectors(): ReadonlyMap<number, SectorVersion> {
    return this.#sectors
  }

  put(sector: number, version: SectorVersion): void {
    const before = this.#sectors.get(sector)
    if (!before || before.poisoned) this.#lots.push(sector)
    this.#sectors.set(sector, version)
  }

  drop(sector: number): void {
    this.#sectors.delete(sector)
    if (this.#sectors.size === 0) this.#lots = []
  }

  /** A sector that is here, chosen by the generator and not offered again until it is put again. */
  draw(random: Random): number | undefined {
    while (this.#lots.length > 0) {
      const at = random.below(this.#lots.length)
      const sector = this.#lots[at]
      const last = this.#lots.pop()
      if (last !== undefined && at < this.#lots.length) this.#lots[at] = last
      if (sector !== undefined && this.#sectors.has(sector)) return sector
    }
    return undefined
  }

  /** Everything is gone. */
  clear(): void {
    this.#sectors.clear()
    this.blocks.clear()
    this.#lots = []
  }

  /** Takes over everything of another layer, as made by the given step. */
  adopt(other: Layer, writer: Writer): void {
    for (const [sector, version] of other.#sectors) this.put(sector, {...version, writer})
    for (const [block, version] of other.blocks) this.blocks.set(block, {...version, writer})
  }
}
