import {CACHE_MODES, type CacheMode} from '../cache-mode/index.js'
import {CRASH_KINDS, guarantees, survivors, type Survivors} from '../durability/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {figuresOfSort, type CellFigures} from './cell-figures.js'
import {factorText, verdictOf} from './difference.js'
import {pairedRatio} from './statistics.js'

/** What a cell is besides its workload. Everything else in its options belongs to the workload. */
const NOT_WORKLOAD: ReadonlySet<string> = new Set(['cache', 'aio'])

/** From the least to the most. */
const SURVIVAL: readonly Survivors[] = ['nothing', 'flushed', 'flushed or in place', 'completed']

/** Cells that differ in their mode only. */
export interface ModeGroup {
  /** What sets the group apart from the others, "" when there is only one. */
  readonly workload: string
  readonly cells: readonly CellFigures[]
}

/** The mode of a cell. */
export function modeOf(figures: CellFigures): CacheMode | undefined {
  return CACHE_MODES.find(({name}) => name === figures.cell.settings.mode)
}

/**
 * Cells with the same workload and backend, in the order they first come in.
 *
 * @param ignoring a word that may differ too
 */
export function groupsByWorkload(cells: readonly CellFigures[], ignoring = ''): ModeGroup[] {
  const groups = new Map<string, CellFigures[]>()
  for (const figures of cells) {
    const key = JSON.stringify([...workloadOf(figures)].filter(([word]) => word !== ignoring).toSorted(byWord))
    groups.set(key, [...(groups.get(key) ?? []), figures])
  }
  const all = [...groups.values()]
  return all.map((group) => ({workload: all.length === 1 ? '' : apart(group, all), cells: group}))
}

/**
 * Whether one mode guarantees all that another does: of each kind of crash at least the same writes survive, and no promise of the
 * other is missing. A second copy in host memory is a matter of cost, not of safety, and does not count. Computed from the facts of
 * the modes.
 */
export function guaranteesAtLeast(mode: CacheMode, other: CacheMode, ordering: OrderingMode): boolean {
  const kept = (of: CacheMode, kind: (typeof CRASH_KINDS)[number]): number => SURVIVAL.indexOf(survivors(of, kind))
  if (CRASH_KINDS.some((kind) => kept(mode, kind) < kept(other, kind))) return false
  const promises = (of: CacheMode): string[] =>
    guarantees(of, ordering)
      .filter(({id, holds}) => holds !== false && id !== 'G-NOHOSTCACHE')
      .map(({id}) => id)
  const given = new Set(promises(mode))
  return promises(other).every((id) => given.has(id))
}

/** Which mode is cheapest in a group, for each level of safety found in it, a sentence each. */
export function cheapestTexts({workload, cells}: ModeGroup, simulated: boolean): string[] {
  const found = cells.flatMap((figures) => {
    const mode = modeOf(figures)
    return mode === undefined ? [] : {figures, mode}
  })
  if (found.length < 2) return []
  const lead = workload === '' ? '' : `${workload}: `
  if (cells.every((figures) => figuresOfSort(figures, 'write') === undefined)) {
    const all = found.map(({figures}) => figures)
    return [`${lead}nothing was written, so that all modes guarantee the same: ${cheapestOf(all, simulated)}.`]
  }
  const ordering = orderingOf(cells)
  const told = new Set<string>()
  return found.flatMap(({mode: level}) => {
    if (!guarantees(level, ordering).some(({id, holds}) => id === 'G-FLUSH' && holds === true)) return []
    const enough = found.filter(({mode}) => guaranteesAtLeast(mode, level, ordering)).map(({figures}) => figures)
    const who = listOf(enough.map((figures) => figures.cell.settings.mode))
    if (enough.length < 2 || told.has(who)) return []
    told.add(who)
    return [`${lead}${who} guarantee at least what ${level.name} does: ${cheapestOf(enough, simulated)}.`]
  })
}

/** The cheapest as a clause: alone only when its interval is clear of all others. */
function cheapestOf(cells: readonly CellFigures[], simulated: boolean): string {
  const sorted = cells.toSorted((a, b) => b.iops.median - a.iops.median)
  const best = sorted[0] as CellFigures
  const ties = sorted.slice(1).filter((other) => verdictOf(best.iops, other.iops) !== 'fewer')
  const name = (figures: CellFigures): string => figures.cell.settings.mode
  if (ties.length > 0) {
    return `no difference can be called between ${listOf([best, ...ties].map(name))}, which are the cheapest`
  }
  const next = sorted[1] as CellFigures
  const times = factorText(pairedRatio(next.iopsByRound, best.iopsByRound, simulated).median)
  return `${name(best)} is the cheapest, with ${times} times the IOPS of ${name(next)}`
}

function orderingOf(cells: readonly CellFigures[]): OrderingMode {
  const name = cells[0]?.cell.settings.options['ordering'] ?? 'drain'
  return ORDERING_MODES.find((ordering) => ordering.name === name) ?? orderingModeOf('drain')
}

function workloadOf({cell: {settings}}: CellFigures): Map<string, string> {
  const own = Object.entries(settings.options).filter(([word]) => !NOT_WORKLOAD.has(word))
  return new Map([...own, ['backend', settings.aio]])
}

/** The words of a group's workload that not all groups say alike. */
function apart(group: readonly CellFigures[], all: readonly (readonly CellFigures[])[]): string {
  const workloads = all.map((cells) => workloadOf(cells[0] as CellFigures))
  return [...workloadOf(group[0] as CellFigures)]
    .filter(([word, value]) => workloads.some((other) => other.get(word) !== value))
    .map(([word, value]) => `${word} ${value}`)
    .join(', ')
}

/** "a", "a and b", "a, b and c". */
function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function byWord([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}
