import {parentPort, workerData} from 'node:worker_threads'
import {ToolError, type ErrorContext, type ErrorKind, type Range} from '../base/index.js'
import {TaskCounter, type Side} from './compare-plan.js'
import {SHARED, TaskComparer} from './compare-task.js'

/** What the thread is started with. */
export interface CompareWork {
  readonly a: Side
  readonly b: Side
  readonly tasks: readonly Range[]
  readonly shared: SharedArrayBuffer
}

/** What it says: the differences of a task, and at last how it ended. */
export type CompareMessage =
  | {readonly is: 'differs'; readonly task: number; readonly ranges: readonly Range[]}
  | {readonly is: 'done'}
  | {
      readonly is: 'failed'
      readonly error: {
        readonly kind: ErrorKind
        readonly code: string
        readonly message: string
        readonly hint: string
        readonly context: ErrorContext
      }
    }

const {a, b, tasks, shared} = workerData as CompareWork
const say = (message: CompareMessage): void => parentPort?.postMessage(message)
const numbers = new Int32Array(shared)
try {
  const comparer = new TaskComparer(a, b)
  const counter = new TaskCounter(tasks)
  while (Atomics.load(numbers, SHARED.stop) === 0) {
    const task = counter.nth(Atomics.add(numbers, SHARED.next, 1))
    if (task === undefined) break
    const ranges = comparer.compare(task)
    if (ranges.length > 0) say({is: 'differs', task, ranges})
  }
  say({is: 'done'})
} catch (error) {
  Atomics.store(numbers, SHARED.stop, 1)
  if (!(error instanceof ToolError)) throw error
  const {kind, code, message, hint = '', context} = error
  say({is: 'failed', error: {kind, code, message, hint, context}})
}
