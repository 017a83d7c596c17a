import {formatNs} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {figuresOfSort, type CellFigures} from './cell-figures.js'
import {factorText} from './difference.js'

/** What flushing costs in one place, compared with writing. */
export interface FlushCost {
  /** "writeback", or "writeback (name of a cell)". */
  readonly where: string
  readonly flushNs: number
  readonly writeNs: number
  /** How many writes could have been made instead. */
  readonly equivalentWrites: number
  /** `latencies`: measured one after the other. `rates`: from two cells that flush more and less often. */
  readonly method: 'latencies' | 'rates'
}

/**
 * With one request in flight a flush and a write simply take their time, and the ratio of their means is the price. Undefined where
 * more may be in flight, since a latency then holds waiting for others, and where nothing was flushed.
 */
export function costByLatencies(figures: CellFigures): FlushCost | undefined {
  const {iodepth, numjobs} = figures.cell.settings.options
  if ((iodepth ?? '1') !== '1' || (numjobs ?? '1') !== '1' || figures.flushesSent === 0) return undefined
  const flushNs = figuresOfSort(figures, 'flush')?.latency.mean ?? 0
  const writeNs = figuresOfSort(figures, 'write')?.latency.mean ?? 0
  if (flushNs === 0 || writeNs === 0) return undefined
  const {mode} = figures.cell.settings
  const where = figures.name === mode ? mode : `${mode} (${figures.name})`
  return {where, flushNs, writeNs, equivalentWrites: flushNs / writeNs, method: 'latencies'}
}

/**
 * At any depth: the time a write takes of the whole is its own and its share of flushes, so two cells of the same workload that
 * flush more and less often give both. Undefined when reads share the time, or when noise is larger than the price.
 */
export function costByRates(cells: readonly CellFigures[]): FlushCost | undefined {
  const points = cells.flatMap((figures) => {
    const writes = figuresOfSort(figures, 'write')?.requests ?? 0
    if (writes === 0 || figuresOfSort(figures, 'read') !== undefined) return []
    const flushes = figuresOfSort(figures, 'flush')?.requests ?? 0
    return {flushesPerWrite: flushes / writes, nsPerWrite: figures.runtimeNs / writes, mode: figures.cell.settings.mode}
  })
  const sorted = points.toSorted((a, b) => a.flushesPerWrite - b.flushesPerWrite)
  const [few, many] = [sorted[0], sorted.at(-1)]
  if (few === undefined || many === undefined || many.flushesPerWrite === few.flushesPerWrite) return undefined
  const flushNs = (many.nsPerWrite - few.nsPerWrite) / (many.flushesPerWrite - few.flushesPerWrite)
  const writeNs = few.nsPerWrite - few.flushesPerWrite * flushNs
  if (flushNs <= 0 || writeNs <= 0) return undefined
  return {where: few.mode, flushNs, writeNs, equivalentWrites: flushNs / writeNs, method: 'rates'}
}

/** The price as a sentence. */
export function flushCostText({where, flushNs, writeNs, equivalentWrites, method}: FlushCost, mode: CacheMode): string {
  const writes = equivalentWrites < 1 ? 'less than one write' : `as much as ${writesText(equivalentWrites)}`
  const how =
    method === 'latencies'
      ? `${formatNs(flushNs)} on average, a write ${formatNs(writeNs)}`
      : `${formatNs(flushNs)} more for each, where a write takes ${formatNs(writeNs)} of the time`
  const stable = mode.dsync ? '; writes are stable there when they complete, and pay for it themselves' : ''
  return `A flush costs ${writes} under ${where}: ${how}${stable}.`
}

function writesText(count: number): string {
  const text = factorText(count)
  return text === '1' ? 'one write' : `${text} writes`
}
