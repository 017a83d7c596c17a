import {expect, it} from 'vitest'
import {BackendAround, yieldToSignals} from '../../src/aio/backend.js'
import {ManualBackend} from '../engine/manual-backend.js'

it('yielding lets what waits for the event loop run first, and comes back behind it', async () => {
  const order: string[] = []
  setImmediate(() => order.push('signal handler'))
  await yieldToSignals()
  order.push('after')
  expect(order).toEqual(['signal handler', 'after'])
})

it('a backend around another is as able as that one, and has its memory and its clock', () => {
  class Around extends BackendAround {}
  const inner = new ManualBackend({canZero: false, canDsync: false, tokens: 3})
  inner.clockNs = 77
  const around = new Around(inner)
  expect(around).toMatchObject({name: 'sim', canDsync: false, canZero: false, canPunch: true, tokens: 3})
  const memory = around.createMemory(16)
  expect([memory.bytes.length, inner.memories, around.nowNs()]).toEqual([16, 1, 77])
  memory.free()
})
