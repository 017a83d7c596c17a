import {describe, expect, it} from 'vitest'
import {CrashModel, listStates, sectorOf, shownIn, type Part} from '../../src/crash/index.js'
import {filled, TraceWriter} from './traces.js'

function bytesByPart(writer: TraceWriter): Map<Part, Uint8Array> {
  const model = new CrashModel(writer.trace(), {atom: 'torn'})
  return new Map(
    [...listStates(model.at(model.lastPoint))].map((state) => [
      shownIn(state)[0]?.content.part ?? 'whole',
      sectorOf(state, 0),
    ]),
  )
}

describe('contents', () => {
  it('of a torn sector are new on one side and old on the other, or neither', () => {
    const writer = new TraceWriter().before(0, filled(1))
    writer.flying(0, 1, 0, filled(2))
    const parts = bytesByPart(writer)
    const halves = (part: Part): unknown => [parts.get(part)?.slice(0, 256), parts.get(part)?.slice(256)]
    expect(halves('left')).toEqual([filled(2).slice(256), filled(1).slice(256)])
    expect(halves('right')).toEqual([filled(1).slice(256), filled(2).slice(256)])
    expect(parts.get('garbage')).not.toEqual(filled(1))
    expect(parts.get('garbage')).not.toEqual(filled(2))
    expect(parts.get('garbage')).toEqual(bytesByPart(writer).get('garbage'))
  })

  it('of a write that fills several sectors of one atom are found by sector', () => {
    const data = new Uint8Array(10 * 512).map((_, i) => Math.floor(i / 512) + 1)
    const writer = new TraceWriter()
    writer.out(0, data)
    writer.out(4, filled(99))
    const model = new CrashModel(writer.trace(), {atom: 'request'})
    const [newest] = [...listStates(model.at(model.lastPoint))]
    expect(newest && Array.from({length: 11}, (_, sector) => sectorOf(newest, sector)[511])).toEqual([
      ...[1, 2, 3, 4, 99, 6, 7, 8, 9, 10, 0],
    ])
  })

  it('with the same bytes are one class, whoever wrote them', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(5))
    writer.out(0, filled(6))
    writer.out(0, filled(5))
    writer.done('WRITE_ZEROES')
    const model = new CrashModel(writer.trace())
    const numbers = [...model.at(model.lastPoint).contents(0)]
    const classOfWriter = new Map(
      numbers.map((number) => [model.contents.content(0, number).writer, model.contents.classOf(0, number)]),
    )
    expect(classOfWriter.get(1)).toBe(classOfWriter.get(3))
    expect(classOfWriter.get(0)).toBe(classOfWriter.get(4))
    expect(new Set(classOfWriter.values()).size).toBe(3)
  })

  it('before the trace may be recorded in ranges that begin and end anywhere', () => {
    const writer = new TraceWriter()
    const trace = {
      ...writer.trace(),
      before: [
        {offsetBytes: 1000, bytes: new Uint8Array(100).fill(2)},
        {offsetBytes: 10, bytes: new Uint8Array(20).fill(1)},
      ],
    }
    const {contents} = new CrashModel(trace)
    expect([9, 10, 29, 30].map((i) => contents.untouched(0)[i])).toEqual([0, 1, 1, 0])
    expect([487, 488, 511].map((i) => contents.untouched(1)[i])).toEqual([0, 2, 2])
    expect([0, 75, 76].map((i) => contents.untouched(2)[i])).toEqual([2, 2, 0])
  })
})
