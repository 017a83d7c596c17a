import {Worker} from 'node:worker_threads'
import {scriptUrl, ToolError} from '../base/index.js'
import {joinReports, shareOf, type CrashReport} from '../crash/index.js'
import type {ExploreJob} from './explore-job.js'
import type {WorkerMessage, WorkerTask} from './explore-worker.js'
import {Pulse} from './pulse.js'

export interface ThreadOptions {
  /** Threads at a time, each with a share of the crash points; 1 unless told. */
  readonly jobs?: number | undefined
  /** How long one call of the check may last. */
  readonly timeoutMs: number
  /** Ends the exploration: what is known by then is the answer. */
  readonly signal?: AbortSignal | undefined
  /** Where the check's own output goes. */
  readonly output: NodeJS.WritableStream
  /** What runs in the thread, if not explore-worker.js. */
  readonly script?: URL | undefined
  /** How long the thread has to come back after a signal; a check that hangs never does. */
  readonly graceMs?: number | undefined
}

/** How an exploration ended. The report is missing when it was cut short before anything was known. */
export interface ThreadEnd {
  readonly by: 'itself' | 'signal' | 'timeout'
  readonly report: CrashReport | undefined
}

const GRACE_MS = 2000
const LOOKS_PER_TIMEOUT = 4
const LOOK_MAX_MS = 500

/**
 * Does a job in threads, which share its crash points out among themselves. One that is cut short ends the others, and none
 * that fails leaves another behind.
 *
 * @throws ToolError as exploreInThread does
 */
export async function exploreInThreads(job: ExploreJob, {jobs = 1, ...options}: ThreadOptions): Promise<ThreadEnd> {
  if (jobs === 1) return exploreInThread(job, options)
  const halt = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, halt.signal]) : halt.signal
  const budget = job.budget === undefined ? undefined : Math.ceil(job.budget / jobs)
  const shares = Array.from({length: jobs}, (_, i) => shareOf(job.shard, {index: i + 1, count: jobs}))
  const settled = await Promise.allSettled(
    shares.map(async (shard) => {
      try {
        const end = await exploreInThread({...job, budget, shard}, {...options, signal})
        if (end.by !== 'itself') halt.abort()
        return end
      } catch (error) {
        halt.abort()
        throw error
      }
    }),
  )
  const ends = settled.map((end) => {
    if (end.status === 'rejected') throw end.reason
    return end.value
  })
  const by = (['timeout', 'signal'] as const).find((how) => ends.some((end) => end.by === how)) ?? 'itself'
  const [first, ...others] = ends.flatMap(({report}) => report ?? [])
  if (first === undefined) return {by, report: undefined}
  const report = joinReports([first, ...others], jobs, job.shard ?? null)
  return {by, report: {...report, of: {...report.of, budget: job.budget ?? null}}}
}

/**
 * Does a job in a thread of its own, so that a check that hangs can be ended and a signal is heard meanwhile.
 *
 * @throws ToolError as the job does; of kind usage when the check ends its thread
 */
async function exploreInThread(job: ExploreJob, options: ThreadOptions): Promise<ThreadEnd> {
  const pulse = new Pulse()
  const task: WorkerTask = {job, shared: pulse.shared}
  const script = options.script ?? scriptUrl('crash-run/explore-worker.js')
  const worker = new Worker(script, {workerData: task, stdout: true, stderr: true})
  worker.stdout.pipe(options.output, {end: false})
  worker.stderr.pipe(options.output, {end: false})
  const stops: (() => void)[] = []
  try {
    return await new Promise<ThreadEnd>((resolve, reject) => {
      let known: CrashReport | undefined
      const cut = (by: 'signal' | 'timeout'): void =>
        resolve({by, report: known && {...known, complete: false, finished: false}})
      worker.on('message', (message: WorkerMessage) => {
        switch (message.is) {
          case 'known':
            known = message.report
            return
          case 'done':
            known = message.report
            if (pulse.isCancelled) cut('signal')
            else resolve({by: 'itself', report: known})
            return
          case 'failed':
            reject(new ToolError(message.error.kind, message.error.code, message.error.message, moreOf(message.error)))
        }
      })
      worker.on('error', (error) => reject(checkEnded(error.message)))
      worker.on('exit', (code) => reject(checkEnded(`its thread ended with ${code}`)))
      stops.push(watchCalls(pulse, options.timeoutMs, () => cut('timeout')))
      stops.push(hear(options, pulse, () => cut('signal')))
    })
  } finally {
    for (const stop of stops) stop()
    await worker.terminate()
  }
}

function moreOf({hint, context}: {hint: string | undefined; context: ToolError['context']}) {
  return hint === undefined ? {context} : {hint, context}
}

function checkEnded(how: string): ToolError {
  return new ToolError('usage', 'E_CHECK_ENDED', `the check did not come back: ${how}`, {
    hint: 'A check may not end the process, nor leave errors behind that nobody catches.',
  })
}

/** Calls back when one call of the check has lasted too long. @returns how to stop looking */
function watchCalls(pulse: Pulse, timeoutMs: number, isTooLong: () => void): () => void {
  let [last, sinceMs] = [pulse.call, performance.now()]
  const look = (): void => {
    const {call} = pulse
    if (call === undefined || call !== last) [last, sinceMs] = [call, performance.now()]
    else if (performance.now() - sinceMs >= timeoutMs) isTooLong()
  }
  const timer = setInterval(look, Math.min(LOOK_MAX_MS, Math.ceil(timeoutMs / LOOKS_PER_TIMEOUT)))
  return () => clearInterval(timer)
}

/** Passes a signal on to the worker, and calls back when that does not answer. @returns how to stop listening */
function hear({signal, graceMs = GRACE_MS}: ThreadOptions, pulse: Pulse, isLate: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const abort = (): void => {
    pulse.cancel()
    timer = setTimeout(isLate, graceMs)
  }
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, {once: true})
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
