import {overlaps, ToolError} from '../base/index.js'
import type {BenchOptions} from './bench.js'
import type {Cell, Turn} from './cell.js'
import type {JobSetup} from './job-setup.js'
import {openStage, type Stage} from './stage.js'
import {writes} from './workload.js'

/**
 * Opens the image once for each cell of a turn, under its mode. The first one that writes takes the locks for all of them.
 *
 * @returns the stages of the cells, in their order
 * @throws ToolError as openStage(); nothing is open then
 */
export async function openTurn(
  turn: Turn,
  {path, part, createBytes, stream}: Pick<BenchOptions, 'path' | 'part' | 'createBytes' | 'stream'>,
): Promise<Stage[]> {
  const isReadOnly = ({workload}: Cell): boolean => !(stream?.writes ?? writes(workload))
  const opened = new Map<Cell, Stage>()
  let beside: Stage | undefined
  try {
    for (const cell of turn.toSorted((a, b) => Number(isReadOnly(a)) - Number(isReadOnly(b)))) {
      const {mode, aio, workload} = cell
      const place = {path, part, createBytes, beside}
      const stage = await openStage({...place, mode, aio, readOnly: isReadOnly(cell), depth: workload.iodepth})
      opened.set(cell, stage)
      beside ??= stage
    }
  } catch (error) {
    for (const stage of opened.values()) stage.close()
    throw error
  }
  return turn.flatMap((cell) => opened.get(cell) ?? [])
}

/** The number of the first job of each cell: every job of a turn has one of its own, and with it requests of its own. */
export function firstJobs(turn: Turn): number[] {
  let jobs = 0
  return turn.map(({workload}) => (jobs += workload.numjobs) - workload.numjobs)
}

/** Jobs that run side by side. */
export function jobsIn(turn: Turn): number {
  return turn.reduce((sum, {workload}) => sum + workload.numjobs, 0)
}

/** Blocks that one job is to check again are nobody else's to write meanwhile. @throws ToolError of kind usage */
export function refuseMixedChecks(parts: readonly {readonly cell: Cell; readonly setup: JobSetup}[]): void {
  for (const {cell, setup} of parts) {
    if (!cell.workload.verify) continue
    const other = parts.find(
      (part) => part.cell !== cell && writes(part.cell.workload) && overlaps(rangeOf(part.setup), rangeOf(setup)),
    )
    if (other === undefined) continue
    const [name, beside] = [cell.settings.name, other.cell.settings.name]
    throw new ToolError('usage', 'E_BENCH_VERIFY', `${name} verifies what it writes, and ${beside} writes there too`, {
      hint: 'Give each its own part of the image with offset and size, or put stonewall between them.',
    })
  }
}

function rangeOf({region}: JobSetup): {offsetBytes: number; lengthBytes: number} {
  return {offsetBytes: region.offsetBytes, lengthBytes: region.sizeBytes}
}
