import {describe, expect, it} from 'vitest'
import type {Memory} from '../../../src/aio/backend.js'
import {SimBackend, type SimBackendOptions} from '../../../src/aio/sim/backend.js'
import {DISK_MODELS, type DiskModel} from '../../../src/aio/sim/disk-model.js'
import {SimDisk, type CrashKind} from '../../../src/aio/sim/disk.js'
import {ERRNO} from '../../../src/base/index.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../../src/request/index.js'
import {runOrders} from '../contract.js'
import {NONE, sectorValues, WRITEBACK, WRITETHROUGH} from './moments.js'

const PAGE = 4096
const WRITE = {op: STEP_WRITE, lengthBytes: 512} as const

interface Setting extends Partial<SimBackendOptions> {
  readonly mode?: SimDisk['mode']
}

function backendOf(seed: number, {mode = NONE, ...options}: Setting = {}): SimBackend {
  return new SimBackend({disk: new SimDisk({sizeBytes: 1 << 20, seed, mode}), seed, ...options})
}

/** Memory whose page i is filled with i + 1. */
function pages(backend: SimBackend, count: number): Memory {
  const memory = backend.createMemory(count * PAGE)
  for (let i = 0; i < count; i++) memory.bytes.fill(i + 1, i * PAGE, (i + 1) * PAGE)
  return memory
}

const settings: readonly {readonly name: string; readonly model?: DiskModel}[] = [
  {name: 'without a model'},
  ...DISK_MODELS.map((model) => ({name: `on the ${model.name} model`, model})),
]

/** Four writes of a sector, a fifth with or without a tag, four more: what crashes at all moments leave. */
async function crashes(kind: CrashKind, setting: Setting, tagged: boolean): Promise<string[]> {
  const found = new Set<string>()
  for (let seed = 1; seed <= 40; seed++) {
    const backend = backendOf(seed, setting)
    const memory = pages(backend, 9)
    for (let i = 0; i < 9; i++) {
      backend.queue(STEP_WRITE, i, memory, i * PAGE, i * 512, 512, false, tagged && i === 4)
    }
    await backend.submit(false)
    for (let ended = 0; ended < 9; ended += backend.reap()) {
      for (let crash = 1; crash <= 10; crash++) {
        found.add(sectorValues(backend.powerCut(kind, seed * 100 + crash), 9).join(''))
      }
      await backend.submit(true)
    }
  }
  return [...found]
}

/** A later one is there although an earlier one is not, across the tag. */
function breaksOrder(image: string): boolean {
  const there = image.split('').map((value) => value !== '0')
  const [before, tagged, after] = [there.slice(0, 4), there[4], there.slice(5)]
  return ((tagged || after.includes(true)) && before.includes(false)) || (after.includes(true) && !tagged)
}

describe.each(settings)('an ordered tag $name', ({model}) => {
  const with_ = model === undefined ? {} : {model}

  // TAG on a device without a volatile cache: every atom before the barrier is ordered before every atom after it.
  it('lets no crash find something behind it without everything before it, where what has ended is stable', async () => {
    const images = await crashes('powerLoss', {...with_, mode: WRITETHROUGH}, true)
    expect(images.filter((image) => breaksOrder(image))).toEqual([])
    expect(images.length).toBeGreaterThan(8)
  })

  it('is what does that: without it a crash may find anything', async () => {
    const images = await crashes('powerLoss', {...with_, mode: WRITETHROUGH}, false)
    expect(images.some((image) => breaksOrder(image))).toBe(true)
  })

  it('promises no stability: a volatile cache may lose what is before it and keep what is behind it', async () => {
    const images = await crashes('powerLoss', {...with_, mode: NONE}, true)
    expect(images.some((image) => breaksOrder(image))).toBe(true)
    const killed = await crashes('processKill', {...with_, mode: NONE}, true)
    expect(killed.filter((image) => breaksOrder(image))).toEqual([])
  })

  it('goes on although a step before it has failed', async () => {
    const fault = {step: 'write', nth: 1, effect: {kind: 'errno', errno: ERRNO.EIO}} as const
    const backend = backendOf(1, {...with_, faults: [fault]})
    const results = await runOrders(backend, pages(backend, 3), [
      {...WRITE, token: 0, slot: 0, offsetBytes: 0},
      {...WRITE, token: 1, slot: 1, offsetBytes: 512, ordered: true},
      {...WRITE, token: 2, slot: 2, offsetBytes: 1024},
    ])
    expect([0, 1, 2].map((token) => results.get(token))).toEqual([-ERRNO.EIO, 512, 512])
  })

  it('releases what is behind it when its own step fails, is refused, or is cut', async () => {
    const EIO = {kind: 'errno', errno: ERRNO.EIO} as const
    const faults = [
      {step: 'write', nth: 1, effect: EIO},
      {step: 'sync', nth: 1, effect: EIO},
      {step: 'write', nth: 2, effect: {kind: 'short', bytes: 512}},
    ] as const
    const backend = backendOf(1, {...with_, faults})
    const results = await runOrders(backend, pages(backend, 3), [
      {...WRITE, token: 0, slot: 0, ordered: true},
      {op: STEP_SYNC, token: 1, ordered: true},
      {op: STEP_READ, token: 2, slot: 2, offsetBytes: 4, lengthBytes: 512, ordered: true},
      {...WRITE, token: 3, slot: 1, lengthBytes: 1024, ordered: true},
      {...WRITE, token: 4, slot: 1},
    ])
    expect([0, 1, 2, 3, 4].map((token) => results.get(token))).toEqual([
      -ERRNO.EIO,
      -ERRNO.EIO,
      -ERRNO.EINVAL,
      512,
      512,
    ])
  })

  it('on a SYNC makes it cover what was queued before it, in flight or not', async () => {
    for (const mode of [WRITEBACK, NONE]) {
      for (let seed = 1; seed <= 40; seed++) {
        const backend = backendOf(seed, {...with_, mode})
        await runOrders(backend, pages(backend, 2), [
          {...WRITE, token: 0, slot: 0, offsetBytes: 0},
          {...WRITE, token: 1, slot: 1, offsetBytes: PAGE},
          {op: STEP_SYNC, token: 2, ordered: true},
        ])
        const values = sectorValues(backend.powerCut('powerLoss', seed), 9)
        expect([values[0], values[8]]).toEqual([1, 2])
      }
    }
  })

  it('does not help a SYNC that has none: held behind another tag, it owes what had ended when it was queued', async () => {
    const kept = new Set<number>()
    for (let seed = 1; seed <= 100; seed++) {
      const backend = backendOf(seed, {...with_, mode: WRITEBACK})
      await runOrders(backend, pages(backend, 2), [
        {...WRITE, token: 0, slot: 0, offsetBytes: 0},
        {op: STEP_READ, token: 1, slot: 1, offsetBytes: PAGE, lengthBytes: 512, ordered: true},
        {op: STEP_SYNC, token: 2},
      ])
      for (const value of sectorValues(backend.powerCut('powerLoss', seed), 1)) kept.add(value)
    }
    expect(kept).toEqual(new Set([0, 1]))
  })
})

describe('a step that an ordered tag holds', () => {
  it('has nothing on the disk, and reads its memory when it starts', async () => {
    const backend = backendOf(3)
    const memory = pages(backend, 2)
    backend.queue(STEP_WRITE, 0, memory, 0, 0, 512, false)
    backend.queue(STEP_WRITE, 1, memory, PAGE, 512, 512, false, true)
    await backend.submit(false)
    const seconds = new Set<number | undefined>()
    for (let crash = 1; crash <= 50; crash++) seconds.add(sectorValues(backend.powerCut('processKill', crash), 2)[1])
    expect(seconds).toEqual(new Set([0]))
    memory.bytes.fill(9, PAGE)
    for (let ended = 0; ended < 2; ended += backend.reap()) await backend.submit(true)
    expect(sectorValues(backend.powerCut('processKill', 1), 2)).toEqual([1, 9])
  })
})
