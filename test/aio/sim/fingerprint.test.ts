import {describe, expect, it} from 'vitest'
import {fingerprintOf} from '../../../src/aio/sim/fingerprint.js'
import {LayerStack} from '../../../src/aio/sim/layer-stack.js'
import {NONE, Story} from './moments.js'

const print = (story: Story): string => story.disk.fingerprint((bytes) => String(bytes[0]))
const hole = (): boolean => false
/** A disk on which nothing moves unasked. */
const still = (options: Partial<ConstructorParameters<typeof Story>[0]> = {}): Story =>
  new Story({
    seed: 1,
    random: {exhaustive: true, next: () => 0, below: () => 0, chance: (p) => p === 1, pick: (values) => values[0]!},
    ...options,
  })

describe('the fingerprint of a simulated disk', () => {
  it('is the same for disks with the same history', () => {
    const tell = (): string => {
      const story = still().write(0, 1).flush()
      story.submit(3, 2, 2)
      story.disk.beginSync()
      return print(story)
    }
    expect(tell()).toBe(tell())
  })

  it('of a disk nothing was done to is that of empty layers', () => {
    const layers = new LayerStack({blockSectors: 8, mappedAtFirst: () => true})
    expect(print(still())).toBe(fingerprintOf({layers, changes: [], syncs: []}, () => ''))
  })

  it('tells where data is: in flight, in host memory, in the drive, on the medium', () => {
    const flying = still()
    flying.submit(0, 1)
    const places = [still(), flying, still().write(0, 1), still({mode: NONE}).write(0, 1), still().write(0, 1).flush()]
    expect(new Set(places.map(print)).size).toBe(places.length)
  })

  it('tells what data it is, and whose allocation is committed', () => {
    const disks = [still().write(0, 1), still().write(0, 2), still({allocated: hole}).write(0, 1)]
    expect(new Set(disks.map(print)).size).toBe(disks.length)
  })

  it('tells a step in flight with part of it applied from one with none, and a dsync write from another', () => {
    const [none, some, dsync] = [still(), still(), still()]
    none.submit(0, 1)
    some.submit(0, 1)
    some.disk.progress(() => 1)
    dsync.submit(0, 1, 1, true)
    expect(new Set([none, some, dsync].map(print)).size).toBe(3)
  })

  it('tells a sync that owes a write from one that was queued before it ended', () => {
    const [before, after] = [still(), still()]
    const change = before.submit(0, 1)
    before.disk.beginSync()
    before.complete(change)
    after.write(0, 1).disk.beginSync()
    expect(print(before)).not.toBe(print(after))
  })

  it('tells what a sync owes also where something newer has covered it up', () => {
    const [one, two] = [1, 2].map((value) => {
      const story = still().write(0, value)
      story.disk.beginSync()
      return print(story.write(0, 3))
    })
    expect(one).not.toBe(two)
  })

  it('tells what a failed sync gave up', () => {
    expect(print(still().write(0, 1).flush(false))).not.toBe(print(still().write(0, 1)))
  })

  it('forgets what has no consequence: a stable write that was overwritten', () => {
    expect(print(still().write(0, 1).flush().write(0, 2).flush())).toBe(print(still().write(0, 2).flush()))
  })
})
