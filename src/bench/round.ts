import type {DiskModel} from '../aio/index.js'
import {countersBetween, diskCounters, type DiskCounters} from '../image/index.js'
import {withoutTags} from '../ordering/index.js'
import type {Cell} from './cell.js'
import {runCrew} from './crew.js'
import {runJob, type FinishedJob, type JobSetup} from './job-setup.js'
import type {PathChoice} from './path-choice.js'
import {recordRound} from './recording.js'
import {refuseShort, regionOf} from './region.js'
import type {RequestStream} from './request-stream.js'
import type {RoundResult} from './result.js'
import type {Stage} from './stage.js'
import {Tally} from './tally.js'
import {REPLAYS} from './trace-stream.js'

/** A cell on its open image. */
export interface RoundPart {
  readonly cell: Cell
  readonly stage: Stage
  readonly setup: JobSetup
  readonly path: PathChoice
}

/** What a round is run with. */
export interface RoundOptions {
  readonly round: number
  readonly diskModel: DiskModel | undefined
  readonly stream: RequestStream | undefined
  /** The trace to be recorded, and the image that it must not replace. */
  readonly record: {readonly name: string; readonly imagePath: string} | undefined
  readonly signal: AbortSignal
  readonly progress: (requests: number, elapsedNs: number) => void
}

/** The round of a cell, and what its report needs besides. */
export interface FinishedRound {
  readonly result: RoundResult
  readonly backend: string
  readonly failure: string | undefined
  readonly jobs: readonly FinishedJob[]
}

/** What a job of a cell needs on an open image. @throws ToolError of kind usage where the workload does not fit the image */
export function setupOf({mode, ordering, aio, workload, settings}: Cell, stage: Stage, imageName: string): JobSetup {
  const alignmentBytes = mode.direct ? stage.alignmentBytes : 1
  const place = {name: imageName, sizeBytes: stage.sizeBytes, alignmentBytes}
  const trace = settings.options[REPLAYS]
  if (trace !== undefined) refuseShort(trace, workload, place)
  return {
    target: stage.target,
    alignmentBytes,
    soleWriter: stage.soleWriter,
    mode,
    ordering,
    aio,
    inline: undefined,
    ring: undefined,
    diskModel: undefined,
    workload,
    region: regionOf(workload, place),
    job: 0,
    paced: workload.thinktimeNs > 0 || workload.rateIops !== undefined,
  }
}

/** Runs the cells of a turn once, side by side: all of their jobs, with what the process and the disk spent meanwhile. */
export async function runRound(parts: readonly RoundPart[], options: RoundOptions): Promise<FinishedRound[]> {
  const disk = parts[0]?.stage.disk
  const countDisk = (): DiskCounters | undefined => (disk === undefined ? undefined : diskCounters(disk))
  let used = process.resourceUsage()
  let counted = countDisk()
  const jobs = await runJobs(parts, options, async () => {
    used = process.resourceUsage()
    counted = countDisk()
  })
  const usedAfter = process.resourceUsage()
  const countedAfter = countDisk()
  const device =
    disk === undefined || counted === undefined || countedAfter === undefined
      ? undefined
      : {name: disk, ...countersBetween(counted, countedAfter)}
  const turnNs = Math.max(...jobs.flat().map(({runtimeNs}) => runtimeNs))
  return parts.map((part, i) => {
    // A simulated disk costs simulated time; what the simulation costs is nobody's business, and different each time.
    const cost = part.cell.aio === 'sim' ? NO_COST : costBetween(used, usedAfter)
    return finished(part, jobs[i] ?? [], {round: options.round, turnNs, ...cost, device})
  })
}

/** The jobs of each part. A single job runs on this thread, several run on threads of their own. */
async function runJobs(
  parts: readonly RoundPart[],
  {diskModel, stream, record, signal, progress}: RoundOptions,
  beforeMeasuring: () => Promise<void>,
): Promise<FinishedJob[][]> {
  const hooks = {signal, beforeMeasuring, progress}
  const [first] = parts
  if (first === undefined || parts.length > 1 || first.cell.workload.numjobs > 1) {
    const crew = parts.map(({setup, path, stage}) => ({
      setup: {...setup, inline: path.inline, ring: path.ring},
      reopen: stage.reopen,
    }))
    return runCrew(crew, hooks)
  }
  const {cell, setup, stage, path} = first
  const executed = cell.aio === 'sim' ? setup.ordering : withoutTags(setup.ordering)
  const recording = record && recordRound({...record, stage, ...setup, ordering: executed})
  try {
    const job = await runJob({...setup, inline: path.inline, ring: path.ring, diskModel, stream, recording}, hooks)
    recording?.commit()
    return [[job]]
  } finally {
    recording?.discard()
  }
}

function finished(
  {path}: RoundPart,
  jobs: readonly FinishedJob[],
  shared: Pick<RoundResult, 'round' | 'turnNs' | 'cpu' | 'usage' | 'device'>,
): FinishedRound {
  const sum = (pick: (job: FinishedJob) => number): number => jobs.reduce((total, job) => total + pick(job), 0)
  return {
    result: {
      ...shared,
      runtimeNs: Math.max(...jobs.map(({runtimeNs}) => runtimeNs)),
      read: together(jobs.map(({read}) => read)),
      write: together(jobs.map(({write}) => write)),
      flush: together(jobs.map(({flush}) => flush)),
      flushesWanted: sum(({flushesWanted}) => flushesWanted),
      flushesSent: sum(({flushesSent}) => flushesSent),
      depths: countsOf(jobs, ({depths}) => depths),
      submits: countsOf(jobs, ({submits}) => submits),
      completes: countsOf(jobs, ({completes}) => completes),
      errno: jobs.find(({errno}) => errno > 0)?.errno ?? 0,
      cutBy: jobs.find(({cutBy}) => cutBy === 'error')?.cutBy ?? jobs.find(({cutBy}) => cutBy !== undefined)?.cutBy,
    },
    backend: backendWords(jobs[0], path),
    failure: jobs.find(({failure}) => failure !== undefined)?.failure,
    jobs,
  }
}

const NO_COST: Pick<RoundResult, 'cpu' | 'usage'> = {
  cpu: {userNs: 0, systemNs: 0},
  usage: {contextSwitches: 0, majorFaults: 0, minorFaults: 0},
}

function costBetween(before: NodeJS.ResourceUsage, after: NodeJS.ResourceUsage): Pick<RoundResult, 'cpu' | 'usage'> {
  const spent = (of: keyof NodeJS.ResourceUsage): number => after[of] - before[of]
  return {
    cpu: {userNs: spent('userCPUTime') * 1e3, systemNs: spent('systemCPUTime') * 1e3},
    usage: {
      contextSwitches: spent('voluntaryContextSwitches') + spent('involuntaryContextSwitches'),
      majorFaults: spent('majorPageFault'),
      minorFaults: spent('minorPageFault'),
    },
  }
}

function countsOf(jobs: readonly FinishedJob[], of: (job: FinishedJob) => readonly number[]): number[] {
  const longest = Math.max(...jobs.map((job) => of(job).length))
  return Array.from({length: longest}, (_, many) => jobs.reduce((sum, job) => sum + (of(job)[many] ?? 0), 0))
}

function backendWords(job: FinishedJob | undefined, {why}: PathChoice): string {
  const backend = job?.backend ?? ''
  return backend.startsWith('uring') ? `${backend}; ${why}` : backend
}

function together(parts: readonly RoundResult['read'][]): RoundResult['read'] {
  if (parts.length === 1 && parts[0]) return parts[0]
  const sum = new Tally()
  for (const part of parts) sum.merge(part)
  return sum
}
