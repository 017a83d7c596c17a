import type {Backend, Memory} from '../../src/aio/index.js'
import {SECTOR_BYTES, type Random} from '../../src/base/index.js'
import {STEP_SYNC, STEP_SYNC_ALL, STEP_WRITE, type StepOp} from '../../src/request/index.js'
import type {DiskCall} from './state-graph.js'

/** Syncs get ids of their own, above those of all requests of a small program. */
const FIRST_SYNC = 100

interface Outstanding {
  readonly token: number
  readonly end: DiskCall
  readonly result: number
}

/**
 * A backend without a disk: it tells which calls it would make, and lets another decide which step ends next. A write is known by
 * the value it writes.
 */
export class OrderedBackend implements Backend {
  readonly name = 'sim'
  readonly canDsync = true
  readonly canZero = false
  readonly canPunch = false
  readonly ordersTags = false
  readonly tokens = 16
  readonly doneTokens = new Int32Array(1)
  readonly doneResults = new Int32Array(1)
  readonly #random: Random
  readonly #tell: (call: DiskCall) => void
  readonly #outstanding: Outstanding[] = []
  #finished: Outstanding | undefined
  #syncs = 0

  constructor(random: Random, tell: (call: DiskCall) => void) {
    this.#random = random
    this.#tell = tell
  }

  createMemory(bytes: number): Memory {
    return {bytes: new Uint8Array(bytes), free: () => {}}
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
    if (op === STEP_WRITE) {
      const id = memory?.bytes[memoryOffset] ?? 0
      const [from, sectors] = [offsetBytes / SECTOR_BYTES, lengthBytes / SECTOR_BYTES]
      this.#tell({call: 'write', id, from, sectors, dsync})
      this.#outstanding.push({token, end: {call: 'endWrite', id, ok: true}, result: lengthBytes})
    } else if (op === STEP_SYNC || op === STEP_SYNC_ALL) {
      const id = FIRST_SYNC + this.#syncs++
      this.#tell({call: 'sync', id})
      this.#outstanding.push({token, end: {call: 'endSync', id, ok: true}, result: 0})
    } else {
      throw new Error(`step ${op} is no part of a small program`)
    }
    return true
  }

  submit(wait: boolean): undefined {
    if (!wait || this.#outstanding.length === 0) return
    const [finished] = this.#outstanding.splice(this.#random.below(this.#outstanding.length), 1)
    if (finished) this.#tell(finished.end)
    this.#finished = finished
  }

  reap(): number {
    if (this.#finished === undefined) return 0
    this.doneTokens[0] = this.#finished.token
    this.doneResults[0] = this.#finished.result
    this.#finished = undefined
    return 1
  }

  nowNs(): number {
    return 0
  }

  async close(): Promise<void> {}
}
