import {describe, expect, it} from 'vitest'
import {Pulse} from '../../src/crash-run/index.js'

describe('a pulse', () => {
  it('has another number for each call, and none between calls, also when a call throws', () => {
    const pulse = new Pulse()
    const other = new Pulse(pulse.shared)
    const seen = [other.call, pulse.enter(() => other.call), pulse.enter(() => other.call)]
    expect(() => pulse.enter(() => JSON.parse('{'))).toThrow(SyntaxError)
    expect([...seen, other.call]).toEqual([undefined, 1, 2, undefined])
  })

  it('passes on that it is enough', () => {
    const pulse = new Pulse()
    new Pulse(pulse.shared).cancel()
    expect(pulse.isCancelled).toBe(true)
  })
})
