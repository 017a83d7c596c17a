import type {DiskModel} from '../aio/index.js'
import {refuseImage} from '../archive/index.js'
import {ToolError} from '../base/index.js'
import {syncFacts, type OpenOptions} from '../image/index.js'
import type {Cell, Turn} from './cell.js'
import {UnitMap} from './content.js'
import type {SyncFinding} from './closing.js'
import {choosePath, type PathChoice} from './path-choice.js'
import {makeImage, preallocateImage} from './prepare.js'
import {RecentRate} from './recent-rate.js'
import type {RequestStream} from './request-stream.js'
import type {BenchResult, CellResult, RoundResult} from './result.js'
import type {JobSetup} from './job-setup.js'
import {runRound, setupOf, type FinishedRound, type RoundPart} from './round.js'
import {firstJobs, jobsIn, openTurn, refuseMixedChecks} from './turn.js'
import {rotated} from './rotation.js'
import type {Stage} from './stage.js'
import {verifyUnits, type Verified} from './verify.js'
import {writes} from './workload.js'

/** What the bench is at. */
export interface BenchProgress {
  /** Its name; names with commas between where several run side by side. */
  readonly cell: string
  readonly round: number
  readonly rounds: number
  /** Requests ended in this round. */
  readonly requests: number
  /** Requests a second at the moment; undefined before that can be told. */
  readonly iops: number | undefined
  /** Of the whole bench, as far as it is a matter of time. */
  readonly leftNs: number | undefined
}

/** What to measure, and where. */
export interface BenchOptions {
  readonly path: string
  /** The part of it to work on, a partition, as if the rest were not there. */
  readonly part?: OpenOptions['part']
  /** What it is called in messages and reports, where that is not its path. */
  readonly name?: string
  readonly turns: readonly Turn[]
  readonly rounds: number
  /** Make an image of this size first, and remove it at the end. */
  readonly createBytes: number | undefined
  /** Give every block an allocation before anything is measured. */
  readonly preallocate: boolean
  readonly diskModel: DiskModel | undefined
  /** Requests of somewhere else than the workload, anew for each round. */
  readonly stream: {readonly open: () => RequestStream; readonly writes: boolean} | undefined
  /** Requests of that stream come when they are due. */
  readonly timed: boolean
  /** A file that gets the trace of the one round of the one cell. */
  readonly record?: string | undefined
  readonly signal: AbortSignal
  readonly progress: (at: BenchProgress) => void
}

/** A result, and what decides how the command ends. */
export interface FinishedBench {
  readonly result: BenchResult
  /** Why it ended early, if a request failed. */
  readonly failure: string | undefined
  /** Units that were read back, by cell; empty without verify. */
  readonly verified: readonly (Verified & {readonly cell: string})[]
  /** Whether syncs look real where the image lies; undefined when nothing was written there, or there was no time to look. */
  readonly sync: SyncFinding | undefined
}

/**
 * Measures every cell once a round. All have their turn in each round, and each round begins with another turn, so that a machine
 * that grows slower favours none. The first round that fails, or a signal, ends it; what was measured is kept.
 *
 * @throws ToolError when an image cannot be made or opened, or a workload does not fit it; an image made here is then removed
 */
export async function runBench(options: BenchOptions): Promise<FinishedBench> {
  const cells = options.turns.flat()
  const simulated = cells.some(({aio}) => aio === 'sim')
  const remove =
    options.createBytes !== undefined && !simulated
      ? await makeImage(options.path, options.createBytes, options.preallocate)
      : () => {}
  try {
    if (options.preallocate && options.createBytes === undefined && !simulated)
      await preallocateImage(options.path, options.part)
    const finished = await new Bench(options, simulated).run()
    const look = finished.result.complete && overwrites(cells, options.stream)
    return {...finished, sync: look ? await syncFacts(options.path) : undefined}
  } finally {
    remove()
  }
}

class Bench {
  readonly #options: BenchOptions
  readonly #simulated: boolean
  readonly #name: string
  readonly #rounds = new Map<Cell, RoundResult[]>()
  readonly #backends = new Map<Cell, string>()
  readonly #paths = new Map<Cell, PathChoice>()
  readonly #notes = new Set<string>()
  readonly #verified: FinishedBench['verified'][number][] = []
  #failure: string | undefined
  #image: Pick<Stage, 'identity' | 'sizeBytes' | 'allocation'> | undefined
  #turnsTaken = 0
  readonly #rate = new RecentRate()

  constructor(options: BenchOptions, simulated: boolean) {
    this.#options = options
    this.#simulated = simulated
    this.#name = options.name ?? options.path
  }

  async run(): Promise<Omit<FinishedBench, 'sync'>> {
    const {path, turns, rounds, signal, record} = this.#options
    // Before the first try writes to it.
    if (record !== undefined) refuseImage('--record', record, path)
    // All are looked at before any is run: a mistake in the last cell is no reason to wait.
    for (const turn of turns) await this.#onStages(turn, async (stages) => void this.#setupsOf(turn, stages))
    for (let round = 0; round < rounds && !this.#isOver(); round++) {
      for (const turn of rotated(turns, round)) {
        if (this.#isOver()) break
        await this.#takeTurn(turn, round)
      }
    }
    const results = turns.flatMap((turn, i) =>
      turn.map((cell): CellResult => {
        return {
          settings: cell.settings,
          turn: i,
          backend: this.#backends.get(cell) ?? 'not run',
          rounds: this.#rounds.get(cell) ?? [],
          notes: notesOf(cell, turn),
        }
      }),
    )
    return {
      result: {
        image: this.#name,
        sizeBytes: this.#image?.sizeBytes ?? 0,
        allocation: this.#image?.allocation ?? 'preallocated',
        simulated: this.#simulated,
        cells: results,
        rounds,
        complete: !signal.aborted && this.#failure === undefined,
        notes: [...this.#notes],
      },
      failure: this.#failure,
      verified: this.#verified,
    }
  }

  #isOver(): boolean {
    return this.#options.signal.aborted || this.#failure !== undefined
  }

  /** One stage for each cell of the turn. */
  async #onStages(turn: Turn, act: (stages: readonly Stage[]) => Promise<void>): Promise<void> {
    const stages = await openTurn(turn, this.#options)
    try {
      for (const stage of stages) {
        if (this.#image === undefined) {
          this.#image = {identity: stage.identity, sizeBytes: stage.sizeBytes, allocation: stage.allocation}
        }
        for (const note of stage.notes) this.#notes.add(note)
        this.#refuseOther(stage, this.#image)
      }
      await act(stages)
    } finally {
      for (const stage of stages) stage.close()
    }
  }

  #setupsOf(turn: Turn, stages: readonly Stage[]): {cell: Cell; stage: Stage; setup: JobSetup}[] {
    // A sync may be left out where all that anybody writes here is stable already.
    const stable = turn.every(({mode}) => mode.dsync)
    const jobs = firstJobs(turn)
    const parts = turn.flatMap((cell, i) => {
      const stage = stages[i]
      if (stage === undefined) return []
      const setup = setupOf(cell, stage, this.#name)
      const soleWriter = setup.soleWriter && (turn.length === 1 || stable)
      return {cell, stage, setup: {...setup, soleWriter, job: jobs[i] ?? 0}}
    })
    refuseMixedChecks(parts)
    return parts
  }

  /** What was measured is kept, whatever becomes of the image afterwards. */
  async #takeTurn(turn: Turn, round: number): Promise<void> {
    try {
      await this.#onStages(turn, (stages) => this.#turn(turn, round, stages))
      this.#turnsTaken++
    } catch (error) {
      if (!(error instanceof ToolError) || error.kind === 'bug' || this.#turnsTaken === 0) throw error
      this.#failure ??= `${namesOf(turn)}, round ${round + 1}: ${error.message}`
    }
  }

  /** Another file under the name of the image is nothing that somebody allowed to be overwritten. */
  #refuseOther({identity, sizeBytes}: Stage, first: Pick<Stage, 'identity' | 'sizeBytes'>): void {
    const refuse = (what: string): never => {
      throw new ToolError('environment', 'E_BENCH_IMAGE', `${this.#name} ${what}`, {
        hint: 'Somebody else is at work on it. Measure a copy, or an image of its own: --create SIZE.',
        context: {path: this.#options.path},
      })
    }
    if (identity !== first.identity) refuse('is another file than it was when the bench began: it was replaced')
    if (sizeBytes !== first.sizeBytes) refuse(`has ${sizeBytes} bytes, and had ${first.sizeBytes} when the bench began`)
  }

  async #turn(turn: Turn, round: number, stages: readonly Stage[]): Promise<void> {
    const {path, diskModel, signal, stream, timed, record} = this.#options
    this.#report(turn, round, 0, 0)
    const parts: RoundPart[] = []
    for (const {cell, stage, setup} of this.#setupsOf(turn, stages)) {
      const choice = this.#paths.get(cell) ?? (await choosePath(cell, setup, jobsIn(turn), signal))
      this.#paths.set(cell, choice)
      parts.push({cell, stage, path: choice, setup: {...setup, paced: setup.paced || timed}})
    }
    if (signal.aborted) return
    let gone: string | undefined
    const look = (): void => {
      gone ??= stages[0]?.gone()
      if (gone !== undefined) this.#notes.add(gone)
    }
    const finished = await runRound(parts, {
      round,
      diskModel,
      stream: stream?.open(),
      record: record === undefined ? undefined : {name: record, imagePath: path},
      signal,
      progress: (requests, elapsedNs) => {
        look()
        this.#report(turn, round, requests, elapsedNs)
      },
    })
    look()
    for (const [i, part] of parts.entries()) {
      const own = finished[i]
      if (own !== undefined) this.#keep(part, own)
    }
  }

  #keep({cell, stage, setup}: RoundPart, finished: FinishedRound): void {
    const {result, backend, failure} = finished
    this.#rounds.set(cell, [...(this.#rounds.get(cell) ?? []), result])
    this.#backends.set(cell, backend)
    if (failure !== undefined) this.#failure ??= `${cell.settings.name}, round ${result.round + 1}: ${failure}`
    if (cell.workload.verify && writes(cell.workload)) this.#verify(cell, setup, stage, finished)
  }

  #verify(cell: Cell, {region}: JobSetup, stage: Stage, {jobs}: FinishedRound): void {
    const units = new UnitMap(region.sizeBytes / cell.workload.bs.minBytes)
    for (const job of jobs) if (job.units) units.merge(job.units.bits)
    const found = verifyUnits(units, cell.workload, region, jobs[0]?.readBack ?? stage.target.read)
    this.#verified.push({...found, cell: cell.settings.name})
    if (found.first === undefined) return
    const {offsetBytes, what} = found.first
    this.#failure ??= `${cell.settings.name}: verify found ${what} at byte ${offsetBytes}`
  }

  #report(turn: Turn, round: number, requests: number, elapsedNs: number): void {
    const {turns, rounds, progress} = this.#options
    const times = turns.flat().map(({workload}) => workload.runtimeNs)
    const known = times.every((time) => time !== undefined)
    const longest = (cells: Turn): number =>
      Math.max(...cells.map(({workload: {runtimeNs = 0, rampNs}}) => runtimeNs + rampNs))
    const perRound = turns.reduce((sum, cells) => sum + longest(cells), 0)
    const past = this.#turnsTaken * (perRound / turns.length) + elapsedNs
    const leftNs = known ? Math.max(0, rounds * perRound - past) : undefined
    progress({cell: namesOf(turn), round, rounds, requests, iops: this.#rate.at(requests, elapsedNs), leftNs})
  }
}

function namesOf(turn: Turn): string {
  return turn.map(({settings}) => settings.name).join(', ')
}

function notesOf({workload, mode, settings}: Cell, turn: Turn): string[] {
  const notes: string[] = []
  const others = turn.filter((cell) => cell.settings !== settings)
  if (others.length > 0)
    notes.push(`ran beside ${namesOf(others)}: processor, disk and context switches are what all of them cost`)
  const ranged = workload.bs.minBytes !== workload.bs.maxBytes
  if (ranged && settings.options['rw']?.startsWith('rand') === true) {
    notes.push('blocks of several sizes are taken without a map: some come twice, some not at all')
  }
  if (mode.noFlush && workload.flushEvery > 0) notes.push(`under ${mode.name} flushes are answered and not sent`)
  return notes
}

/** Whether running the cells overwrites the image. */
export function overwrites(cells: readonly Cell[], stream: BenchOptions['stream']): boolean {
  return cells.some(({aio, workload}) => aio !== 'sim' && (stream?.writes ?? writes(workload)))
}
