import type {StepOp} from '../request/index.js'
import {BackendAround, type Backend, type Memory} from './backend.js'

/** A backend for a part of an image: every offset is moved by where the part begins, and nothing else. */
export class PartBackend extends BackendAround implements Backend {
  readonly ordersTags: boolean
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #startBytes: number

  constructor(whole: Backend, startBytes: number) {
    super(whole)
    this.#startBytes = startBytes
    this.ordersTags = whole.ordersTags
    this.doneTokens = whole.doneTokens
    this.doneResults = whole.doneResults
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
    return this.inner.queue(op, token, memory, memoryOffset, from, lengthBytes, dsync, ordered)
  }

  submit(wait: boolean): Promise<void> | undefined {
    return this.inner.submit(wait)
  }

  reap(): number {
    return this.inner.reap()
  }
}
