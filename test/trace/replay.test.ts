import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_FUA, FLUSH, lower, OUT, SCSI_CMD, WRITE_ZEROES, type RequestKind} from '../../src/request/index.js'
import {endMarks, replayUnder, type Trace, type TracedEvent} from '../../src/trace/index.js'
import {anyTrace, plain, SEED} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

const DRAIN = orderingModeOf('drain')

/** One request that has come and gone under a mode. */
function traceOf(mode: string, kind: RequestKind, flags: number): Trace {
  const plan = lower(kind, flags, cacheModeOf(mode), DRAIN)
  const lengthBytes = kind.writes ? 512 : 0
  const events: TracedEvent[] = [
    {event: {kind: 'submit', id: 1, type: kind.type, flags, offsetBytes: 0, lengthBytes, plan, atNs: 0}},
    {event: {kind: 'start', id: 1, held: false, fresh: [], atNs: 0}},
    {event: {kind: 'complete', id: 1, status: 0, errno: 0, ...endMarks(plan, 0, 0), atNs: 0}},
  ]
  return {
    header: {sizeBytes: 4096, mode: cacheModeOf(mode).name, ordering: 'drain', source: '', knownBefore: 'whole'},
    before: [],
    events,
  }
}

function endUnder(trace: Trace, mode: string): unknown {
  return plain(replayUnder(trace, cacheModeOf(mode), DRAIN).events).at(-1)?.event
}

describe('replaying under another mode', () => {
  it.each([
    ['a write', OUT, 0, 'writethrough', 'writeback', false],
    ['a write', OUT, 0, 'writeback', 'directsync', true],
    ['a FUA write', OUT, FLAG_FUA, 'unsafe', 'none', true],
    ['a FUA write', OUT, FLAG_FUA, 'writeback', 'unsafe', false],
  ])('%s is as stable as the new mode makes it', (_what, kind, flags, from, to, stable) => {
    expect(endUnder(traceOf(from, kind, flags), to)).toMatchObject({stable})
  })

  it('a flush that was ignored counts under a mode that syncs, and the other way round', () => {
    expect(endUnder(traceOf('unsafe', FLUSH, 0), 'writeback')).toMatchObject({ignored: false})
    expect(endUnder(traceOf('writeback', FLUSH, 0), 'unsafe')).toMatchObject({ignored: true})
  })

  it('a SCSI write that was stable only because every write was is not called stable elsewhere', () => {
    const trace = traceOf('writethrough', OUT, 0)
    const [submit, ...rest] = trace.events as [TracedEvent, ...TracedEvent[]]
    if (submit.event.kind !== 'submit' || submit.event.plan === undefined) throw new Error('no submission')
    const plan = {...submit.event.plan, kind: {...SCSI_CMD, writes: true, step: OUT.step}}
    const scsi: Trace = {...trace, events: [{event: {...submit.event, type: SCSI_CMD.type, plan}}, ...rest]}
    expect(endUnder(scsi, 'writeback')).toMatchObject({stable: false})
    expect(endUnder(scsi, 'directsync')).toMatchObject({stable: true})
    expect(endUnder(scsi, 'unsafe')).toMatchObject({stable: false})
  })

  /** A SCSI command as the engine plans it: of the kind of its step, under the name of the command. */
  function scsiOf(mode: string, kind: RequestKind, flags: number): Trace {
    const trace = traceOf(mode, kind, flags)
    const [submit, ...rest] = trace.events as [TracedEvent, ...TracedEvent[]]
    if (submit.event.kind !== 'submit' || submit.event.plan === undefined) throw new Error('no submission')
    const {plan} = submit.event
    const {operands, writes, flushes} = kind
    const named = {...plan, kind: {...SCSI_CMD, operands, writes, flushes, step: plan.step}}
    return {...trace, events: [{event: {...submit.event, type: SCSI_CMD.type, flags: 0, plan: named}}, ...rest]}
  }

  it.each([
    ['a write', OUT, 0],
    ['a FUA write', OUT, FLAG_FUA],
    ['zeroes', WRITE_ZEROES, 0],
    ['a flush', FLUSH, 0],
  ] as const)(
    'a SCSI command that is %s does what the virtio request does, from any mode to any other',
    (_what, kind, flags) => {
      for (const from of CACHE_MODES) {
        for (const to of CACHE_MODES) {
          const said = (trace: Trace): unknown[] =>
            plain(replayUnder(trace, to, DRAIN).events).map(({event}) => {
              if (event.kind !== 'submit' || event.plan === undefined) return event
              const {preSync, dsync, postSync, ignoresSync} = event.plan
              return {writes: event.plan.kind.writes, preSync, dsync, postSync, ignoresSync}
            })
          expect(said(scsiOf(from.name, kind, flags))).toEqual(said(traceOf(from.name, kind, flags)))
        }
      }
    },
  )

  it('keeps requests, their order and their data, and is the same when done twice', () => {
    fc.assert(
      fc.property(anyTrace, fc.constantFrom(...CACHE_MODES), (trace, mode) => {
        const once = replayUnder(trace, mode, DRAIN)
        const events = plain(once.events)
        expect(once.header).toEqual({...trace.header, mode: mode.name, ordering: 'drain'})
        expect(events.map(({event}) => [event.kind, event.atNs])).toEqual(
          trace.events.map(({event}) => [event.kind, event.atNs]),
        )
        expect(events.map(({data}) => data)).toEqual(trace.events.map(({data}) => data))
        expect(plain(replayUnder(once, mode, DRAIN).events)).toEqual(events)
      }),
      {seed: SEED},
    )
  })
})
