import type {StepOp} from '../request/index.js'
import type {Backend, BackendName, Memory} from './backend.js'

/** A backend for a part of an image: every offset is moved by where the part begins, and nothing else. */
export class PartBackend implements Backend {
  readonly name: BackendName
  readonly canDsync: boolean
  readonly canZero: boolean
  readonly canPunch: boolean
  readonly ordersTags: boolean
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #whole: Backend
  readonly #startBytes: number

  constructor(whole: Backend, startBytes: number) {
    this.#whole = whole
    this.#startBytes = startBytes
    this.name = whole.name
    this.canDsync = whole.canDsync
    this.canZero = whole.canZero
    this.canPunch = whole.canPunch
    this.ordersTags = whole.ordersTags
    this.tokens = whole.tokens
    this.doneTokens = whole.doneTokens
    this.doneResults = whole.doneResults
  }

  createMemory(bytes: number): Memory {
    return this.#whole.createMemory(bytes)
  }

  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
    ordered?: boolean,
  ): boolean {
    const from = offsetBytes + this.#startBytes
    return this.#whole.queue(op, token, memory, memoryOffset, from, lengthBytes, dsync, ordered)
  }

  submit(wait: boolean): Promise<void> | undefined {
    return this.#whole.submit(wait)
  }

  reap(): number {
    return this.#whole.reap()
  }

  nowNs(): number {
    return this.#whole.nowNs()
  }

  close(): Promise<void> {
    return this.#whole.close()
  }
}
