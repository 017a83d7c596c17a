import {formatBytesBoth, ToolError} from '../base/index.js'
import type {Cell, Turn} from './cell.js'
import type {OpenOptions} from '../image/index.js'
import {UnitMap} from './content.js'
import {WorkloadStream} from './request-stream.js'
import {setupOf} from './round.js'
import {openStage} from './stage.js'
import {firstJobs} from './turn.js'
import {unitsOf, verifyUnits, type Verified} from './verify.js'

function numbered(turn: Turn): {cell: Cell; firstJob: number}[] {
  const jobs = firstJobs(turn)
  return turn.map((cell, i) => ({cell, firstJob: jobs[i] ?? 0}))
}

/**
 * Reads what earlier runs of the same workloads have written, and nothing else.
 *
 * @throws ToolError of kind usage for a workload without an end, and as openImage
 */
export async function verifyImage(
  {path, part, name = path}: {readonly path: string; readonly part?: OpenOptions['part']; readonly name?: string},
  turns: readonly Turn[],
): Promise<(Verified & {readonly cell: string})[]> {
  const all: (Verified & {readonly cell: string})[] = []
  for (const {cell, firstJob} of turns.flatMap(numbered)) {
    const {mode, aio, workload, settings} = cell
    const stage = await openStage({path, part, mode, aio, readOnly: true, depth: 1, createBytes: undefined})
    try {
      const {region} = setupOf(cell, stage, name)
      if (region.totalBytes === Number.POSITIVE_INFINITY) {
        throw new ToolError('usage', 'E_BENCH_VERIFY', '--verify-only needs to know how much was written', {
          hint: `Say so with --io-size or --loops; the region has ${formatBytesBoth(region.sizeBytes)}.`,
        })
      }
      const units = new UnitMap(region.sizeBytes / workload.bs.minBytes)
      for (let job = 0; job < workload.numjobs; job++) {
        units.merge(unitsOf(new WorkloadStream(workload, region, firstJob + job), workload, region).bits)
      }
      all.push({...verifyUnits(units, workload, region, stage.target.read), cell: settings.name})
    } finally {
      stage.close()
    }
  }
  return all
}
