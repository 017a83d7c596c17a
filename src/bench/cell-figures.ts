import {Histogram} from '../base/index.js'
import type {CellResult, DirectionResult, DiskWork, RoundResult} from './result.js'
import {spreadOf, type RoundValue, type Spread} from './statistics.js'

/** The sorts of requests that are timed apart. */
export const REQUEST_SORTS = ['read', 'write', 'flush'] as const
export type RequestSort = (typeof REQUEST_SORTS)[number]

/** What one sort of request did in all rounds of a cell that count. */
export interface SortFigures {
  readonly sort: RequestSort
  readonly requests: number
  readonly bytes: number
  readonly errors: number
  /** Requests a second. */
  readonly rate: Spread
  /** Of all rounds together. */
  readonly latency: Histogram
}

/** The figures of one cell. */
export interface CellFigures {
  readonly cell: CellResult
  readonly name: string
  /** The rounds that count: all that ran to their end, or whatever there is when none did. */
  readonly rounds: readonly RoundResult[]
  /** Rounds that were cut short and do not count. */
  readonly roundsLeftOut: number
  /** The rounds that count were cut short themselves. */
  readonly cut: boolean
  readonly runtimeNs: number
  /** With the time of others that ran side by side and took longer. */
  readonly turnNs: number
  /** Requests that move data, a second; flushes where there is nothing else. */
  readonly iops: Spread
  readonly iopsByRound: readonly RoundValue[]
  /** What `iops` counts: "reads and writes", "flushes". */
  readonly counted: string
  readonly bytesPerSecond: Spread
  /** Only those that were asked for. */
  readonly sorts: readonly SortFigures[]
  /** Of the time it ran, as a share of one processor. */
  readonly cpu: {readonly user: number; readonly system: number}
  readonly flushesWanted: number
  readonly flushesSent: number
  /** Undefined where one of the rounds could not see it. */
  readonly device: DiskWork | undefined
}

/** Puts the rounds of a cell together. @param simulated its rounds are the same every time, not samples */
export function cellFigures(cell: CellResult, simulated: boolean): CellFigures {
  const whole = cell.rounds.filter(({cutBy}) => cutBy === undefined)
  const rounds = whole.length > 0 ? whole : cell.rounds
  const sorts = REQUEST_SORTS.map((sort) => sortFigures(sort, rounds, simulated)).filter(
    ({requests, errors}) => requests + errors > 0,
  )
  const moving = sorts.filter(({sort}) => sort !== 'flush').map(({sort}) => sort)
  const counting: readonly RequestSort[] = moving.length > 0 ? moving : ['flush']
  const iopsByRound = rounds.map((round) => ({
    round: round.round,
    value: perSecond(
      total(counting, (sort) => round[sort].requests),
      round,
    ),
  }))
  const runtimeNs = total(rounds, (round) => round.runtimeNs)
  const turnNs = total(rounds, (round) => round.turnNs)
  return {
    cell,
    name: cell.settings.name,
    rounds,
    roundsLeftOut: cell.rounds.length - rounds.length,
    cut: whole.length === 0 && rounds.length > 0,
    runtimeNs,
    turnNs,
    iops: spreadOf(
      iopsByRound.map(({value}) => value),
      simulated,
    ),
    iopsByRound,
    counted: counting.map((sort) => (sort === 'flush' ? 'flushes' : `${sort}s`)).join(' and '),
    bytesPerSecond: spreadOf(
      rounds.map((round) => perSecond(round.read.bytes + round.write.bytes, round)),
      simulated,
    ),
    sorts,
    cpu: {
      user: share(
        total(rounds, ({cpu}) => cpu.userNs),
        turnNs,
      ),
      system: share(
        total(rounds, ({cpu}) => cpu.systemNs),
        turnNs,
      ),
    },
    flushesWanted: total(rounds, (round) => round.flushesWanted),
    flushesSent: total(rounds, (round) => round.flushesSent),
    device: deviceFigures(rounds),
  }
}

/** The figures of one sort of request, if there was one. */
export function figuresOfSort(figures: CellFigures, sort: RequestSort): SortFigures | undefined {
  return figures.sorts.find((candidate) => candidate.sort === sort)
}

function sortFigures(sort: RequestSort, rounds: readonly RoundResult[], simulated: boolean): SortFigures {
  const parts: DirectionResult[] = rounds.map((round) => round[sort])
  const latency = new Histogram()
  for (const part of parts) latency.merge(part.latency)
  return {
    sort,
    requests: total(parts, ({requests}) => requests),
    bytes: total(parts, ({bytes}) => bytes),
    errors: total(parts, ({errors}) => errors),
    rate: spreadOf(
      rounds.map((round) => perSecond(round[sort].requests, round)),
      simulated,
    ),
    latency,
  }
}

function deviceFigures(rounds: readonly RoundResult[]): CellFigures['device'] {
  const devices = rounds.flatMap(({device}) => device ?? [])
  if (devices.length === 0 || devices.length < rounds.length) return undefined
  return devices.reduce((sum, device) => plus(sum, device))
}

function plus(one: DiskWork, other: DiskWork): DiskWork {
  const {name, ...counters} = one
  const names = Object.keys(counters) as (keyof typeof counters)[]
  return {...one, ...Object.fromEntries(names.map((key) => [key, one[key] + other[key]])), name}
}

function total<T>(parts: readonly T[], of: (part: T) => number): number {
  return parts.reduce((sum, part) => sum + of(part), 0)
}

/** A round that was cut off before its clock moved did nothing in no time. */
function perSecond(amount: number, {runtimeNs}: RoundResult): number {
  return runtimeNs > 0 ? amount / (runtimeNs / 1e9) : 0
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}
