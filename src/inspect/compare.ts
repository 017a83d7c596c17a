import {scriptUrl, ToolError, type Range} from '../base/index.js'
import type {ImageSource} from '../image/index.js'
import {oneSided, TASK_BYTES, TaskCounter, tasksOf, type Side} from './compare-plan.js'
import {addRange, SHARED, TaskComparer} from './compare-task.js'
import type {CompareMessage, CompareWork} from './compare-worker.js'
import {dataRanges} from './extent-map.js'
import {refuseShortened} from './shortened.js'

export interface CompareOptions {
  /** Other sizes, and data where the other has a hole, are differences too. */
  readonly strict: boolean
  /** A second thread for large images. */
  readonly threads: boolean
  /** Is told how far it has come; awaited. Where both have holes is passed over. */
  readonly progress?: (doneBytes: number) => Promise<void>
}

/** How two images differ. */
export interface Comparison {
  readonly sizeBytes: readonly [number, number]
  readonly identical: boolean
  /**
   * What differs, in order: from the first byte that does to the last, joined where their 512-byte sectors touch. What is behind
   * the end of the shorter image is compared with zeroes.
   */
  readonly ranges: readonly Range[]
  /** How many there are; `ranges` may hold fewer, the first ones. */
  readonly rangeCount: number
  /** Sum of the lengths of all ranges. */
  readonly rangeBytes: number
  /** Under `strict`: where one image has data and the other a hole; undefined where the file systems do not tell. */
  readonly allocation: readonly Range[] | undefined
}

/** More ranges than this are counted, not kept. */
const RANGES_MAX = 1_000_000

/** Smaller comparisons are over before a thread has started. */
const THREAD_TASKS = 24

/**
 * Compares two images, or parts of images, byte by byte. Where both have a hole nothing is read. Neither is locked: a process that
 * writes to one meanwhile makes the answer one of a mixture.
 *
 * @throws ToolError of kind io when one cannot be read or ends early
 */
export async function compareSources(a: ImageSource, b: ImageSource, options: CompareOptions): Promise<Comparison> {
  const [sideA, sideB] = [await sideOf(a), await sideOf(b)]
  const found = await differences(sideA, sideB, options)
  refuseShortened(a)
  refuseShortened(b)
  const allocation =
    options.strict && sideA.data && sideB.data ? cutAt(oneSided(sideA.data, sideB.data), sideA, sideB) : undefined
  const alike = !options.strict || (a.sizeBytes === b.sizeBytes && (allocation ?? []).length === 0)
  return {
    ...found,
    sizeBytes: [a.sizeBytes, b.sizeBytes],
    identical: found.rangeCount === 0 && alike,
    allocation,
  }
}

async function sideOf(source: ImageSource): Promise<Side> {
  const {path, fd, startBytes, sizeBytes} = source
  return {path, fd, startBytes, sizeBytes, data: await dataRanges(source)}
}

/** Allocation is compared where both images are. */
function cutAt(ranges: readonly Range[], a: Side, b: Side): Range[] {
  const endBytes = Math.min(a.sizeBytes, b.sizeBytes)
  return ranges
    .filter(({offsetBytes}) => offsetBytes < endBytes)
    .map(({offsetBytes, lengthBytes}) => {
      return {offsetBytes, lengthBytes: Math.min(lengthBytes, endBytes - offsetBytes)}
    })
}

async function differences(a: Side, b: Side, {threads, progress}: CompareOptions): Promise<Sum> {
  const tasks = tasksOf(a, b)
  const endBytes = Math.max(a.sizeBytes, b.sizeBytes)
  const total = tasks.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  const shared = new SharedArrayBuffer(8)
  const numbers = new Int32Array(shared)
  const byTask = new Map<number, readonly Range[]>()
  const helper = threads && total >= THREAD_TASKS ? await startHelper({a, b, tasks, shared}, byTask) : undefined
  try {
    const comparer = new TaskComparer(a, b)
    const counter = new TaskCounter(tasks)
    while (Atomics.load(numbers, SHARED.stop) === 0) {
      const turn = Atomics.add(numbers, SHARED.next, 1)
      const task = counter.nth(turn)
      if (task === undefined) break
      const ranges = comparer.compare(task)
      if (ranges.length > 0) byTask.set(task, ranges)
      if (progress) await progress(Math.min((task + 1) * TASK_BYTES, endBytes))
    }
    await helper?.done
  } finally {
    Atomics.store(numbers, SHARED.stop, 1)
    await helper?.done.catch(() => {}) // its descriptors must not be closed under it
  }
  return joined(byTask)
}

/** Starts the second thread. `done` settles when it no longer reads. */
async function startHelper(
  work: CompareWork,
  byTask: Map<number, readonly Range[]>,
): Promise<{readonly done: Promise<void>}> {
  const {Worker} = await import('node:worker_threads')
  const worker = new Worker(scriptUrl('inspect/compare-worker.js'), {workerData: work})
  const done = new Promise<void>((resolve, reject) => {
    let failure: unknown
    worker.on('message', (message: CompareMessage) => {
      switch (message.is) {
        case 'differs':
          byTask.set(message.task, message.ranges)
          break
        case 'failed': {
          const {kind, code, message: text, hint, context} = message.error
          failure = new ToolError(kind, code, text, {hint, context})
          break
        }
        case 'done':
          break
      }
    })
    worker.on('error', (error) => (failure = error))
    worker.on('exit', () => (failure === undefined ? resolve() : reject(failure as Error)))
  })
  done.catch(() => {}) // awaited later
  return {done}
}

type Sum = Pick<Comparison, 'ranges' | 'rangeCount' | 'rangeBytes'>

function joined(byTask: ReadonlyMap<number, readonly Range[]>): Sum {
  const ranges: Range[] = []
  let [dropped, droppedBytes] = [0, 0]
  for (const task of [...byTask.keys()].toSorted((one, other) => one - other)) {
    for (const range of byTask.get(task) ?? []) {
      if (ranges.length < RANGES_MAX) addRange(ranges, range)
      else {
        dropped++
        droppedBytes += range.lengthBytes
      }
    }
  }
  const rangeBytes = ranges.reduce((sum, {lengthBytes}) => sum + lengthBytes, droppedBytes)
  return {ranges, rangeCount: ranges.length + dropped, rangeBytes}
}
