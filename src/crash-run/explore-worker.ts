import {parentPort, workerData} from 'node:worker_threads'
import {ToolError, type ErrorContext, type ErrorKind} from '../base/index.js'
import type {CrashReport} from '../crash/index.js'
import {runJob, type ExploreJob} from './explore-job.js'
import {Pulse} from './pulse.js'

/** What the worker is started with. */
export interface WorkerTask {
  readonly job: ExploreJob
  readonly shared: SharedArrayBuffer
}

/** An error on its way to another thread, which gets no classes. */
export interface SentError {
  readonly kind: ErrorKind
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly context: ErrorContext
}

/** What the worker says. The last word is `done` or `failed`. */
export type WorkerMessage =
  | {readonly is: 'known'; readonly report: CrashReport}
  | {readonly is: 'done'; readonly report: CrashReport}
  | {readonly is: 'failed'; readonly error: SentError}

function sent(error: unknown): SentError {
  if (error instanceof ToolError) {
    const {kind, code, message, hint, context} = error
    return {kind, code, message, hint, context}
  }
  const message = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  const hint = 'This is a bug in flushpoint. Please report it with the command, the trace and the check.'
  return {kind: 'bug', code: 'E_BUG', message, hint, context: {}}
}

const {job, shared} = workerData as WorkerTask
const say = (message: WorkerMessage): void => parentPort?.postMessage(message)
try {
  say({is: 'done', report: await runJob(job, new Pulse(shared), (report) => say({is: 'known', report}))})
} catch (error) {
  say({is: 'failed', error: sent(error)})
}
