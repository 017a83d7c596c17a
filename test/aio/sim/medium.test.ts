import {describe, expect, it} from 'vitest'
import {Medium, runsOf, sectorsOf, timeNs} from '../../../src/aio/sim/medium.js'
import type {DiskModel} from '../../../src/aio/sim/disk-model.js'
import type {Command} from '../../../src/aio/sim/phase.js'
import {TOY, TOY_HDD} from './toy-model.js'

const SIZE_BYTES = 1 << 16

function mediumOf(model: DiskModel): Medium {
  const medium = new Medium(model)
  medium.extend(SIZE_BYTES)
  return medium
}

function command(kind: 'read' | 'write' | 'fua', sector: number, sectors = 1): Command {
  return {kind, ranges: [{offsetBytes: sector * 512, lengthBytes: sectors * 512}]}
}

describe('a command at the drive costs', () => {
  it('for a write into the cache: its bytes on the interface and the command', () => {
    // 2 sectors * 500 + 2000
    expect(mediumOf(TOY).serve(command('write', 9, 2), 0)).toBe(3_000)
  })

  it('for a read: the bytes at the medium on top', () => {
    // 2 * 500 + 2000 + 2 * 1000, begun at 100
    expect(mediumOf(TOY).serve(command('read', 9, 2), 100)).toBe(5_100)
  })

  it('for a write through the cache: the access and what FUA costs', () => {
    // 500 + 2000 + 1000 + 700
    expect(mediumOf({...TOY, hasFua: true, fuaNs: 700}).serve(command('fua', 9), 0)).toBe(4_200)
  })

  it('for a write to a disk without a cache, or one larger than the cache: the access', () => {
    // 500 + 2000 + 1000; and 9 * 500 + 2000 + 9 * 1000
    expect(mediumOf({...TOY, cacheBytes: 0}).serve(command('write', 9), 0)).toBe(3_500)
    expect(mediumOf(TOY).serve(command('write', 9, 9), 0)).toBe(15_500)
  })

  it('for a flush of nothing: the command and the flush', () => {
    expect(mediumOf(TOY).serve({kind: 'flush'}, 0)).toBe(12_000)
  })

  it('its turn on the interface, which carries one command at a time', () => {
    const medium = mediumOf({...TOY, channels: 2})
    expect(medium.serve(command('write', 0, 4), 0)).toBe(4_000)
    // The interface is taken until 2000: 2000 + 500 + 2000.
    expect(medium.serve(command('write', 8), 0)).toBe(4_500)
  })
})

describe('the volatile cache', () => {
  it('is emptied by a flush, with all channels, and only once', () => {
    const medium = mediumOf({...TOY, channels: 2})
    medium.serve(command('write', 0, 4), 0)
    // From 10,000: 2000 + 4 sectors * 1000 / 2 channels + 10,000.
    expect(medium.serve({kind: 'flush'}, 10_000)).toBe(24_000)
    expect(medium.serve({kind: 'flush'}, 24_000)).toBe(36_000)
  })

  it('counts a sector once, however often it is written', () => {
    const medium = mediumOf(TOY)
    for (let i = 0; i < 20; i++) medium.serve(command('write', 3), i * 10_000)
    // 2000 + 1000 + 10,000
    expect(medium.serve({kind: 'flush'}, 500_000)).toBe(513_000)
  })

  it('makes a write wait for as much as does not fit, the oldest first', () => {
    const medium = mediumOf(TOY)
    medium.serve(command('write', 0, 4), 0)
    medium.serve(command('write', 10, 4), 10_000)
    medium.serve(command('write', 0, 2), 20_000)
    // Full with eight sectors, of which 2 and 3 are the oldest: 2 * 500 + 2000 + destaging 2 * 1000.
    expect(medium.serve(command('write', 20, 2), 30_000)).toBe(35_000)
    // 10 to 13, 0, 1, 20 and 21 are left.
    expect(medium.serve({kind: 'flush'}, 40_000)).toBe(40_000 + 2_000 + 8_000 + 10_000)
  })

  it('destages for one command at a time', () => {
    const medium = mediumOf({...TOY, channels: 2})
    medium.serve(command('write', 0, 8), 0)
    // 2 * 500 + 2000 + 2 * 500 = 14,000; the next is carried until 12,000, ready at 14,000, and destages behind it.
    expect(medium.serve(command('write', 8, 2), 10_000)).toBe(14_000)
    expect(medium.serve(command('write', 10, 2), 10_000)).toBe(15_000)
  })

  it('forgets what a write went through', () => {
    const medium = mediumOf(TOY)
    medium.serve(command('write', 0, 4), 0)
    medium.serve(command('fua', 0, 3), 10_000)
    expect(medium.serve({kind: 'flush'}, 50_000)).toBe(50_000 + 2_000 + 1_000 + 10_000)
  })
})

describe('the head', () => {
  it('costs a seek by the square root of its way, and half a turn', () => {
    const medium = mediumOf(TOY_HDD)
    // At sector 0 to begin with: 500 + 2000 + 1000.
    expect(medium.serve(command('read', 0), 0)).toBe(3_500)
    // 32 of 128 sectors to go, half of the way from 1000 to 9000: 500 + 2000 + 5000 + 3000 + 1000.
    expect(medium.serve(command('read', 33), 3_500)).toBe(15_000)
  })

  it('costs nothing where the last access ended', () => {
    const medium = mediumOf(TOY_HDD)
    medium.serve(command('read', 0, 8), 0)
    expect(medium.serve(command('read', 8), 100_000)).toBe(103_500)
  })

  it('destages in one sweep upwards, positioning for every run', () => {
    const medium = mediumOf(TOY_HDD)
    for (const sector of [65, 32, 33, 64]) medium.serve(command('write', sector), 0)
    // 0 to 32: 5000 + 3000 + 2 * 1000; 34 to 64: 1000 + 8000 * sqrt(30 / 128) + 3000 + 2 * 1000.
    const sweepNs = 10_000 + 1_000 + 8_000 * Math.sqrt(30 / 128) + 5_000
    expect(medium.serve({kind: 'flush'}, 100_000)).toBe(Math.round(100_000 + 2_000 + sweepNs + 10_000))
  })

  it('has no way to go for what the cache takes', () => {
    const medium = mediumOf(TOY_HDD)
    medium.serve(command('read', 0), 0)
    expect(medium.distance(command('read', 9))).toBe(8 * 512)
    expect(medium.distance(command('write', 9))).toBe(0)
    expect(medium.distance(command('write', 9, 9))).toBe(8 * 512)
    expect(medium.distance({kind: 'flush'})).toBe(0)
  })
})

describe('images on one drive', () => {
  it('lie one behind the other', () => {
    const medium = new Medium(TOY)
    expect([medium.extend(1024), medium.extend(512), medium.extend(1)]).toEqual([0, 1024, 1536])
  })
})

describe('sectors', () => {
  it('of a range are all it touches', () => {
    expect(sectorsOf([{offsetBytes: 511, lengthBytes: 2}])).toEqual([0, 1])
    expect(sectorsOf([{offsetBytes: 512, lengthBytes: 0}])).toEqual([])
  })

  it('that are neighbours are one run', () => {
    expect(runsOf(new Set([7, 2, 10, 3, 6]))).toEqual([
      {offsetBytes: 1024, lengthBytes: 1024},
      {offsetBytes: 3072, lengthBytes: 1024},
      {offsetBytes: 5120, lengthBytes: 512},
    ])
  })

  it('take their bytes by the speed', () => {
    expect(timeNs(512, 512e6)).toBe(1_000)
  })
})
