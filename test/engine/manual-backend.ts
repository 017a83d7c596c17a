import type {Backend, Memory} from '../../src/aio/index.js'
import {invariant, ToolError} from '../../src/base/index.js'
import {
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../src/request/index.js'

/** A step as the engine queued it. */
export interface ManualStep {
  readonly op: StepOp
  readonly token: number
  readonly memory: Memory | undefined
  readonly memoryOffset: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly dsync: boolean
  readonly ordered: boolean
}

/** A SYNC, of data or of everything. */
export function isSync({op}: ManualStep): boolean {
  return op === STEP_SYNC || op === STEP_SYNC_ALL
}

export interface ManualBackendOptions {
  readonly tokens?: number
  /** Steps it takes before it answers "full"; as many as there are tokens when left out. */
  readonly capacity?: number
  readonly canDsync?: boolean
  readonly canZero?: boolean
  readonly canPunch?: boolean
  readonly ordersTags?: boolean
  /** Content of the image; changed in place. */
  readonly image?: Uint8Array
  readonly onQueue?: (step: ManualStep) => void
  readonly onEnd?: (step: ManualStep, result: number) => void
}

/**
 * A backend that ends a step when it is told to, in any order and with any result. Data moves at the end of a step, as
 * much as its result says; a failed step moves nothing.
 */
export class ManualBackend implements Backend {
  readonly name = 'sim'
  readonly canDsync: boolean
  readonly canZero: boolean
  readonly canPunch: boolean
  readonly ordersTags: boolean
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly image: Uint8Array
  /** Every step that was taken, in order of queueing. */
  readonly steps: ManualStep[] = []
  /** Those that have not ended, in order of queueing. */
  readonly outstanding: ManualStep[] = []
  /** Read by nowNs(); moved by tests. */
  clockNs = 0
  /** Memories made and not freed. */
  memories = 0
  /** createMemory() fails when it would give out more than this many. */
  memoryLeft = Number.POSITIVE_INFINITY
  /** Changed by tests to make it busy. */
  capacity: number
  readonly #onQueue: ManualBackendOptions['onQueue']
  readonly #onEnd: ManualBackendOptions['onEnd']
  #finished: {token: number; result: number}[] = []

  constructor(options: ManualBackendOptions = {}) {
    this.tokens = options.tokens ?? 256
    this.capacity = options.capacity ?? this.tokens
    this.canDsync = options.canDsync ?? true
    this.canZero = options.canZero ?? true
    this.canPunch = options.canPunch ?? true
    this.ordersTags = options.ordersTags ?? false
    this.image = options.image ?? new Uint8Array(1 << 16)
    this.doneTokens = new Int32Array(this.tokens)
    this.doneResults = new Int32Array(this.tokens)
    this.#onQueue = options.onQueue
    this.#onEnd = options.onEnd
  }

  createMemory(bytes: number): Memory {
    if (this.memories >= this.memoryLeft) throw new ToolError('environment', 'E_MEMORY', `no memory for ${bytes} bytes`)
    this.memories++
    return {
      bytes: new Uint8Array(bytes),
      free: () => {
        this.memories--
      },
    }
  }

  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
    ordered = false,
  ): boolean {
    if (this.outstanding.length + this.#finished.length >= this.capacity) return false
    invariant(token >= 0 && token < this.tokens, `token ${token} is out of range`)
    invariant(!this.outstanding.some((other) => other.token === token), `token ${token} has a step outstanding already`)
    invariant(op !== STEP_ZERO || this.canZero, 'a ZERO step was queued')
    invariant(op !== STEP_PUNCH || this.canPunch, 'a PUNCH step was queued')
    invariant(!ordered || this.ordersTags, 'a step carries an ordered tag')
    invariant(!dsync || (op === STEP_WRITE && this.canDsync), `step ${op} carries dsync`)
    const step = {op, token, memory, memoryOffset, offsetBytes, lengthBytes, dsync, ordered}
    this.steps.push(step)
    this.outstanding.push(step)
    this.#onQueue?.(step)
    return true
  }

  /** Ends a step. Without a result it ends well: everything transferred, or 0. */
  end(step: ManualStep, result?: number): void {
    const index = this.outstanding.indexOf(step)
    invariant(index >= 0, 'the step is not outstanding')
    this.outstanding.splice(index, 1)
    const transfers = step.op === STEP_READ || step.op === STEP_WRITE
    const outcome = result ?? (transfers ? step.lengthBytes : 0)
    if (outcome >= 0) this.#move(step, outcome)
    this.#finished.push({token: step.token, result: outcome})
    this.#onEnd?.(step, outcome)
  }

  /** The outstanding sync, if there is one. */
  get sync(): ManualStep | undefined {
    return this.outstanding.find(isSync)
  }

  submit(): undefined {
    return undefined
  }

  reap(): number {
    const finished = this.#finished
    this.#finished = []
    finished.forEach(({token, result}, i) => {
      this.doneTokens[i] = token
      this.doneResults[i] = result
    })
    return finished.length
  }

  nowNs(): number {
    return this.clockNs
  }

  async close(): Promise<void> {
    invariant(this.outstanding.length === 0, 'closed with steps outstanding')
  }

  #move(step: ManualStep, bytes: number): void {
    const {op, offsetBytes, lengthBytes} = step
    if (op === STEP_ZERO || op === STEP_PUNCH) this.image.fill(0, offsetBytes, offsetBytes + lengthBytes)
    if (!step.memory) return
    const data = step.memory.bytes.subarray(step.memoryOffset, step.memoryOffset + bytes)
    if (op === STEP_READ) data.set(this.image.subarray(offsetBytes, offsetBytes + bytes))
    if (op === STEP_WRITE) this.image.set(data, offsetBytes)
  }
}
