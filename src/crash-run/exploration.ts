import {Worker} from 'node:worker_threads'
import {ToolError} from '../base/index.js'
import type {CrashReport} from '../crash/index.js'
import type {ExploreJob} from './explore-job.js'
import type {WorkerMessage, WorkerTask} from './explore-worker.js'
import {Pulse} from './pulse.js'

export interface ThreadOptions {
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
 * Does a job in a thread of its own, so that a check that hangs can be ended and a signal is heard meanwhile.
 *
 * @throws ToolError as the job does; of kind usage when the check ends its thread
 */
export async function exploreInThread(job: ExploreJob, options: ThreadOptions): Promise<ThreadEnd> {
  const pulse = new Pulse()
  const task: WorkerTask = {job, shared: pulse.shared}
  const script = options.script ?? new URL('./explore-worker.js', import.meta.url)
  const worker = new Worker(script, {workerData: task, stdout: true, stderr: true})
  worker.stdout.pipe(options.output, {end: false})
  worker.stderr.pipe(options.output, {end: false})
  const stops: (() => void)[] = []
  try {
    return await new Promise<ThreadEnd>((resolve, reject) => {
      let known: CrashReport | undefined
      const cut = (by: 'signal' | 'timeout'): void => resolve({by, report: known && {...known, complete: false}})
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
