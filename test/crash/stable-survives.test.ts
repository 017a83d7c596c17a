import {describe, expect, it} from 'vitest'
import {CrashModel, stableSurvives, stateOfId, type CrashOptions} from '../../src/crash/index.js'
import {filled, FUA, TraceWriter} from './traces.js'

function found(
  writer: TraceWriter,
  options: CrashOptions = {},
  mode: 'writeback' | 'writethrough' | 'none' = 'writeback',
) {
  return stableSurvives(new CrashModel(writer.trace({mode}), options))
}

/** A write that is flushed, one over it that is not, and one with FUA. */
function history(): TraceWriter {
  const writer = new TraceWriter()
  writer.out(0)
  writer.flush()
  writer.out(0)
  writer.out(1, filled(9), FUA)
  return writer
}

describe('stable-survives', () => {
  it.each(['power', 'os', 'process'] as const)('holds against %s under the mode that was recorded', (kind) => {
    for (const mode of ['writeback', 'writethrough', 'none'] as const) {
      expect(found(history(), {kind}, mode)).toMatchObject({complete: true, failing: 0, violations: []})
    }
  })

  it('finds the flushed write that a mode without flushes loses, and the moment from which it was owed', () => {
    const trace = history().trace()
    const model = new CrashModel(trace, {mode: 'unsafe'})
    const {violations, complete} = stableSurvives(model)
    expect(complete).toBe(true)
    // Events: submit 1, start, complete, submit 2 (FLUSH), start, complete: from the sixth on #1 is stable.
    expect(violations).toMatchObject([
      {
        kind: 'acknowledged-lost',
        mark: null,
        event: 6,
        lost: [{request: 1, offsetBytes: 0, lengthBytes: 512}],
        story: expect.stringContaining('The check finds: #1 had been stable') as unknown,
      },
    ])
    expect(violations[0]?.story).not.toContain('was promised')
    expect(stateOfId(model, violations[0]?.id ?? '').point.event).toBe(6)
  })

  it('finds what was stable by its mode alone and would not have been under another', () => {
    const writer = new TraceWriter()
    writer.complete(writer.flying(3), {stable: true})
    expect(found(writer, {}, 'writethrough').violations).toEqual([])
    expect(found(writer, {mode: 'writeback'}, 'writethrough').violations).toMatchObject([{lost: [{request: 1}]}])
    // A kill of the process takes nothing that the host has.
    expect(found(writer, {mode: 'writeback', kind: 'process'}, 'writethrough').violations).toEqual([])
  })

  it('finds stable data that tearing destroys together with the write over it', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flush()
    writer.flying(0)
    expect(found(writer).violations).toEqual([])
    expect(found(writer, {atom: 'torn'}).violations).toMatchObject([{kind: 'acknowledged-lost', lost: [{request: 3}]}])
  })

  it('is not complete when it was cancelled', () => {
    const model = new CrashModel(history().trace())
    expect(stableSurvives(model, {isCancelled: () => true})).toMatchObject({complete: false, crashPoints: 0})
  })
})
