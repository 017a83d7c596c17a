import type {DiskModel} from '../aio/index.js'
import {refuseImage} from '../archive/index.js'
import {ToolError} from '../base/index.js'
import {syncFacts, type OpenOptions} from '../image/index.js'
import type {Cell} from './cell.js'
import {UnitMap} from './content.js'
import type {SyncFinding} from './closing.js'
import {choosePath, type PathChoice} from './path-choice.js'
import {makeImage, preallocateImage} from './prepare.js'
import type {RequestStream} from './request-stream.js'
import type {BenchResult, CellResult, RoundResult} from './result.js'
import {runRound, setupOf, type FinishedRound} from './round.js'
import {rotated} from './rotation.js'
import {openStage, type Stage} from './stage.js'
import {verifyUnits, type Verified} from './verify.js'
import {writes} from './workload.js'

/** What the bench is at. */
export interface BenchProgress {
  readonly cell: string
  readonly round: number
  readonly rounds: number
  /** Requests ended in this round, and the time it has been measured. */
  readonly requests: number
  readonly elapsedNs: number
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
  readonly cells: readonly Cell[]
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
 * Measures every cell once a round. All cells have their turn in each round, and each round begins with another cell, so that a
 * machine that grows slower favours none. The first round that fails, or a signal, ends it; what was measured is kept.
 *
 * @throws ToolError when an image cannot be made or opened, or a workload does not fit it; an image made here is then removed
 */
export async function runBench(options: BenchOptions): Promise<FinishedBench> {
  const simulated = options.cells.some(({aio}) => aio === 'sim')
  const remove =
    options.createBytes !== undefined && !simulated
      ? await makeImage(options.path, options.createBytes, options.preallocate)
      : () => {}
  try {
    if (options.preallocate && options.createBytes === undefined && !simulated)
      await preallocateImage(options.path, options.part)
    const finished = await new Bench(options, simulated).run()
    const look = finished.result.complete && overwrites(options.cells, options.stream)
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
  #turns = 0

  constructor(options: BenchOptions, simulated: boolean) {
    this.#options = options
    this.#simulated = simulated
    this.#name = options.name ?? options.path
  }

  async run(): Promise<Omit<FinishedBench, 'sync'>> {
    const {path, cells, rounds, signal, record} = this.#options
    // Before the first try writes to it.
    if (record !== undefined) refuseImage('--record', record, path)
    // All are looked at before any is run: a mistake in the last cell is no reason to wait.
    for (const cell of cells) await this.#onStage(cell, async (stage) => void setupOf(cell, stage, this.#name))
    for (let round = 0; round < rounds && !this.#isOver(); round++) {
      for (const cell of rotated(cells, round)) {
        if (this.#isOver()) break
        await this.#takeTurn(cell, round)
      }
    }
    const results = cells.map((cell): CellResult => {
      return {
        settings: cell.settings,
        backend: this.#backends.get(cell) ?? 'not run',
        rounds: this.#rounds.get(cell) ?? [],
        notes: notesOf(cell),
      }
    })
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

  async #onStage(cell: Cell, act: (stage: Stage) => Promise<void>): Promise<void> {
    const {path, part, createBytes, stream} = this.#options
    const {mode, aio, workload} = cell
    const readOnly = !(stream?.writes ?? writes(workload))
    const stage = await openStage({path, part, mode, aio, readOnly, depth: workload.iodepth, createBytes})
    try {
      if (this.#image === undefined) {
        this.#image = {identity: stage.identity, sizeBytes: stage.sizeBytes, allocation: stage.allocation}
        for (const note of stage.notes) this.#notes.add(note)
      }
      this.#refuseOther(stage, this.#image)
      await act(stage)
    } finally {
      stage.close()
    }
  }

  /** What was measured is kept, whatever becomes of the image afterwards. */
  async #takeTurn(cell: Cell, round: number): Promise<void> {
    try {
      await this.#onStage(cell, (stage) => this.#turn(cell, round, stage))
      this.#turns++
    } catch (error) {
      if (!(error instanceof ToolError) || error.kind === 'bug' || this.#turns === 0) throw error
      this.#failure ??= `${cell.settings.name}, round ${round + 1}: ${error.message}`
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

  async #turn(cell: Cell, round: number, stage: Stage): Promise<void> {
    const {path, diskModel, signal, stream, timed, record} = this.#options
    this.#report(cell, round, 0, 0)
    const setup = setupOf(cell, stage, this.#name)
    const paced = setup.paced || timed
    const choice = this.#paths.get(cell) ?? (await choosePath(cell, setup, signal))
    this.#paths.set(cell, choice)
    if (signal.aborted) return
    let gone: string | undefined
    const look = (): void => {
      gone ??= stage.gone()
      if (gone !== undefined) this.#notes.add(gone)
    }
    const progress = (requests: number, elapsedNs: number): void => {
      look()
      this.#report(cell, round, requests, elapsedNs)
    }
    const finished = await runRound(
      {
        cell,
        round,
        stage,
        path: choice,
        diskModel,
        stream: stream?.open(),
        record: record === undefined ? undefined : {name: record, imagePath: path},
        signal,
        progress,
      },
      {...setup, paced},
    )
    const rounds = this.#rounds.get(cell) ?? []
    rounds.push(finished.result)
    this.#rounds.set(cell, rounds)
    this.#backends.set(cell, finished.backend)
    if (finished.failure !== undefined) this.#failure = `${cell.settings.name}, round ${round + 1}: ${finished.failure}`
    look()
    if (cell.workload.verify && writes(cell.workload)) this.#verify(cell, stage, finished)
  }

  #verify(cell: Cell, stage: Stage, {jobs}: FinishedRound): void {
    const {region} = setupOf(cell, stage, this.#name)
    const units = new UnitMap(region.sizeBytes / cell.workload.bs.minBytes)
    for (const job of jobs) if (job.units) units.merge(job.units.bits)
    const found = verifyUnits(units, cell.workload, region, jobs[0]?.readBack ?? stage.target.read)
    this.#verified.push({...found, cell: cell.settings.name})
    if (found.first === undefined) return
    const {offsetBytes, what} = found.first
    this.#failure ??= `${cell.settings.name}: verify found ${what} at byte ${offsetBytes}`
  }

  #report(cell: Cell, round: number, requests: number, elapsedNs: number): void {
    const {cells, rounds, progress} = this.#options
    const times = cells.map(({workload}) => workload.runtimeNs && workload.runtimeNs + workload.rampNs)
    const known = times.every((time): time is number => time !== undefined)
    const perRound = known ? times.reduce((sum, time) => sum + time, 0) : 0
    const past = this.#turns * (perRound / cells.length) + elapsedNs
    const leftNs = known ? Math.max(0, rounds * perRound - past) : undefined
    progress({cell: cell.settings.name, round, rounds, requests, elapsedNs, leftNs})
  }
}

function notesOf({workload, mode, settings}: Cell): string[] {
  const notes: string[] = []
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
