import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {SimBackend} from '../../src/aio/sim/backend.js'
import {SimDisk} from '../../src/aio/sim/disk.js'
import type {SimFault} from '../../src/aio/sim/fault.js'
import type {Memory} from '../../src/aio/index.js'
import {ERRNO, invariant, Prng} from '../../src/base/index.js'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {Engine, SYNC_TOKENS} from '../../src/engine/index.js'
import {orderingModeOf, withoutTags, type OrderingName} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_UNMAP, idBytes, STATUS_OK} from '../../src/request/index.js'
import {memoryOf} from './rig.js'

const LANES = 4
const LANE_BYTES = 5 * 512
/** Lanes are not multiples of 4096, so that with such an alignment two lanes share a block at every edge. */
const SIZE_BYTES = 12288

interface Move {
  readonly lane: number
  /** Sectors of the lane, from `first`. */
  readonly first: number
  readonly count: number
  readonly what: 'write' | 'read' | 'zero' | 'flush' | 'id'
  readonly flags: number
}

interface Setting {
  readonly seed: number
  readonly mode: CacheModeName
  readonly ordering: OrderingName
  readonly depth: number
  readonly capacity: number
  readonly alignmentBytes: number
  readonly able: boolean
  readonly faulty: boolean
}

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    lane: fc.nat(LANES - 1),
    first: fc.nat(4),
    count: fc.integer({min: 1, max: 5}),
    what: fc.constantFrom('write', 'write', 'write', 'read', 'read', 'zero', 'flush', 'id'),
    flags: fc.constantFrom(0, 0, 0, 0, FLAG_FUA, FLAG_BARRIER, FLAG_BARRIER | FLAG_FUA),
  }),
  {minLength: 1, maxLength: 50, size: 'max'},
)

const setting: fc.Arbitrary<Setting> = fc.record({
  seed: fc.nat(1 << 30),
  mode: fc.constantFrom<CacheModeName>('writethrough', 'writeback', 'none', 'directsync', 'unsafe'),
  ordering: fc.constantFrom<OrderingName>('drain', 'drain-flush', 'drain-fua', 'tag', 'tag-flush', 'tag-fua'),
  depth: fc.integer({min: 1, max: 16}),
  capacity: fc.integer({min: 1, max: 17}),
  alignmentBytes: fc.constantFrom(512, 4096),
  able: fc.boolean(),
  faulty: fc.boolean(),
})

/** Nothing that ends a request: steps that stop half-way, that are interrupted, that take long. */
function nuisances(alignmentBytes: number): readonly SimFault[] {
  const short = {kind: 'short', bytes: alignmentBytes} as const
  return [
    {step: 'write', probability: 0.2, effect: short},
    {step: 'write', probability: 0.1, effect: {kind: 'errno', errno: ERRNO.EINTR}},
    {step: 'read', probability: 0.2, effect: short},
    {step: 'read', probability: 0.1, effect: {kind: 'errno', errno: ERRNO.EAGAIN}},
    {step: 'zero', probability: 0.3, effect: {kind: 'errno', errno: ERRNO.EOPNOTSUPP}},
    {step: 'write', probability: 0.2, effect: {kind: 'delay', ns: 3e6}},
    {step: 'sync', probability: 0.3, effect: {kind: 'delay', ns: 25e6}},
  ]
}

/**
 * Requests of a lane depend on the one before; lanes share nothing but blocks, barriers and syncs. So each read has one
 * right answer, and the whole image has one at the end.
 */
class Run {
  readonly reference: Uint8Array
  readonly disk: SimDisk
  readonly engine: Engine
  readonly #backend: SimBackend
  readonly #prng: Prng
  readonly #last = new Map<number, number>()
  readonly #expected = new Map<number, {memory: Memory; bytes: Uint8Array}>()
  #released = 0

  constructor({seed, mode, ordering, depth, capacity, alignmentBytes, able, faulty}: Setting) {
    const facts = cacheModeOf(mode)
    this.#prng = new Prng(seed)
    const initial = new Uint8Array(SIZE_BYTES)
    this.#prng.fill(initial)
    this.reference = initial.slice()
    this.disk = new SimDisk({
      sizeBytes: SIZE_BYTES,
      seed,
      mode: facts,
      initial: (offsetBytes, target) => target.set(initial.subarray(offsetBytes, offsetBytes + target.length)),
    })
    const abilities = {canDsync: able, canZero: able, canPunch: able}
    const faults = faulty ? nuisances(alignmentBytes) : []
    this.#backend = new SimBackend({disk: this.disk, seed, capacity, tokens: depth + SYNC_TOKENS, faults, ...abilities})
    this.engine = new Engine({
      device: {capacitySectors: SIZE_BYTES / 512, readOnly: false, logicalBlockBytes: 512},
      mode: facts,
      // A step that cannot be finished at once fails when a tag is behind it: with tags nothing may go wrong here.
      ordering: faulty ? withoutTags(orderingModeOf(ordering)) : orderingModeOf(ordering),
      backend: this.#backend,
      depth,
      alignmentBytes,
      soleWriter: true,
      id: idBytes('sim'),
    })
  }

  async run(list: readonly Move[]): Promise<void> {
    for (const move of list) {
      while (this.engine.room === 0) await this.#tick()
      this.#submit(move)
    }
    while (this.engine.pending > 0) await this.#tick()
    this.#take()
    await this.#backend.close()
    invariant(this.#released === list.length, `${this.#released} of ${list.length} requests ended`)
  }

  #submit({lane, first, count, what, flags}: Move): void {
    const offsetBytes = lane * LANE_BYTES + first * 512
    const lengthBytes = Math.min(count, 5 - first) * 512
    const endBytes = offsetBytes + lengthBytes
    const id = this.engine.nextId
    const memory = memoryOf(lengthBytes)
    const last = this.#last.get(lane)
    const after = last === undefined ? undefined : [last]
    switch (what) {
      case 'write':
        this.#prng.fill(memory.bytes)
        this.reference.set(memory.bytes, offsetBytes)
        this.engine.submit(1, flags, offsetBytes, lengthBytes, memory, 0, after)
        break
      case 'read':
        this.#expected.set(id, {memory, bytes: this.reference.slice(offsetBytes, endBytes)})
        this.engine.submit(0, flags, offsetBytes, lengthBytes, memory, 0, after)
        break
      case 'zero':
        this.reference.fill(0, offsetBytes, endBytes)
        this.engine.submit(13, flags | (first % 2 ? FLAG_UNMAP : 0), offsetBytes, lengthBytes, undefined, 0, after)
        break
      case 'flush':
        this.engine.submit(4, flags, 0, 0, undefined, 0, after)
        break
      case 'id':
        this.engine.submit(8, flags, 0, 20, memoryOf(20), 0, after)
    }
    this.#last.set(lane, id)
  }

  async #tick(): Promise<void> {
    await this.engine.tick(true)
    this.#take()
  }

  #take(): void {
    for (let slot = this.engine.takeDone(); slot >= 0; slot = this.engine.takeDone()) {
      const id = this.engine.idOf(slot)
      invariant(this.engine.statusOf(slot) === STATUS_OK, `request ${id} ended with ${this.engine.statusOf(slot)}`)
      const read = this.#expected.get(id)
      invariant(!read || Buffer.compare(read.memory.bytes, read.bytes) === 0, `request ${id} read something else`)
      this.engine.release(slot)
      this.#released++
    }
  }

  /** What the image holds now. */
  content(): Uint8Array {
    const bytes = new Uint8Array(SIZE_BYTES)
    this.disk.read(0, bytes)
    return bytes
  }
}

describe('an engine on a simulated disk', () => {
  it('loses nothing: every read and the final image are what the requests say, however steps overtake each other', async () => {
    await fc.assert(
      fc.asyncProperty(setting, moves, async (made, list) => {
        const run = new Run(made)
        await run.run(list)
        expect(Buffer.compare(run.content(), run.reference)).toBe(0)
        run.engine.close()
      }),
      {seed: 20260320, numRuns: 400},
    )
  })

  it('keeps through a power cut what a FLUSH covered, with nothing in flight', async () => {
    await fc.assert(
      fc.asyncProperty(setting, moves, async (made, list) => {
        const run = new Run(made)
        await run.run([...list, {lane: 0, first: 0, count: 1, what: 'flush', flags: FLAG_BARRIER}])
        if (made.mode === 'unsafe') return
        const left = new Uint8Array(SIZE_BYTES)
        run.disk.crash('powerLoss', made.seed).read(0, left)
        expect(Buffer.compare(left, run.reference)).toBe(0)
      }),
      {seed: 20260321, numRuns: 300},
    )
  })
})
