import {describe, expect, it} from 'vitest'
import type {OrderingName} from '../../src/ordering/index.js'
import type {Commands} from '../../src/run/command-count.js'
import {guestWith, runLines, type Changes} from './batch-run.js'

async function commandsOf(lines: readonly string[], changes: Changes = {}): Promise<Commands> {
  return (await runLines(lines, changes)).commands
}

describe('the commands a device gets', () => {
  it('are counted by what they do', async () => {
    const lines = ['OUT 0 4k', 'IN 0 4k', 'WRITE_ZEROES 8k 4k', 'DISCARD 16k 4k', 'FLUSH', 'GET_ID']
    expect(await commandsOf(lines)).toEqual({reads: 1, writes: 3, flushes: 1, flushesNotSent: 0})
  })

  it('are none for what is refused or cancelled', async () => {
    const lines = ['OUT 1M 4k as=a', 'OUT 0 4k after=a', 'TYPE 99 0 0', 'OUT 0 100']
    expect(await commandsOf(lines)).toEqual({reads: 0, writes: 0, flushes: 0, flushesNotSent: 0})
  })

  it.each([
    ['E8', 'tag', 0, 1],
    ['E9', 'tag-flush', 1, 0],
    ['E9', 'tag-fua', 1, 0],
    ['E9', 'drain-flush', 1, 0],
    ['E9', 'drain-fua', 1, 0],
    ['E10', 'drain', 0, 0],
  ] as const)(
    '%s: an empty barrier under %s sends %i flushes, and leaves out %i',
    async (_id, ordering, sent, unsent) => {
      const commands = await commandsOf(['OUT 0 4k', 'BARRIER'], {ordering: ordering satisfies OrderingName})
      expect(commands).toEqual({reads: 0, writes: 1, flushes: sent, flushesNotSent: unsent})
    },
  )

  it.each([
    ['drain-flush', 2],
    ['tag-flush', 2],
    ['drain-fua', 1],
    ['drain', 0],
  ] as const)('E11: a barrier with data under %s sends %i flushes', async (ordering, flushes) => {
    expect(await commandsOf(['OUT 0 4k', 'OUT 4k 4k barrier'], {ordering})).toMatchObject({writes: 2, flushes})
  })

  it('E14: FUA where the device has none is a write and a flush', async () => {
    expect(await commandsOf(['OUT 0 4k fua'], {guest: guestWith('virtio-blk')})).toMatchObject({writes: 1, flushes: 1})
    expect(await commandsOf(['OUT 0 4k fua'], {guest: guestWith('scsi')})).toMatchObject({writes: 1, flushes: 0})
  })

  it('E13: an fsync without a write cache sends nothing, and misses nothing', async () => {
    const changes: Changes = {mode: 'writethrough', guest: guestWith('virtio-blk')}
    expect(await commandsOf(['OUT 0 4k', 'FSYNC'], changes)).toMatchObject({flushes: 0, flushesNotSent: 0})
  })

  it('E3: an fsync on the IDE disk of 2009 is answered, and its flush is not sent', async () => {
    const changes: Changes = {guest: guestWith('ide', '2009')}
    expect(await commandsOf(['OUT 0 4k', 'FSYNC'], changes)).toMatchObject({flushes: 0, flushesNotSent: 1})
  })
})
