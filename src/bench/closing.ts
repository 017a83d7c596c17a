import type {CacheMode} from '../cache-mode/index.js'
import type {HostFacts} from '../image/index.js'
import {figuresOfSort, type CellFigures} from './cell-figures.js'
import {cheapestTexts, groupsByWorkload, modeOf} from './cheapest-mode.js'
import {costByLatencies, costByRates, flushCostText, type FlushCost} from './flush-cost.js'
import type {BenchResult} from './result.js'

/** Whether syncs of this host look real, as `hostFacts` finds it. */
export type SyncFinding = HostFacts['syncProbe']

/**
 * What the figures amount to, in sentences: what a flush costs here, which mode is cheapest among those that guarantee the same, and
 * whether a sync of this host can have reached a medium.
 */
export function closingTexts(
  result: BenchResult,
  cells: readonly CellFigures[],
  sync: SyncFinding | undefined,
): readonly string[] {
  const measured = cells.filter(({rounds}) => rounds.length > 0)
  const alone = measured.filter(({cell}) =>
    cells.every((other) => other.cell === cell || other.cell.turn !== cell.turn),
  )
  const groups = groupsByWorkload(alone)
  const memory = sync !== undefined && 'verdict' in sync && sync.verdict.reaches === 'no'
  return [
    ...flushTexts(alone),
    ...(alone.length < measured.length ? [BESIDE] : []),
    ...(memory
      ? ['No mode guarantees anything here that outlives the host, and a cost without a guarantee is not compared.']
      : groups.flatMap((group) => cheapestTexts(group, result.simulated))),
    ...(result.simulated ? [SIMULATED] : syncTexts(measured, sync)),
  ]
}

const BESIDE =
  'Jobs that ran side by side slow each other down: what a flush costs, and which mode is cheapest, is told of jobs by themselves.'

const SIMULATED =
  'The disk is simulated: times are those of its model, the same on every machine, and say nothing of this host.'

/** One sentence for each mode that was asked to flush. */
function flushTexts(cells: readonly CellFigures[]): string[] {
  const modes = new Set(cells.map(({cell}) => cell.settings.mode))
  return [...modes].flatMap((name) => {
    const own = cells.filter(({cell}) => cell.settings.mode === name)
    const mode = own[0] && modeOf(own[0])
    if (mode === undefined || own.every((figures) => figuresOfSort(figures, 'flush') === undefined)) return []
    if (own.every(({flushesSent}) => flushesSent === 0)) return [unsentText(mode)]
    const cost = costOf(own)
    return cost === undefined ? [] : [flushCostText(cost, mode)]
  })
}

/** Why no flush of those that were asked for was sent. */
function unsentText({name, dsync, noFlush}: CacheMode): string {
  if (noFlush) return `Under ${name} flushes are answered and not sent: they cost nothing and make nothing stable.`
  if (dsync) return `Under ${name} no flush had to be sent: each write pays for its own stability.`
  return `Under ${name} no flush was sent to the host.`
}

/** Measured at depth 1 where there is such a cell; else from the first cells that differ in how often they flush and in nothing else. */
function costOf(cells: readonly CellFigures[]): FlushCost | undefined {
  for (const figures of cells) {
    const cost = costByLatencies(figures)
    if (cost !== undefined) return cost
  }
  for (const {cells: alike} of groupsByWorkload(cells, 'flush-every')) {
    const cost = costByRates(alike)
    if (cost !== undefined) return cost
  }
  return undefined
}

function syncTexts(cells: readonly CellFigures[], sync: SyncFinding | undefined): string[] {
  return [...(sync === undefined ? [] : [syncText(sync)]), ...deviceTexts(cells)]
}

function syncText(sync: SyncFinding): string {
  if ('skipped' in sync) return `Whether a sync here reaches a medium was not measured: ${sync.skipped}.`
  return `${sync.verdict.text} ${sync.verdict.certainty}`
}

/** What the disk below saw of the flushes. It counts those of everybody, so that many prove little, but none says much. */
function deviceTexts(cells: readonly CellFigures[]): string[] {
  const seen = cells.filter(({device, flushesSent}) => device !== undefined && flushesSent > 0)
  const name = seen[0]?.device?.name
  if (name === undefined) return []
  const sent = seen.reduce((sum, {flushesSent}) => sum + flushesSent, 0)
  // Cells of one turn have seen the same flushes.
  const turns = new Map(seen.map(({cell, device}) => [cell.turn, device?.flushes ?? 0]))
  const flushes = [...turns.values()].reduce((sum, count) => sum + count, 0)
  if (flushes > 0)
    return [`The host was sent ${sent} syncs, and ${name} completed ${flushes} flushes meanwhile, for everybody.`]
  return [
    `The host was sent ${sent} syncs, and ${name} completed no flush meanwhile: it has no volatile cache, or says so, or something above it keeps flushes to itself.`,
  ]
}
