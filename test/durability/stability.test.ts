import {expect, it} from 'vitest'
import type {Stability} from '../../src/durability/index.js'
import {FLAG_FUA, STATUS_CANCELED, STATUS_UNSUPP} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, failed, flush, ledgerOf, out, start, submit, syncEnd} from './history.js'

function fua(id: number, sector = 0, sectors = 1): TraceEvent[] {
  return [submit(id, 'OUT', sector, sectors, FLAG_FUA), start(id), done(id, {stable: true})]
}

const pendingFlush = [submit(2, 'FLUSH'), start(2)]
const failedFlush = [...pendingFlush, failed(2)]

it.each([
  ['a read', 'writeback', [submit(1, 'IN'), start(1), done(1)], '#1 is not a write'],
  ['a write in flight', 'writeback', [submit(1, 'OUT')], '#1 is still in flight'],
  [
    'a cancelled write',
    'writeback',
    [submit(1, 'OUT'), done(1, {status: STATUS_CANCELED})],
    '#1 was refused or cancelled and wrote nothing',
  ],
  ['a write of no bytes', 'writeback', out(1, 0, 0), '#1 wrote no bytes'],
  ['a write nothing followed', 'none', out(1), 'no FLUSH was submitted after #1 completed'],
  [
    'a write under unsafe',
    'unsafe',
    [...out(1), ...flush(2)],
    'FLUSH and FUA are ignored under unsafe: #1 is never stable',
  ],
  [
    'a write whose FLUSH is pending',
    'writeback',
    [...out(1), ...pendingFlush],
    '#2 would cover #1 but has not completed',
  ],
  [
    'a write in flight when the FLUSH came',
    'writeback',
    [submit(1, 'OUT'), start(1), ...pendingFlush, done(1), done(2)],
    'FLUSH #2 was submitted while #1 was in flight, and no FLUSH followed',
  ],
  [
    'a write whose FLUSH the device does not have',
    'writeback',
    [...out(1), submit(2, 'FLUSH'), done(2, {status: STATUS_UNSUPP})],
    '#2, which would have covered #1, was refused or cancelled',
  ],
  [
    'a failed write',
    'writeback',
    [submit(1, 'OUT'), start(1), failed(1), ...flush(2)],
    '#1 failed: its range is indeterminate',
  ],
  [
    'a poisoned write',
    'writeback',
    [...out(1), ...failedFlush, ...flush(3)],
    'the sync of #2 failed before #1 was stable, and no later FLUSH can settle it: write the range again, then FLUSH',
  ],
  [
    'a write poisoned by a sync nobody asked for',
    'writeback',
    [...out(1), syncEnd(4, 5)],
    'host sync 4 failed before #1 was stable, and no later FLUSH can settle it: write the range again, then FLUSH',
  ],
  ['an overwritten write', 'writeback', [...out(1), ...fua(9)], '#1 is superseded by #9, which is stable'],
  [
    'a write overwritten in parts',
    'writeback',
    [...out(1, 0, 4), ...fua(8, 0, 2), ...fua(9, 2, 2)],
    '#1 is superseded by #8, #9, which are stable',
  ],
  [
    'a failed write that was overwritten',
    'writeback',
    [submit(1, 'OUT'), start(1), failed(1), ...out(2), ...flush(3)],
    '#1 is superseded by #2, which is stable',
  ],
  [
    'a write overwritten but for one sector',
    'writeback',
    [...out(1, 0, 4), ...fua(8, 0, 2), ...fua(9, 3, 1)],
    'no FLUSH was submitted after #1 completed',
  ],
])('%s is not stable, and the reason says why', (_what, mode, events, why) => {
  const expected: Stability = {by: 'none', request: null, why}
  expect(ledgerOf(mode, events).stability(1)).toEqual(expected)
})

it.each([
  ['writeback', fua(1), {by: 'fua', request: null, why: '#1 was synced by itself before it completed'}],
  [
    'directsync',
    fua(1),
    {by: 'completion', request: null, why: '#1 was stable when it completed: directsync syncs every write'},
  ],
  [
    'writeback',
    [...out(1), ...flush(2), ...flush(3)],
    {by: 'flush', request: 2, why: '#2 flushed after #1 had completed'},
  ],
])('under %s a stable write says since when', (mode, events, stability) => {
  expect(ledgerOf(mode, events).stability(1)).toEqual(stability)
})
