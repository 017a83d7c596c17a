import {EventEmitter} from 'node:events'

import {expect, it} from 'vitest'

import {Interrupt, type SignalSource} from '../../src/cli/index.js'

/** A process that notes the statuses it is told to exit with, and lives on. */
class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
  raise(signal: 'SIGINT' | 'SIGTERM'): void {
    this.emit(signal, signal)
  }
}

it('nothing is interrupted before a signal comes', () => {
  const interrupt = new Interrupt(new FakeProcess())
  expect(interrupt.signal.aborted).toBe(false)
  expect(interrupt.received).toBeUndefined()
  expect(interrupt.kind).toBeUndefined()
  expect(interrupt.exitCode).toBeUndefined()
})

it.each([
  ['SIGINT', 'interrupted', 130],
  ['SIGTERM', 'terminated', 143],
] as const)('%s aborts the work and leaves the process running', (signal, kind, exit) => {
  const source = new FakeProcess()
  const interrupt = new Interrupt(source)
  source.raise(signal)
  expect(interrupt.signal.aborted).toBe(true)
  expect(interrupt.signal.reason).toBe(signal)
  expect(interrupt).toMatchObject({received: signal, kind, exitCode: exit})
  expect(source.exits).toEqual([])
})

it('a second signal of either sort ends the process at once with the status of the first', () => {
  const source = new FakeProcess()
  const interrupt = new Interrupt(source)
  source.raise('SIGTERM')
  source.raise('SIGINT')
  expect(source.exits).toEqual([143])
  expect(interrupt.received).toBe('SIGTERM')
})

it('the same signal right after the first is its echo, and later it is a second one', () => {
  const source = new FakeProcess()
  let nowMs = 1000
  const interrupt = new Interrupt(source, () => nowMs)
  source.raise('SIGINT')
  nowMs = 1099
  source.raise('SIGINT')
  expect([source.exits, interrupt.kind]).toEqual([[], 'interrupted'])
  nowMs = 1100
  source.raise('SIGINT')
  expect(source.exits).toEqual([130])
})

it('closing gives the signals back and may be done twice', () => {
  const source = new FakeProcess()
  const interrupt = new Interrupt(source)
  expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(2)
  interrupt.close()
  interrupt[Symbol.dispose]()
  expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0)
  expect(interrupt.signal.aborted).toBe(false)
})
