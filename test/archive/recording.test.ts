import {closeSync, openSync, readdirSync, readFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {openBackend, type Memory} from '../../src/aio/index.js'
import {openTrace, Recording} from '../../src/archive/index.js'
import {Prng, SECTOR_BYTES, type Range} from '../../src/base/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {CrashModel, explore} from '../../src/crash/index.js'
import {Engine, SYNC_TOKENS} from '../../src/engine/index.js'
import {openImage, sourceOf} from '../../src/image/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {DISCARD, FLAG_FUA, FLAG_UNMAP, FLUSH, idBytes, IN, OUT, WRITE_ZEROES} from '../../src/request/index.js'
import {loadTrace, planUnder, type Trace, type TraceEvent, type TraceHeader} from '../../src/trace/index.js'
import {Scene} from '../image/scene.js'

vi.setConfig({testTimeout: 120_000})

const SECTORS = 64
const SIZE_BYTES = SECTORS * SECTOR_BYTES
/** The image holds data in its first and third quarter, and holes. */
const DATA: readonly Range[] = [
  {offsetBytes: 0, lengthBytes: SIZE_BYTES / 4},
  {offsetBytes: SIZE_BYTES / 2, lengthBytes: SIZE_BYTES / 4},
]
const HEADER: Omit<TraceHeader, 'knownBefore'> = {
  sizeBytes: SIZE_BYTES,
  mode: 'writeback',
  ordering: 'none',
  source: 'a test',
}
const DEPTH = 16

function loaded(path: string): Trace {
  const {reading, close} = openTrace(path)
  try {
    return loadTrace(reading)
  } finally {
    close()
  }
}

/** What an image held according to a trace, on top of what the trace says nothing of. */
function beforeOf(trace: Trace, under: Uint8Array): Uint8Array {
  const image = Uint8Array.from(under)
  for (const {offsetBytes, bytes} of trace.before) image.set(bytes, offsetBytes)
  return image
}

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function imageWithHoles(prng: Prng): string {
  const path = scene.file('disk.img', SIZE_BYTES)
  const fd = openSync(path, 'r+')
  for (const {offsetBytes, lengthBytes} of DATA) {
    const bytes = new Uint8Array(lengthBytes)
    prng.fill(bytes)
    writeSync(fd, bytes, 0, lengthBytes, offsetBytes)
  }
  closeSync(fd)
  return path
}

type Read = (bytes: Uint8Array, offsetBytes: number) => unknown

const CONTENT = 2

/** The types of the whole records of a trace in the binary format, in order (frame.ts). */
function recordTypes(bytes: Buffer): number[] {
  const types: number[] = []
  for (let at = 16; at + 8 <= bytes.length; at += 12 + bytes.readUInt32LE(at + 4)) types.push(bytes.readUInt8(at))
  return types
}

/** Runs random requests, many in flight and over one another, recorded in both ways. @returns both traces */
async function recordBoth(prng: Prng, path: string): Promise<{readonly eager: Trace; readonly late: Trace}> {
  const image = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
  const source = sourceOf(image)
  const read = (bytes: Uint8Array, at: number): unknown => source.readInto(bytes, at)
  const dataIn = ({offsetBytes, lengthBytes}: Range) => image.dataRanges(offsetBytes, lengthBytes)
  const facts = {header: HEADER, imagePath: path, data: DATA, dataIn, read}
  const recordings = [
    new Recording({...facts, name: scene.path('eager.trace'), before: DATA}),
    new Recording({...facts, name: scene.path('late.trace'), before: 'when touched'}),
  ] as const
  const {backend} = await openBackend('threads', {
    ...{fd: image.fd, startBytes: 0, dsyncFd: () => image.dsyncFd(), sizeBytes: SIZE_BYTES, readOnly: false},
    ...{mode: cacheModeOf('writeback'), tokens: DEPTH + SYNC_TOKENS, depth: DEPTH, seed: 0},
    read: () => {},
    freshRanges: (offsetBytes: number, lengthBytes: number) => image.freshRanges(offsetBytes, lengthBytes),
  })
  const engine = new Engine({
    device: {capacitySectors: SECTORS, readOnly: false, logicalBlockBytes: SECTOR_BYTES},
    ...{mode: cacheModeOf('writeback'), ordering: orderingModeOf('none'), backend, depth: DEPTH, alignmentBytes: 1},
    ...{soleWriter: true, id: idBytes('a test')},
    observer(event: TraceEvent) {
      for (const recording of recordings) recording.observe(event)
    },
  })
  const memories: (Memory | undefined)[] = []
  const take = (): void => {
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) {
      engine.release(slot)
      memories[slot]?.free()
      memories[slot] = undefined
    }
  }
  for (let i = 0; i < 60; i++) {
    const offset = prng.below(SECTORS)
    const length = 1 + prng.below(Math.min(12, SECTORS - offset))
    const range = [offset * SECTOR_BYTES, length * SECTOR_BYTES] as const
    const kind = prng.pick([OUT, OUT, OUT, DISCARD, WRITE_ZEROES, IN, FLUSH])
    const hasData = kind === OUT || kind === IN
    const memory = hasData ? backend.createMemory(range[1]) : undefined
    if (memory && kind === OUT) prng.fill(memory.bytes)
    const data = kind === OUT ? memory?.bytes.subarray(0, range[1]) : undefined
    for (const recording of recordings) recording.offer(data)
    const unmap = kind === WRITE_ZEROES && prng.chance(0.5) ? FLAG_UNMAP : 0
    const flags = unmap | (kind === OUT && prng.chance(0.2) ? FLAG_FUA : 0)
    const [at, bytes] = kind === FLUSH ? [0, 0] : range
    const slot = engine.submit(kind.type, flags, at, bytes, memory, 0)
    memories[slot] = memory
    while (engine.room === 0 || (engine.pending > 0 && prng.chance(0.2))) {
      await engine.tick(true)
      take()
    }
  }
  while (engine.pending > 0) {
    await engine.tick(true)
    take()
  }
  take()
  for (const recording of recordings) recording.commit()
  engine.close()
  await backend.close()
  source.close()
  image.close()
  return {eager: loaded(scene.path('eager.trace')), late: loaded(scene.path('late.trace'))}
}

describe('a recording that reads what is there when it is touched', () => {
  it.each(Array.from({length: 12}, (_, seed) => seed))(
    'tells the same as one that reads all of it first, with the image for what nobody changed (seed %i)',
    async (seed) => {
      const prng = new Prng(seed)
      const path = imageWithHoles(prng)
      const original = Uint8Array.from(readFileSync(path))
      const {eager, late} = await recordBoth(prng, path)
      expect(eager.header).toEqual({...HEADER, knownBefore: 'whole'})
      expect(late.header).toEqual({...HEADER, knownBefore: 'touched'})
      expect(late.events).toEqual(eager.events)
      expect(late.events.length).toBeGreaterThan(100)
      const now = readFileSync(path)
      expect(now.equals(original)).toBe(false)
      expect(Buffer.compare(beforeOf(late, now), original)).toBe(0)
      expect(Buffer.compare(beforeOf(eager, new Uint8Array(SIZE_BYTES)), original)).toBe(0)
      // No sector is there twice.
      const ranges = late.before.map(({offsetBytes, bytes}) => [offsetBytes, offsetBytes + bytes.length] as const)
      const sorted = ranges.toSorted(([a], [b]) => a - b)
      sorted.forEach(([start], i) => expect(start).toBeGreaterThanOrEqual(sorted[i - 1]?.[1] ?? 0))
      // A check of three sectors meets the same images.
      const asked = [prng.below(SECTORS), prng.below(SECTORS), prng.below(SECTORS)]
      const met = (trace: Trace, base?: Uint8Array): unknown => {
        const images = new Set<string>()
        const options = base && {base: (at: number, into: Uint8Array) => into.set(base.subarray(at, at + into.length))}
        const {complete, states, crashPoints} = explore(
          new CrashModel(trace, options),
          (image) => {
            images.add(asked.map((sector) => Buffer.from(image.read(sector * SECTOR_BYTES, 4)).toString('hex')).join())
          },
          {budget: 20_000},
        )
        return {complete, states, crashPoints, images}
      }
      expect(met(late, now)).toEqual(met(eager))
    },
  )

  const recordings: Recording[] = []
  afterEach(() => {
    for (const recording of recordings.splice(0)) recording.discard()
  })

  /** A recording, and how to submit a write to it. */
  function lateOn(read: Read, {sizeBytes = SIZE_BYTES, data = DATA as readonly Range[] | undefined} = {}) {
    const name = scene.path('late.trace')
    const header = {...HEADER, sizeBytes}
    const facts = {name, header, imagePath: scene.path('disk.img'), before: 'when touched', data, read} as const
    // Data are at the start, if anywhere.
    const recording = new Recording({...facts, dataIn: (range) => (range.offsetBytes === 0 ? [range] : [])})
    recordings.push(recording)
    let id = 0
    const submit = (what: 'OUT' | 'DISCARD', offsetBytes: number, lengthBytes: number): void => {
      id++
      recording.offer(what === 'OUT' ? new Uint8Array(lengthBytes).fill(id & 255) : undefined)
      const {type} = {OUT, DISCARD}[what]
      const event = {kind: 'submit', id, type, flags: 0, offsetBytes, lengthBytes, atNs: id} as const
      recording.observe({...event, plan: planUnder(event, cacheModeOf('writeback'), orderingModeOf('none'))})
      recording.observe({kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: id})
    }
    return {name, recording, submit}
  }

  it('reads nothing before the first write, and no sector twice', () => {
    const reads: [number, number][] = []
    const {recording, submit} = lateOn((bytes, at) => reads.push([at / 512, bytes.length / 512]))
    expect(reads).toEqual([])
    submit('OUT', 4 * 512, 2 * 512)
    submit('OUT', 2 * 512, 6 * 512)
    submit('OUT', 0, 8 * 512)
    expect(reads).toEqual([
      [4, 2],
      [2, 2],
      [6, 2],
      [0, 2],
    ])
    recording.discard()
    expect(readdirSync(scene.folder)).toEqual([])
  })

  it('reads a hole when data are put there, and not when it is zeroed', () => {
    const reads: number[] = []
    const {recording, submit} = lateOn((_bytes, at) => reads.push(at))
    submit('DISCARD', 8192, 8192)
    expect(reads).toEqual([])
    submit('OUT', 8192, 512)
    expect(reads).toEqual([8192])
    submit('DISCARD', 0, 512)
    expect(reads).toEqual([8192, 0])
    recording.discard()
  })

  it('reads in pieces, however much is given up at once', () => {
    let most = 0
    let total = 0
    const {recording, submit} = lateOn(
      (bytes) => {
        most = Math.max(most, bytes.length)
        total += bytes.length
      },
      {sizeBytes: 2 ** 28},
    )
    submit('DISCARD', 0, 2 ** 28)
    expect([most, total]).toEqual([2 ** 20, 2 ** 28])
    recording.discard()
  })

  it('is not there where a place that is touched could not be read, whatever followed', () => {
    let reads = 0
    const {recording, submit} = lateOn(() => {
      if (++reads === 2) throw new Error('EIO')
    })
    submit('OUT', 0, 512)
    submit('OUT', 512, 512)
    submit('OUT', 1024, 512)
    expect(reads).toBe(2)
    expect(() => recording.refuseIncomplete()).toThrow('EIO')
    expect(() => recording.commit()).toThrow('EIO')
    recording.discard()
    expect(readdirSync(scene.folder)).toEqual([])
  })

  it('knows the whole of an image without data, and reads nothing', () => {
    const read = (): void => expect.unreachable()
    const empty = lateOn(read, {data: []})
    empty.submit('OUT', 0, 512)
    empty.recording.commit()
    expect(loaded(empty.name)).toMatchObject({header: {knownBefore: 'whole'}, before: []})
    const {recording} = lateOn(read, {data: undefined}) // nobody can tell
    expect(recording.knownBefore).toBe('touched')
  })

  it('tells what it can when it is cut short: what was there stands ahead of what changed it', () => {
    const {submit} = lateOn((bytes, at) => bytes.fill(1 + at / 512))
    for (let i = 0; i < 5000; i++) submit('OUT', (i % SECTORS) * 512, 512)
    const [unfinished = ''] = readdirSync(scene.folder)
    const {reading, close} = openTrace(scene.path(unfinished))
    const events: TraceEvent[] = []
    const walk = (): void => {
      for (const {event} of reading.events) events.push(event)
    }
    expect(walk).toThrow('the trace ends')
    close()
    expect(events.length).toBeGreaterThan(9000)
    // Right ahead of the first write to each sector.
    const bytes = readFileSync(scene.path(unfinished))
    const types = recordTypes(bytes).filter((type) => type !== CONTENT)
    expect(types.slice(0, 1 + 3 * SECTORS)).toEqual([1, ...Array.from({length: SECTORS}, () => [3, 4, 4]).flat()])
    expect(types.slice(1 + 3 * SECTORS).every((type) => type === 4)).toBe(true)
  })
})
