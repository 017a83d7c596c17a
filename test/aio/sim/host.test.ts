import {describe, expect, it} from 'vitest'
import {Host} from '../../../src/aio/sim/host.js'
import type {DiskModel} from '../../../src/aio/sim/disk-model.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../../src/request/index.js'
import {TOY} from './toy-model.js'

/** What a step asks for, in short: times, and commands with their sectors. */
function asked(host: Host, op: StepOp, sector = 0, sectors = 0, dsync = false): string[] {
  const range = {offsetBytes: sector * 512, lengthBytes: sectors * 512}
  return host.phasesOf({op, range, dsync}).map((phase) => {
    if (phase.kind === 'flush') return 'flush'
    if ('ns' in phase) return `${phase.kind} ${phase.ns}`
    const places = phase.ranges.map(({offsetBytes, lengthBytes}) => `${offsetBytes / 512}+${lengthBytes / 512}`)
    return `${phase.kind} ${places.join(' ')}`
  })
}

const direct = (model: DiskModel = TOY): Host => new Host(model, true, 0)
const buffered = (model: DiskModel = TOY): Host => new Host(model, false, 0)
const FUA = {...TOY, hasFua: true}
const CACHELESS = {...TOY, cacheBytes: 0, hasFua: true}

describe('with O_DIRECT', () => {
  it('reads and writes go to the drive, where the image lies on it, and a sync is a flush', () => {
    const host = new Host(TOY, true, 1024 * 512)
    expect(asked(host, STEP_WRITE, 4, 2)).toEqual(['write 1028+2'])
    expect(asked(host, STEP_READ, 4, 2)).toEqual(['read 1028+2'])
    expect(asked(host, STEP_SYNC)).toEqual(['flush'])
    expect(asked(host, STEP_SYNC_ALL)).toEqual(['flush'])
  })

  it('a write that has to be stable goes through the cache, or is a write and then a flush', () => {
    expect(asked(direct(FUA), STEP_WRITE, 4, 2, true)).toEqual(['fua 4+2'])
    expect(asked(direct(), STEP_WRITE, 4, 2, true)).toEqual(['write 4+2', 'flush'])
  })

  it('a drive without a volatile cache is sent neither flush nor FUA', () => {
    expect(asked(direct(CACHELESS), STEP_WRITE, 4, 2, true)).toEqual(['write 4+2'])
    expect(asked(direct(CACHELESS), STEP_SYNC)).toEqual(['work 100'])
  })
})

describe('through the page cache', () => {
  // A sector is 512 bytes at 5.12e9 bytes/s: 100 ns, and the call takes 100 ns.
  it('a write is a copy, and a sync writes back what is dirty, once, and flushes', () => {
    const host = buffered()
    expect(asked(host, STEP_WRITE, 9, 2)).toEqual(['work 300'])
    expect(asked(host, STEP_WRITE, 4, 1)).toEqual(['work 200'])
    expect(asked(host, STEP_WRITE, 5, 1)).toEqual(['work 200'])
    expect(asked(host, STEP_SYNC)).toEqual(['write 4+2 9+2', 'flush'])
    expect(asked(host, STEP_SYNC)).toEqual(['flush'])
  })

  it('a read goes to the drive the first time, and stays in memory', () => {
    const host = buffered()
    expect(asked(host, STEP_READ, 4, 2)).toEqual(['read 4+2', 'work 300'])
    expect(asked(host, STEP_READ, 4, 2)).toEqual(['work 300'])
    expect(asked(host, STEP_READ, 5, 2)).toEqual(['read 5+2', 'work 300'])
  })

  it('a read of what was written comes from memory', () => {
    const host = buffered()
    asked(host, STEP_WRITE, 4, 2)
    expect(asked(host, STEP_READ, 5, 1)).toEqual(['work 200'])
  })

  it('a write that has to be stable is written back alone', () => {
    const host = buffered()
    asked(host, STEP_WRITE, 4, 1)
    expect(asked(host, STEP_WRITE, 9, 1, true)).toEqual(['work 200', 'write 9+1', 'flush'])
    expect(asked(host, STEP_SYNC)).toEqual(['write 4+1', 'flush'])
    expect(asked(buffered(FUA), STEP_WRITE, 9, 1, true)).toEqual(['work 200', 'fua 9+1'])
  })

  it('a drive without a volatile cache is written back to, and not flushed', () => {
    const host = buffered(CACHELESS)
    asked(host, STEP_WRITE, 4, 1)
    expect(asked(host, STEP_SYNC)).toEqual(['write 4+1'])
    expect(asked(host, STEP_SYNC)).toEqual(['work 100'])
  })

  it('ZERO and PUNCH are one call, and spare the write-back of what they remove', () => {
    for (const op of [STEP_ZERO, STEP_PUNCH] as const) {
      const host = buffered()
      asked(host, STEP_WRITE, 4, 4)
      expect(asked(host, op, 5, 2)).toEqual(['work 100'])
      expect(asked(host, STEP_SYNC)).toEqual(['write 4+1 7+1', 'flush'])
    }
  })
})

describe('what never reaches the drive', () => {
  it('is a step that is refused, a transfer of nothing, and no step at all', () => {
    for (const host of [direct(), buffered()]) {
      expect(host.refusal()).toEqual([{kind: 'work', ns: 100}])
      expect(asked(host, STEP_READ)).toEqual(['work 100'])
      expect(asked(host, STEP_WRITE, 0, 0, true)).toEqual(['work 100'])
      expect(asked(host, STEP_NONE)).toEqual(['pause 0'])
    }
  })
})
