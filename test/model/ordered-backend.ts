import type {Backend, Memory} from '../../src/aio/index.js'
import {SECTOR_BYTES, type Random} from '../../src/base/index.js'
import {STEP_SYNC, STEP_SYNC_ALL, STEP_WRITE, type StepOp} from '../../src/request/index.js'
import type {DiskCall} from './state-graph.js'

/** Syncs get ids of their own, above those of all requests of a small program. */
const FIRST_SYNC = 100

interface Outstanding {
  readonly token: number
  /** What is told when it starts; a sync without a tag owes what it owes from when it was queued. */
  readonly begin: DiskCall | undefined
  readonly end: DiskCall
  readonly result: number
  readonly ordered: boolean
  started: boolean
}

/**
 * A backend without a disk: it tells which calls it would make, and lets another decide which step ends next. A write is known by
 * the value it writes. An ordered tag starts when everything queued before it has ended, and nothing queued behind it starts before
 * it has ended; with one in the line, more steps may end before anybody looks.
 */
export class OrderedBackend implements Backend {
  readonly name = 'sim'
  readonly canDsync = true
  readonly canZero = false
  readonly canPunch = false
  readonly ordersTags = true
  readonly tokens = 16
  readonly doneTokens = new Int32Array(16)
  readonly doneResults = new Int32Array(16)
  readonly #random: Random
  readonly #tell: (call: DiskCall) => void
  readonly #waited: () => void
  /** Queued and not ended, in this order. */
  readonly #line: Outstanding[] = []
  #finished: Outstanding[] = []
  #syncs = 0

  /** @param waited told when the engine lets the device go on */
  constructor(random: Random, tell: (call: DiskCall) => void, waited: () => void = () => {}) {
    this.#random = random
    this.#tell = tell
    this.#waited = waited
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
    ordered = false,
  ): boolean {
    if (op === STEP_WRITE) {
      const id = memory?.bytes[memoryOffset] ?? 0
      const [from, sectors] = [offsetBytes / SECTOR_BYTES, lengthBytes / SECTOR_BYTES]
      const begin = {call: 'write', id, from, sectors, dsync} as const
      this.#add({token, begin, end: {call: 'endWrite', id, ok: true}, result: lengthBytes, ordered, started: false})
    } else if (op === STEP_SYNC || op === STEP_SYNC_ALL) {
      const id = FIRST_SYNC + this.#syncs++
      const begin = {call: 'sync', id} as const
      if (!ordered) this.#tell(begin)
      const end = {call: 'endSync', id, ok: true} as const
      this.#add({token, begin: ordered ? begin : undefined, end, result: 0, ordered, started: false})
    } else {
      throw new Error(`step ${op} is no part of a small program`)
    }
    return true
  }

  submit(wait: boolean): undefined {
    if (!wait || this.#line.length === 0) return
    this.#waited()
    for (let goesOn = true; goesOn;) {
      const ended = this.#random.pick(this.#line.filter(({started}) => started))
      const hasTags = this.#line.some(({ordered}) => ordered)
      this.#end(ended)
      goesOn = hasTags && this.#line.length > 0 && this.#random.chance(0.5)
    }
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
    return 0
  }

  async close(): Promise<void> {}

  #add(step: Outstanding): void {
    this.#line.push(step)
    this.#startFree()
  }

  #end(step: Outstanding): void {
    this.#line.splice(this.#line.indexOf(step), 1)
    this.#tell(step.end)
    this.#finished.push(step)
    this.#startFree()
  }

  #startFree(): void {
    for (const [place, step] of this.#line.entries()) {
      if (step.ordered && place > 0) return
      if (!step.started && step.begin) this.#tell(step.begin)
      step.started = true
      if (step.ordered) return
    }
  }
}
