import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {replayTrace} from '../../src/crash/replay.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {lower, OUT} from '../../src/request/index.js'
import type {CompleteEvent} from '../../src/trace/index.js'
import {BARRIER, FUA, TraceWriter} from './traces.js'

function completions(writer: TraceWriter, options: Parameters<typeof replayTrace>[1] = {}): CompleteEvent[] {
  return replayTrace(writer.trace(), options)
    .steps.flat()
    .flatMap((event) => (event.kind === 'complete' ? [event] : []))
}

describe('a replay', () => {
  it('says of a trace without plans what the mode makes of each request', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(0, undefined, FUA)
    writer.done('WRITE_ZEROES')
    expect(completions(writer).map(({stable}) => stable)).toEqual([false, true, false])
    expect(completions(writer, {mode: 'writethrough'}).map(({stable}) => stable)).toEqual([true, true, true])
    expect(completions(writer, {mode: 'unsafe'}).map(({stable, ignored}) => [stable, ignored])).toEqual([
      [false, false],
      [false, true],
      [false, false],
    ])
  })

  it('believes recorded plans and completions under the recorded mode, and drops them under another', () => {
    const writer = new TraceWriter()
    const plan = lower(OUT, FUA, cacheModeOf('writeback'), orderingModeOf('drain'))
    const event = {
      kind: 'submit',
      id: 1,
      type: OUT.type,
      flags: 0,
      offsetBytes: 0,
      lengthBytes: 512,
      plan,
      atNs: 0,
    } as const
    writer.events.push({event})
    writer.start(1).complete(1, {stable: true})
    expect(completions(writer)[0]?.stable).toBe(true)
    expect(replayTrace(writer.trace()).plans.get(1)).toBe(plan)
    expect(completions(writer, {mode: 'unsafe'})[0]?.stable).toBe(false)
    // Without FUA among its flags it is an ordinary write under any other mode.
    expect(completions(writer, {mode: 'none'})[0]?.stable).toBe(false)
  })

  it('refuses a barrier under an ordering that has none', () => {
    const writer = new TraceWriter()
    writer.out(0, undefined, BARRIER)
    expect(completions(writer, {ordering: 'none'})[0]?.status).toBe(2)
    expect(completions(writer)[0]?.status).toBe(0)
  })

  it('drops an order that only the recorded barriers enforced', () => {
    const writer = new TraceWriter()
    const id = writer.submit('OUT')
    writer.start(id, [], true).complete(id)
    const held = (ordering: 'drain' | 'drain-flush'): unknown =>
      replayTrace(writer.trace(), {ordering})
        .steps.flat()
        .find(({kind}) => kind === 'start')
    expect(held('drain')).toMatchObject({held: true})
    expect(held('drain-flush')).toMatchObject({held: false})
  })

  it('starts a request with its submission only where the trace says nothing of starts, or where it did its work', () => {
    const silent = new TraceWriter()
    silent.submit('OUT')
    expect(replayTrace(silent.trace()).steps[0]?.map(({kind}) => kind)).toEqual(['submit', 'start'])
    const told = new TraceWriter()
    told.flying(0)
    told.submit('OUT')
    told.complete(told.submit('OUT'))
    const {startedAt, steps} = replayTrace(told.trace())
    expect([1, 2, 3].map((id) => startedAt.get(id))).toEqual([1, Infinity, -1])
    expect(steps.map((step) => step.length)).toEqual([1, 1, 1, 2, 1])
  })
})
