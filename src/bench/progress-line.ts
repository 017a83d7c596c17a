import {formatNs} from '../base/index.js'

/** Where a bench is. */
export interface ProgressState {
  /** Its name, or the names of all that run side by side. */
  readonly cell: string
  /** From 0. */
  readonly round: number
  readonly rounds: number
  /** Requests a second at the moment; undefined before that can be told. */
  readonly iops: number | undefined
  /** Until the end of the whole bench; undefined when that is not a matter of time. */
  readonly leftNs: number | undefined
}

/**
 * One line on how far a bench is: round, cell, IOPS at the moment, time left. Promises no more than `width` characters; the
 * name of the cell gives way first.
 */
export function progressLine(state: ProgressState, width: number): string {
  const {round, rounds, leftNs, cell} = state
  const iops = state.iops === undefined ? 'warming up' : `${Math.round(state.iops).toLocaleString('en')} IOPS`
  const left = leftNs === undefined ? '' : `, ${leftText(leftNs)} left`
  const head = `round ${round + 1}/${rounds} `
  const tail = `: ${iops}${left}`
  const room = width - head.length - tail.length
  if (room < 2) return `${head.trimEnd()}${tail}`.slice(0, Math.max(0, width))
  return `${head}${cell.length > room ? `${cell.slice(0, room - 1)}…` : cell}${tail}`
}

/** Seconds up to two minutes, then minutes; what is nearly over is not "0 s". */
function leftText(ns: number): string {
  if (ns < 1e9) return `< ${formatNs(1e9)}`
  if (ns < 120e9) return `${Math.round(ns / 1e9)} s`
  return `${Math.round(ns / 60e9)} min`
}
