import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, Ledger} from '../../src/durability/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {walk, type Moment} from '../../src/timeline/index.js'
import {anyTrace, SEED} from '../trace/random-trace.js'
import {done, flush, out, story} from './stories.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

/** What a moment says, copied: it is true only until the walk goes on. */
function told({number, inFlight, volatile, settled, atRisk}: Moment): object {
  return {
    number,
    inFlight: inFlight.map(({id}) => id),
    volatile: [...volatile],
    settled: settled.map(({id, stability}) => [id, stability.by, stability.request]),
    lost: CRASH_KINDS.map((kind) => atRisk(kind).bytes),
  }
}

describe('walking over a trace', () => {
  it('tells after each event what is volatile, at risk, and stable by whom', () => {
    const reading = story(
      'writeback',
      out(1, 0),
      out(2, 1),
      done(1),
      flush(3),
      done(2),
      done(3),
      out(4, 1, 'FUA'),
      done(4),
    )
    const moments = Array.from(walk(reading), told)
    // Starts follow submissions at once: events 1-2, 3-4, 6-7 and 10-11 belong together.
    expect(moments[0]).toMatchObject({number: 0, inFlight: [], volatile: [], lost: [0, 0, 0]})
    expect(moments[4]).toMatchObject({inFlight: [1, 2], volatile: [], lost: [1024, 1024, 1024]})
    expect(moments[5]).toMatchObject({inFlight: [2], volatile: [1], lost: [512, 1024, 1024]})
    expect(moments[8]).toMatchObject({inFlight: [3], volatile: [1, 2], settled: [], lost: [0, 1024, 1024]})
    // Write 2 completed beside the flush, not before it.
    expect(moments[9]).toMatchObject({volatile: [2], settled: [[1, 'flush', 3]], lost: [0, 512, 512]})
    expect(moments[12]).toMatchObject({inFlight: [], settled: [[4, 'fua', null]], lost: [0, 0, 0]})
  })

  it('says under writethrough that each write is stable by its completion', () => {
    const moments = Array.from(walk(story('writethrough', out(1, 0), done(1))), told)
    expect(moments.at(-1)).toMatchObject({volatile: [], settled: [[1, 'completion', null]], lost: [0, 0, 0]})
  })

  it('takes what a failed sync leaves in doubt out of the volatile writes, and never calls it stable', () => {
    const reading = story(
      'writeback',
      ...[out(1, 0), done(1), '{"syncStart":1}', '{"syncEnd":1,"errno":"EIO"}', flush(2), done(2)],
    )
    const moments = Array.from(walk(reading), told)
    expect(moments.at(-1)).toMatchObject({volatile: [], settled: [], lost: [512, 512, 512]})
  })

  it('tells of a write that a notification makes stable, also where an earlier one stays volatile', () => {
    const notify = '{"submit":3,"request":"NOTIFY","offsetBytes":512,"lengthBytes":512}'
    const reading = story('writeback', out(1, 0), done(1), out(2, 1), done(2), notify, done(3), flush(4), done(4))
    const moments = Array.from(walk(reading), told)
    expect(moments[9]).toMatchObject({volatile: [1], settled: [[2, 'flush', 3]], lost: [0, 512, 512]})
    expect(moments.at(-1)).toMatchObject({volatile: [], settled: [[1, 'flush', 4]]})
  })

  it('agrees with a ledger that is asked about everything at every moment', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const ledger = new Ledger(cacheModeOf(trace.header.mode), orderingModeOf(trace.header.ordering))
        const ids = trace.events.flatMap(({event}) => (event.kind === 'submit' ? [event.id] : []))
        const settled = new Set<number>()
        for (const moment of walk(trace)) {
          if (moment.event !== undefined) ledger.observe(moment.event)
          for (const {id} of moment.settled) settled.add(id)
          expect([...moment.volatile].toSorted((a, b) => a - b)).toEqual(ids.filter((id) => ledger.isVolatile(id)))
          expect([...settled].toSorted((a, b) => a - b)).toEqual(ids.filter((id) => ledger.stability(id).by !== 'none'))
          for (const kind of CRASH_KINDS) expect(moment.atRisk(kind)).toEqual(ledger.atRisk(kind))
        }
      }),
      {seed: SEED},
    )
  })
})
