import {Prng} from '../../base/index.js'
import type {StepOp} from '../../request/index.js'
import {BackendAround, type Backend, type Memory} from '../backend.js'
import {spoiledStep, type Spoil} from './spoil.js'

/** A late step is looked for this often, so that others need not wait for it. */
const LOOK_MS = 1

/** A step that has ended, and may be told of at its time. */
interface Late {
  readonly token: number
  readonly result: number
  readonly dueNs: number
}

/**
 * Another backend on a bad disk: some steps end late, some fail without having been done. Which of them fail is the seed's
 * choice, in the order in which they are queued. Closing it closes the other.
 */
export class SpoiltBackend extends BackendAround implements Backend {
  readonly ordersTags = false
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #spoil: Spoil
  readonly #prng: Prng
  /** By token: how much longer its step takes. */
  readonly #delaysNs: Float64Array
  #late: Late[] = []

  constructor(inner: Backend, spoil: Spoil, seed: number) {
    super(inner)
    this.#spoil = spoil
    this.#prng = new Prng(seed)
    this.#delaysNs = new Float64Array(inner.tokens)
    this.doneTokens = new Int32Array(inner.doneTokens.length + inner.tokens)
    this.doneResults = new Int32Array(inner.doneTokens.length + inner.tokens)
  }

  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
  ): boolean {
    const step = spoiledStep(op)
    const delayNs = (step && this.#spoil.delaysNs.get(step)) ?? 0
    for (const error of this.#spoil.errors) {
      if (error.step !== step || !this.#prng.chance(error.probability)) continue
      this.#late.push({token, result: -error.errno, dueNs: this.nowNs() + delayNs})
      return true
    }
    this.#delaysNs[token] = delayNs
    return this.inner.queue(op, token, memory, memoryOffset, offsetBytes, lengthBytes, dsync)
  }

  submit(wait: boolean): Promise<void> | undefined {
    if (!wait || this.#late.length === 0) return this.inner.submit(wait)
    const waiting = this.inner.submit(false)
    if (waiting) return waiting
    const firstNs = Math.min(...this.#late.map(({dueNs}) => dueNs))
    const ms = Math.ceil((firstNs - this.nowNs()) / 1e6)
    if (ms <= 0) return undefined
    return new Promise((resolve) => setTimeout(resolve, Math.min(ms, LOOK_MS)))
  }

  reap(): number {
    let count = 0
    const tell = (token: number, result: number): void => {
      this.doneTokens[count] = token
      this.doneResults[count] = result
      count++
    }
    const ended = this.inner.reap()
    const nowNs = this.nowNs()
    for (let i = 0; i < ended; i++) {
      const token = this.inner.doneTokens[i] as number
      const result = this.inner.doneResults[i] as number
      const delayNs = this.#delaysNs[token] as number
      if (delayNs > 0) this.#late.push({token, result, dueNs: nowNs + delayNs})
      else tell(token, result)
    }
    if (this.#late.length === 0) return count
    const late = this.#late
    this.#late = []
    for (const step of late) {
      if (step.dueNs <= nowNs) tell(step.token, step.result)
      else this.#late.push(step)
    }
    return count
  }
}
