import {describe, expect, it} from 'vitest'
import {CrashModel, completed, listStates, shownIn, stateId, stateOfId} from '../../src/crash/index.js'
import {PREFLUSH_FUA, TraceWriter} from './traces.js'

function threeWrites(): CrashModel {
  const writer = new TraceWriter()
  for (let sector = 0; sector < 3; sector++) writer.out(sector)
  return new CrashModel(writer.trace())
}

describe('state ids', () => {
  it('are the same for the same trace, options and image, and different for different images', () => {
    const ids = (): string[] => {
      const model = threeWrites()
      return [...listStates(model.at(model.lastPoint))].map(stateId)
    }
    expect(ids()).toEqual(ids())
    expect(new Set(ids()).size).toBe(8)
  })

  it('lead back to the image', () => {
    const model = threeWrites()
    for (const state of listStates(model.at(model.lastPoint))) {
      const again = stateOfId(threeWrites(), stateId(state))
      expect(shownIn(again)).toEqual(shownIn(state))
    }
  })

  it('stay short where many neighbours are lost together', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 1000; sector++) writer.out(sector)
    const model = new CrashModel(writer.trace())
    const point = model.at(model.lastPoint)
    const allLost = {point, choices: new Map(Array.from({length: 1000}, (_, unit) => [unit, 1]))}
    const id = stateId(allLost)
    expect(id).toMatch(/^3000-[0-9a-z]{6}-0~rs\.1$/)
    expect(stateOfId(model, id).choices.size).toBe(1000)
  })

  it.each([
    ['nonsense', 'is not a state id'],
    ['9-zzzzzz', 'belongs to another trace or to other options'],
  ])('that are not ours are refused: %s', (id, why) => {
    expect(() => stateOfId(threeWrites(), id)).toThrow(why)
  })

  it('of other options, other points and other units are refused', () => {
    const model = threeWrites()
    const {fingerprint} = model
    const other = new CrashModel(model.trace, {mode: 'unsafe'})
    expect(() => stateOfId(other, `9-${fingerprint}`)).toThrow('other options')
    expect(() => stateOfId(model, `10-${fingerprint}`)).toThrow('a point the trace does not have')
    expect(() => stateOfId(model, `9-${fingerprint}-0.2`)).toThrow('names no image')
    expect(() => stateOfId(model, `9-${fingerprint}-0.0`)).toThrow('names no image')
    expect(() => stateOfId(model, `9-${fingerprint}-3.1`)).toThrow('names no image')
    expect(() => stateOfId(model, `9-${fingerprint}-0~zzzzzz.1`)).toThrow('names no image')
  })

  it('of images that the order of the device rules out are refused', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flying(1, 1, PREFLUSH_FUA)
    const model = new CrashModel(writer.trace())
    expect(() => stateOfId(model, `${model.lastPoint}-${model.fingerprint}-0.1`)).toThrow('names no image')
  })
})

describe('an image completed from a few sectors', () => {
  it('loses nothing else', () => {
    const model = threeWrites()
    const point = model.at(model.lastPoint)
    const state = completed(point, new Map([[1, point.contents(1)[1] ?? 0]]))
    expect(shownIn(state).map(({content}) => content.writer)).toEqual([1, 0, 3])
  })

  it('loses what cannot be there without the lost', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flying(1, 1, PREFLUSH_FUA)
    const model = new CrashModel(writer.trace())
    const point = model.at(model.lastPoint)
    const state = completed(point, new Map([[0, point.contents(0)[1] ?? 0]]))
    expect(shownIn(state).map(({content}) => content.writer)).toEqual([0, 0])
  })
})
