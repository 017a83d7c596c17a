import {expect, it} from 'vitest'
import {yieldToSignals} from '../../src/aio/index.js'

it('yielding lets what waits for the event loop run first, and comes back behind it', async () => {
  const order: string[] = []
  setImmediate(() => order.push('signal handler'))
  await yieldToSignals()
  order.push('after')
  expect(order).toEqual(['signal handler', 'after'])
})
