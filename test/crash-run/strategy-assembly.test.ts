import {describe, expect, it} from 'vitest'
import {CrashModel, shownBy, type CrashOptions} from '../../src/crash/index.js'
import {Assembly} from '../../src/crash-run/strategy-assembly.js'
import {filled, TraceWriter} from '../crash/traces.js'

function assemblyOf(writer: TraceWriter, options: CrashOptions = {}): {model: CrashModel; assembly: Assembly} {
  const model = new CrashModel(writer.trace(), options)
  return {model, assembly: new Assembly(model.at(model.lastPoint))}
}

describe('an image put together from wishes', () => {
  it('shows them where nothing binds units together', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    const {assembly} = assemblyOf(writer)
    expect([...assembly.assemble([1, 0]).choices]).toEqual([[0, 1]])
    expect([...assembly.assemble([1, 1]).choices].length).toBe(2)
  })

  it('gives up a wish that does not go with those before', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    // With one queue the second write cannot be there without the first.
    const {assembly} = assemblyOf(writer, {device: 'fifo'})
    expect([...assembly.assemble([1, 0]).choices]).toEqual([
      [0, 1],
      [1, 1],
    ])
  })

  it('shows of some writes the newest on each unit, or what was there before', () => {
    const writer = new TraceWriter()
    const one = writer.out(0, filled(1, 2))
    const two = writer.out(0)
    const three = writer.out(1)
    const {model, assembly} = assemblyOf(writer)
    const shown = (...kept: number[]): number[] => {
      const state = assembly.ofWrites(new Set(kept))
      return [0, 1].map((unit) => model.contents.content(unit, shownBy(state, unit)).writer)
    }
    expect(assembly.writers).toEqual([one, two, three])
    expect(shown(one, two)).toEqual([two, one])
    expect(shown(three)).toEqual([0, three])
    expect(shown()).toEqual([0, 0])
  })

  it('never loses what was flushed, whatever is wished', () => {
    const writer = new TraceWriter()
    const one = writer.out(0)
    writer.flush()
    const two = writer.out(0)
    const {model, assembly} = assemblyOf(writer)
    expect(assembly.writers).toEqual([one, two])
    const state = assembly.ofWrites(new Set())
    expect(model.contents.content(0, shownBy(state, 0)).writer).toBe(one)
  })
})
