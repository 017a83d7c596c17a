import {ToolError} from '../base/index.js'
import type {Cell} from './cell.js'

/** Flags of the command that are about all cells. */
export interface BenchFlags {
  readonly disk?: string | undefined
  readonly preallocate?: boolean | undefined
  readonly create?: bigint | undefined
  readonly timing?: 'speed' | 'trace' | undefined
  readonly trace?: string | undefined
  readonly record?: string | undefined
  readonly rounds?: number | undefined
  readonly 'allow-write'?: boolean | undefined
  readonly 'sync-methods'?: boolean | undefined
  readonly 'verify-only'?: boolean | undefined
}

/** Refuses flags that mean nothing beside each other. @throws ToolError of kind usage */
export function refuseConflicts(flags: BenchFlags, cells: readonly Cell[]): void {
  const {disk, preallocate, create, timing, trace, record, rounds = 1} = flags
  const simulated = cells.filter(({aio}) => aio === 'sim')
  if (simulated.length > 0 && simulated.length < cells.length)
    throw refusal('--aio sim measures simulated time, the others real time', 'Run them apart.')
  if (disk !== undefined && simulated.length === 0)
    throw refusal('--disk is the cost of a simulated drive', 'Add --aio sim: the image is then only read.')
  if (preallocate && create === undefined && !flags['allow-write'])
    throw refusal('--preallocate changes the image', 'Add --allow-write, or --create SIZE for an image of its own.')
  if (
    record !== undefined &&
    (cells.length > 1 || rounds > 1 || trace !== undefined || cells[0]?.workload.numjobs !== 1)
  )
    throw refusal(
      '--record is for one run of one job',
      'Name one value in each flag, and leave out --rounds and --trace.',
    )
  if (timing === 'trace' && trace === undefined)
    throw refusal('--timing trace is about a trace, and none is named', 'Add --trace FILE.')
  if (flags['verify-only'] && simulated.length > 0)
    throw refusal(
      '--verify-only reads what an earlier run has written, and a simulated disk is gone with its run',
      'Use --verify, or leave out --aio sim.',
    )
  if (trace !== undefined && cells.some(({workload}) => workload.verify || workload.numjobs > 1))
    throw refusal('--trace replays one sequence of requests', 'Leave out --verify and --numjobs.')
  if (flags['sync-methods'] && (simulated.length > 0 || trace !== undefined))
    throw refusal('--sync-methods measures system calls on this machine', 'Leave out --aio sim and --trace.')
}

/** What may stand beside --compare, which measures nothing. */
const COMPARING: ReadonlySet<string> = new Set(['compare', 'fail-under', 'export', 'format', 'json', 'no-color'])

/** Refuses flags about a measurement where none is made. @throws ToolError of kind usage */
export function refuseBesideCompare(flags: Readonly<Record<string, unknown>>): void {
  const other = Object.keys(flags).find((name) => {
    const plain = name === 'timing' && flags[name] === 'speed' // its default
    return !COMPARING.has(name) && !plain && flags[name] !== undefined
  })
  if (other === undefined) return
  throw refusal(`--${other} is about a measurement, and --compare makes none`, 'Leave it out.')
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_BENCH_FLAGS', message, {hint})
}
