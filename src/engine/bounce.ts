import type {Memory} from '../aio/index.js'
import {alignOut} from '../base/index.js'
import {STEP_READ, STEP_WRITE, type StepOp} from '../request/index.js'

/** One transfer between bounce memory (from its start) and the image. */
export interface Transfer {
  readonly op: StepOp
  readonly memoryOffset: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** Bounce memory of one request; longer ranges pass through it piece by piece. */
const BOUNCE_BYTES = 1 << 20

/**
 * Carries a range that is finer than the alignment of O_DIRECT through aligned memory. A write becomes read-modify-write: the
 * blocks it covers only partly are read first, so its neighbours are rewritten with what they held. The caller must keep other
 * writes away from those blocks meanwhile.
 */
export class Bounce {
  readonly #memory: Memory
  readonly #alignmentBytes: number
  readonly #offsetBytes: number
  readonly #endBytes: number
  /** The request's own bytes; undefined writes zeroes. */
  readonly #data: Uint8Array | undefined
  readonly #writes: boolean
  /** The piece being carried, [start, end), aligned. */
  #start: number
  #end: number
  #stage: 'head' | 'tail' | 'data' | 'after' = 'head'

  /** Bytes of memory a bounce needs for a range: all of its blocks, or one piece of them. */
  static memoryBytes(alignmentBytes: number, offsetBytes: number, lengthBytes: number): number {
    return Math.min(alignOut({offsetBytes, lengthBytes}, alignmentBytes).lengthBytes, BOUNCE_BYTES)
  }

  /** @param memory of at least memoryBytes(); the bounce owns it until free() */
  constructor(
    memory: Memory,
    alignmentBytes: number,
    offsetBytes: number,
    lengthBytes: number,
    writes: boolean,
    data: Uint8Array | undefined,
  ) {
    this.#alignmentBytes = alignmentBytes
    this.#offsetBytes = offsetBytes
    this.#endBytes = offsetBytes + lengthBytes
    this.#writes = writes
    this.#data = data
    this.#start = Math.floor(offsetBytes / alignmentBytes) * alignmentBytes
    this.#end = this.#pieceEnd()
    this.#memory = memory
  }

  get memory(): Memory {
    return this.#memory
  }

  /** The next transfer to run, once the one before has ended well; undefined when all data has been carried. */
  next(): Transfer | undefined {
    for (;;) {
      switch (this.#stage) {
        case 'head':
          this.#stage = 'tail'
          if (this.#writes && this.#start < this.#offsetBytes) return this.#block(this.#start)
          break
        case 'tail': {
          this.#stage = 'data'
          const last = this.#end - this.#alignmentBytes
          const readByHead = last === this.#start && this.#start < this.#offsetBytes
          if (this.#writes && this.#end > this.#endBytes && !readByHead) return this.#block(last)
          break
        }
        case 'data':
          this.#stage = 'after'
          if (this.#writes) this.#copyIn()
          return {
            op: this.#writes ? STEP_WRITE : STEP_READ,
            memoryOffset: 0,
            offsetBytes: this.#start,
            lengthBytes: this.#end - this.#start,
          }
        case 'after':
          if (!this.#writes) this.#copyOut()
          if (this.#end >= this.#endBytes) return undefined
          this.#start = this.#end
          this.#end = this.#pieceEnd()
          this.#stage = 'head'
      }
    }
  }

  free(): void {
    this.#memory.free()
  }

  #pieceEnd(): number {
    const whole = Math.ceil(this.#endBytes / this.#alignmentBytes) * this.#alignmentBytes
    return Math.min(whole, this.#start + BOUNCE_BYTES)
  }

  #block(offsetBytes: number): Transfer {
    const lengthBytes = this.#alignmentBytes
    return {op: STEP_READ, memoryOffset: offsetBytes - this.#start, offsetBytes, lengthBytes}
  }

  /** The part of the request inside the current piece. */
  #covered(): {from: number; to: number} {
    return {from: Math.max(this.#offsetBytes, this.#start), to: Math.min(this.#endBytes, this.#end)}
  }

  #copyIn(): void {
    const {from, to} = this.#covered()
    const target = this.#memory.bytes.subarray(from - this.#start, to - this.#start)
    if (this.#data) target.set(this.#data.subarray(from - this.#offsetBytes, to - this.#offsetBytes))
    else target.fill(0)
  }

  #copyOut(): void {
    const {from, to} = this.#covered()
    this.#data?.set(this.#memory.bytes.subarray(from - this.#start, to - this.#start), from - this.#offsetBytes)
  }
}
