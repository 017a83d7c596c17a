import type {StepOp} from '../request/index.js'

export type BackendName = 'uring' | 'threads' | 'sim'

/** Page-aligned memory that a backend can transfer to and from. Stays where it is until free(). */
export interface Memory {
  readonly bytes: Uint8Array
  /** Gives it back. Nothing may be in flight on it, and nobody may touch `bytes` afterwards. */
  free(): void
  /**
   * Takes what is read in the place of `bytes`, where a backend can give it; of whoever uses the memory, who asks it afterwards. A backend
   * that has looked and cannot give it takes the sink away.
   */
  pages?: PageSink | undefined
}

/** Takes pages of the page cache by reference, so that they are not copied. */
export interface PageSink {
  /** @returns whether it has taken all of a range of a file; otherwise the transfer is made as if it had not been asked */
  take(fd: number, offsetBytes: number, lengthBytes: number): boolean
}

/**
 * Executes steps on one open image. One step per token at a time. The order of completion is anyone's guess; a SYNC makes
 * stable what completed before it was *queued* and promises nothing about steps in flight beside it.
 *
 * The engine is the only caller. Usage per tick: queue()* , submit(), reap().
 */
export interface Backend {
  readonly name: BackendName
  /** WRITE steps may carry dsync. False makes the engine sync after the write instead. */
  readonly canDsync: boolean
  /** ZERO and PUNCH are executed in place. False makes the engine write zeroes, or skip a discard. */
  readonly canZero: boolean
  readonly canPunch: boolean
  /** Steps may carry an ordered tag. False makes the engine drain its queue instead. */
  readonly ordersTags: boolean
  /** Tokens given to queue() must be below this. */
  readonly tokens: number

  /** @throws ToolError of kind environment when there is no memory */
  createMemory(bytes: number): Memory

  /**
   * Queues one step. False means the backend is full: reap first, then try again. Results arrive through reap().
   *
   * @param memory with memoryOffset: where READ puts and WRITE takes lengthBytes bytes; undefined for other steps
   * @param ordered an ordered tag: the step starts when all steps queued before it have ended, well or not, and none queued
   * after it starts before it has ended. An ordered SYNC makes stable what ended before its start.
   */
  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
    ordered?: boolean,
  ): boolean

  /**
   * Hands queued steps on. With `wait`, at least one completion is there to reap afterwards (or a signal arrived): either at
   * once (undefined) or when the returned promise resolves.
   */
  submit(wait: boolean): Promise<void> | undefined

  /**
   * Takes finished steps. Token i of `doneTokens` ended with `doneResults[i]`: bytes transferred for READ and WRITE, 0 for
   * the rest, or a negative errno.
   *
   * @returns how many, at most doneTokens.length; call again until 0
   */
  reap(): number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array

  /** A monotonic clock in nanoseconds: the host's, or the simulated disk's. */
  nowNs(): number

  /**
   * Only of a backend with a clock of its own, and alone on its device: hands queued steps on and lets time pass, until there is
   * something to reap or it is `untilNs`, whichever comes first.
   *
   * @returns whether there is something to reap
   */
  passTo?(untilNs: number): boolean

  /** Nothing may be in flight. Gives back everything but the image's descriptors, which belong to the image. */
  close(): Promise<void>
}

/**
 * Which steps are system calls on the thread that queues them, with `reads`, `writes` and `sync`, and do not go through the ring or
 * the pool. Data that would have to be waited for still do where `waits` is false: reads that the page cache does not hold, and writes
 * that are to be stable at their end. A sync on the calling thread is one that nothing else is in flight beside.
 */
export interface InlineSteps {
  readonly reads: boolean
  readonly writes: boolean
  readonly waits: boolean
  readonly sync: boolean
  /** Longer transfers are the backend's, so that they do not keep the thread from others; no limit when left out. */
  readonly mostBytes?: number | undefined
  /** Large folios of the page cache are split before short writes go into them: for a file system that is slow otherwise. */
  readonly splitsFolios?: boolean | undefined
}

/** How a ring takes steps. */
export interface RingManner {
  /**
   * A thread of the kernel looks for steps all the time, and whoever waits for one looks for its end for a while: hardly a system
   * call, no sleep, and two processors busy.
   */
  readonly polled: boolean
  /** Steps are handed on as soon as there are so many, not all of them with submit(). Polled, each is on its way with submit(). */
  readonly batch?: number | undefined
  /** Longer reads are a worker's of the kernel from the start (IOSQE_ASYNC): copying them would keep this thread from all else. */
  readonly workerReadBytes?: number | undefined
}

/** A backend around another one, which is as able as that one and closes with it. */
export abstract class BackendAround {
  readonly name: BackendName
  readonly canDsync: boolean
  readonly canZero: boolean
  readonly canPunch: boolean
  readonly tokens: number
  protected readonly inner: Backend

  constructor(inner: Backend) {
    this.inner = inner
    this.name = inner.name
    this.canDsync = inner.canDsync
    this.canZero = inner.canZero
    this.canPunch = inner.canPunch
    this.tokens = inner.tokens
  }

  createMemory(bytes: number): Memory {
    return this.inner.createMemory(bytes)
  }

  nowNs(): number {
    return this.inner.nowNs()
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

/** Resolves after the event loop has polled once, so that a signal handler waiting for its turn runs first. */
export function yieldToSignals(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
