import {closeSync} from 'node:fs'
import {Worker} from 'node:worker_threads'

import {scriptUrl, ToolError, type ErrorKind} from '../base/index.js'
import {UnitMap} from './content.js'
import {unpackResult, type FromWorker, type ToWorker, type WorkerSetup} from './job-message.js'
import type {FinishedJob, JobSetup} from './job-setup.js'
import type {JobOptions} from './job.js'

interface Hand {
  readonly worker: Worker
  readonly ready: Promise<void>
  readonly done: Promise<FinishedJob>
  readonly exited: Promise<unknown>
}

/** The jobs of one cell: `workload.numjobs` of them. */
export interface CrewPart {
  readonly setup: JobSetup
  /** Another descriptor of the image; with O_DSYNC where asked. */
  readonly reopen: (dsync: boolean) => number
}

/**
 * Runs several jobs at once, each on a thread with a descriptor of its own, so that each hears of its own errors. They begin to be
 * measured together, when all have their ramp behind them.
 *
 * @returns the jobs of each part
 */
export async function runCrew(
  parts: readonly CrewPart[],
  {signal, beforeMeasuring, progress}: Pick<JobOptions, 'signal' | 'beforeMeasuring' | 'progress'>,
): Promise<FinishedJob[][]> {
  const fds: number[] = []
  const hands: Hand[] = []
  const tell = (word: ToWorker): void => hands.forEach(({worker}) => worker.postMessage(word))
  const stop = (): void => tell('stop')
  signal.addEventListener('abort', stop)
  try {
    const requests: number[] = []
    for (const {setup, reopen} of parts) {
      for (let job = 0; job < setup.workload.numjobs; job++) {
        const [fd, dsyncFd] = [reopen(false), reopen(true)]
        fds.push(fd, dsyncFd)
        const hand = requests.push(0) - 1
        hands.push(
          hire(workerSetup(setup, setup.job + job, fd, dsyncFd), (count, elapsedNs) => {
            requests[hand] = count
            progress(
              requests.reduce((sum, one) => sum + one, 0),
              elapsedNs,
            )
          }),
        )
      }
    }
    if (signal.aborted) stop()
    await Promise.all(hands.map(({ready}) => ready))
    await beforeMeasuring()
    tell('go')
    const jobs = await Promise.all(hands.map(({done}) => done))
    return parts.map(({setup}) => jobs.splice(0, setup.workload.numjobs))
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await Promise.allSettled(hands.map(({done}) => done))
    await Promise.all(hands.map(({exited}) => exited))
    for (const fd of fds) closeSync(fd)
  }
}

function workerSetup(setup: JobSetup, job: number, fd: number, dsyncFd: number): WorkerSetup {
  const {alignmentBytes, soleWriter, mode, ordering, aio, inline, ring, workload, region, paced, target} = setup
  const {startBytes, sizeBytes, readOnly} = target
  const names = {mode: mode.name, ordering: ordering.name}
  return {
    fd,
    dsyncFd,
    startBytes,
    sizeBytes,
    readOnly,
    alignmentBytes,
    soleWriter,
    ...names,
    aio,
    inline,
    ring,
    workload,
    region,
    job,
    paced,
  }
}

function hire(setup: WorkerSetup, progress: JobOptions['progress']): Hand {
  const worker = new Worker(scriptUrl('bench/job-worker.js'), {workerData: setup})
  const exited = new Promise((resolve) => worker.on('exit', resolve))
  let becomesReady = (): void => {}
  const ready = new Promise<void>((resolve) => {
    becomesReady = resolve
  })
  const done = new Promise<FinishedJob>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'ready':
          becomesReady()
          break
        case 'progress':
          progress(message.requests, message.elapsedNs)
          break
        case 'done':
          resolve({
            ...unpackResult(message.result),
            backend: message.result.backend,
            units: unitsOf(setup, message.result.units),
          })
          break
        case 'failed': {
          const {kind, code, message: text, hint} = message.error
          reject(new ToolError(kind as ErrorKind, code, text, hint === undefined ? {} : {hint}))
          break
        }
      }
    })
    worker.on('error', reject)
    worker.on('exit', () =>
      reject(new ToolError('bug', 'E_BENCH_WORKER', 'a thread of the bench ended without a result')),
    )
  })
  // Whoever fails is not ready any more, and keeps nobody waiting.
  done.then(becomesReady, becomesReady)
  return {worker, ready, done, exited}
}

function unitsOf({region, workload}: WorkerSetup, bits: Uint32Array | undefined): UnitMap | undefined {
  if (bits === undefined) return undefined
  const units = new UnitMap(region.sizeBytes / workload.bs.minBytes)
  units.merge(bits)
  return units
}
