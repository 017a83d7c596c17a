import {describe, expect, it} from 'vitest'
import {ORDERED_BEFORE, ORDERED_BEHIND, SYNC_TOKENS, Syncs} from '../../src/engine/syncs.js'
import {STEP_SYNC, STEP_SYNC_ALL} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {ManualBackend, type ManualBackendOptions} from './manual-backend.js'
import {engineOptions, type RigOptions} from './rig.js'

const DEPTH = 4

function syncsOn(options: ManualBackendOptions & RigOptions = {}) {
  const backend = new ManualBackend({tokens: DEPTH + SYNC_TOKENS, ordersTags: true, ...options})
  const events: TraceEvent[] = []
  const observer = (event: TraceEvent): void => void events.push(event)
  const syncs = new Syncs({nowNs: 3}, {...engineOptions(backend, {depth: DEPTH, ...options}), observer})
  /** Ends the shared sync at the backend and here. */
  const endShared = (result: number): ReturnType<Syncs['ended']> => {
    const step = backend.outstanding.find(({token}) => token === DEPTH)
    if (step) backend.end(step, result)
    return syncs.ended(DEPTH, result)
  }
  return {backend, syncs, events, endShared}
}

describe('the syncs of an engine', () => {
  it('have the tokens behind those of the slots', () => {
    const {syncs} = syncsOn()
    expect([DEPTH - 1, DEPTH, DEPTH + 2].map((token) => syncs.owns(token))).toEqual([false, true, true])
  })

  it('are counted and told from their start to their end', () => {
    const {syncs, backend, events, endShared} = syncsOn()
    expect(syncs.wish(2, false)).toBe('pending')
    expect(backend.outstanding).toMatchObject([{op: STEP_SYNC, token: DEPTH, ordered: false}])
    expect(endShared(0)).toEqual({errno: 0, answered: [2], ordered: false})
    syncs.wish(3, false)
    expect(endShared(-5)).toEqual({errno: 5, answered: [3], ordered: false})
    expect([syncs.count, syncs.poison]).toEqual([2, 5])
    expect(events).toEqual([
      {kind: 'sync-start', sync: 1, atNs: 3},
      {kind: 'sync-end', sync: 1, errno: 0, atNs: 3},
      {kind: 'sync-start', sync: 2, atNs: 3},
      {kind: 'sync-end', sync: 2, errno: 5, atNs: 3},
    ])
  })

  it('take all metadata along when one that waits for the next one asks for it', () => {
    const {syncs, backend, endShared} = syncsOn()
    syncs.wish(0, false)
    syncs.wish(1, true)
    endShared(0)
    syncs.kick()
    endShared(0)
    syncs.wish(2, false)
    expect(backend.steps.map(({op}) => op)).toEqual([STEP_SYNC, STEP_SYNC_ALL, STEP_SYNC])
  })

  it('wait for room, and are tried again as what they were', () => {
    const {syncs, backend} = syncsOn({capacity: 0})
    syncs.wish(0, true)
    expect([syncs.isBlocked, backend.steps.length]).toEqual([true, 0])
    syncs.retry()
    expect(syncs.isBlocked).toBe(true)
    backend.capacity = 1
    syncs.retry()
    expect([syncs.isBlocked, backend.steps.map(({op}) => op)]).toEqual([false, [STEP_SYNC_ALL]])
  })

  it('of a tagged barrier go beside the shared one, answer nobody, and are told only when the device has them', () => {
    const {syncs, backend, events} = syncsOn({capacity: 2})
    syncs.wish(0, false)
    expect(syncs.issueOrdered(ORDERED_BEFORE)).toBe(true)
    expect(syncs.issueOrdered(ORDERED_BEHIND)).toBe(false)
    expect(backend.steps.map(({token, ordered}) => [token, ordered])).toEqual([
      [DEPTH, false],
      [DEPTH + ORDERED_BEFORE, true],
    ])
    expect(events).toHaveLength(2)
    expect(syncs.ended(DEPTH + ORDERED_BEFORE, 0)).toEqual({errno: 0, answered: [], ordered: true})
    expect(syncs.syncedThrough).toBe(-1)
  })

  it('that fail for a tagged barrier fail those who are in no hurry, too', () => {
    const {syncs} = syncsOn()
    syncs.wrote(0, 512)
    syncs.wishLazily(1, 0, 512)
    syncs.issueOrdered(ORDERED_BEFORE)
    expect(syncs.ended(DEPTH + ORDERED_BEFORE, -5)).toEqual({errno: 5, answered: [1], ordered: true})
    expect([syncs.wishLazily(2, 4096, 8192), syncs.lazyWishes]).toEqual(['failed', 0])
  })

  it('are asked for in the background when all that are left are in no hurry', () => {
    const {syncs, backend, endShared} = syncsOn()
    syncs.wrote(0, 512)
    expect([syncs.wishLazily(1, 0, 512), syncs.lazyWishes, backend.steps.length]).toEqual(['pending', 1, 0])
    syncs.wakeLazyWishes()
    expect([syncs.lazyWishes, backend.steps.length]).toEqual([0, 1])
    expect(endShared(0).answered).toEqual([1])
  })

  it('are known to cover a range only where ranges are remembered', () => {
    for (const tracksRanges of [true, false]) {
      const {syncs} = syncsOn({tracksRanges})
      syncs.wrote(0, 512)
      expect(syncs.wishLazily(1, 4096, 8192)).toBe(tracksRanges ? 'clean' : 'pending')
    }
  })
})
