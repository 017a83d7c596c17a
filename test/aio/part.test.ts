import {describe, expect, it} from 'vitest'
import {PartBackend} from '../../src/aio/part.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../src/request/index.js'
import {ManualBackend} from '../engine/manual-backend.js'

describe('a backend for a part of an image', () => {
  it('moves every offset by where the part begins, and hands on everything else', () => {
    const whole = new ManualBackend()
    const part = new PartBackend(whole, 4096)
    const memory = part.createMemory(512)
    memory.bytes.fill(7)
    expect(part.queue(STEP_WRITE, 1, memory, 0, 512, 512, false)).toBe(true)
    expect(part.queue(STEP_READ, 2, memory, 0, 0, 512, false)).toBe(true)
    expect(part.queue(STEP_SYNC, 3, undefined, 0, 0, 0, false)).toBe(true)
    expect(whole.steps.map(({op, token, offsetBytes, lengthBytes}) => [op, token, offsetBytes, lengthBytes])).toEqual([
      [STEP_WRITE, 1, 4608, 512],
      [STEP_READ, 2, 4096, 512],
      [STEP_SYNC, 3, 4096, 0],
    ])
    for (const step of [...whole.outstanding]) whole.end(step)
    expect(part.reap()).toBe(3)
    expect([...part.doneTokens.subarray(0, 3)]).toEqual([1, 2, 3])
    expect(whole.image.subarray(4600, 4616)).toEqual(Uint8Array.from({length: 16}, (_, i) => (i < 8 ? 0 : 7)))
  })
})
