import {mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {collect, figuresOf, flushesOf, probeSync} from '../../src/image/sync-probe.js'
import {openDescriptors, procFd, Scene} from './scene.js'
import {capability, itNeeds} from '../peers.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** A clock that moves only while the step runs. */
function planted(durationsNs: readonly number[]): {step: () => void; clock: () => bigint} {
  let nowNs = 0
  let steps = 0
  const step = (): void => {
    nowNs += durationsNs[steps++ % durationsNs.length] ?? 0
  }
  return {step, clock: () => BigInt(nowNs)}
}

describe('a measurement', () => {
  it('ends after its samples', async () => {
    const {step, clock} = planted([10, 20, 30])
    expect(await collect(step, clock, {samples: 5, budgetNs: 1e9})).toEqual([10, 20, 30, 10, 20])
  })

  it('ends with its time, on a slow disk after the first sample', async () => {
    const slow = planted([400])
    expect(await collect(slow.step, slow.clock, {samples: 100, budgetNs: 1000})).toEqual([400, 400, 400])
    const slower = planted([5000])
    expect(await collect(slower.step, slower.clock, {samples: 100, budgetNs: 1000})).toEqual([5000])
  })
})

describe('the figures of a measurement', () => {
  it('are by nearest rank, so that each was measured', () => {
    const durationsNs = [70, 10, 100, 20, 90, 30, 80, 40, 60, 50]
    expect(figuresOf(durationsNs)).toEqual({samples: 10, minNs: 10, medianNs: 50, p90Ns: 90})
    expect(figuresOf([7])).toEqual({samples: 1, minNs: 7, medianNs: 7, p90Ns: 7})
  })
})

describe('the flushes a disk counts', () => {
  // A line of /sys/block/sda/stat with 17 fields (Documentation/block/stat.rst): the 16th are flushes.
  const plant = (flushes: number, iostats = 1): string => {
    const folder = scene.path('class/block/sda')
    mkdirSync(join(folder, 'queue'), {recursive: true})
    writeFileSync(
      join(folder, 'stat'),
      `   97907    13236  4705965   139353   118586    59400 11510738   126757        0    32488   278443        0        0        0        0 ${flushes}    35359\n`,
    )
    writeFileSync(join(folder, 'queue/iostats'), `${iostats}\n`)
    return scene.folder
  }

  it('stand in its statistics', () => {
    expect(flushesOf('sda', plant(4711))).toBe(4711)
  })

  it('are not known where statistics are off, were never counted, or are too old to have them', () => {
    expect(flushesOf('sda', plant(4711, 0))).toBeUndefined()
    expect(flushesOf('sda', plant(0))).toBeUndefined()
    writeFileSync(scene.path('class/block/sda/stat'), '1 2 3 4 5 6 7 8 9 10 11\n')
    expect(flushesOf('sda', scene.folder)).toBeUndefined()
    expect(flushesOf('sdb', scene.folder)).toBeUndefined()
  })
})

describe('a probe', () => {
  const target = () => ({folder: scene.folder, device: statSync(scene.folder).dev, disks: []})

  it('measures in the folder, and leaves nothing there', async () => {
    const result = await probeSync(target(), '/sys', {samples: 3, budgetNs: 1e12})
    expect(result).toMatchObject({folder: scene.folder, writeBytes: 4096, samples: 3, flushCounts: []})
    if ('skipped' in result) throw new Error(result.skipped)
    expect(result.minNs).toBeGreaterThan(0)
    expect(result.minNs).toBeLessThanOrEqual(result.medianNs)
    expect(result.medianNs).toBeLessThanOrEqual(result.p90Ns)
    expect(readdirSync(scene.folder)).toEqual([])
  })

  it('is skipped where no file can be made', async () => {
    const folder = scene.path('none')
    expect(await probeSync({...target(), folder})).toEqual({
      skipped: `no scratch file can be made in ${folder} (ENOENT)`,
    })
  })

  itNeeds(
    [capability(process.platform === 'linux', 'files cannot be made in /proc')],
    'is skipped in a folder that takes no files',
    async () => {
      expect(await probeSync({...target(), folder: '/proc'})).toEqual({skipped: expect.stringContaining('/proc')})
    },
  )

  it('is skipped where the folder is on another file system than the image', async () => {
    const device = target().device + 1
    expect(await probeSync({...target(), device})).toEqual({skipped: expect.stringContaining('another file system')})
    expect(readdirSync(scene.folder)).toEqual([])
  })

  itNeeds([procFd], 'gives its descriptor back', async () => {
    const before = openDescriptors()
    await probeSync(target(), '/sys', {samples: 1, budgetNs: 1e9})
    await probeSync({...target(), device: -1})
    expect(openDescriptors()).toBe(before)
  })
})
