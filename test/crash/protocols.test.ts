import {describe, expect, it} from 'vitest'
import {CrashModel, explore, type Exploration} from '../../src/crash/index.js'
import {
  brown,
  doubleWrite,
  journal,
  superblockFlip,
  tdb,
  twoFiles,
  writeAheadLog,
  type Brown,
  type Protocol,
} from './protocols.js'

type World = 'durable' | 'order-only' | 'no-op'

/** The verdict in three words: nothing wrong; no broken image, but promises are; broken images. */
type Word = 'OK' | 'atomic' | 'broken'

/** Under a durable flush; a flush that only orders, on a device that keeps epochs; a flush that does nothing. */
function exploreIn(world: World, {write, check}: Protocol): Exploration {
  switch (world) {
    case 'durable':
      return explore(new CrashModel(write('flush').trace()), check)
    case 'order-only':
      return explore(new CrashModel(write('order').trace(), {device: 'epoch'}), check)
    case 'no-op':
      return explore(new CrashModel(write('flush').trace(), {mode: 'unsafe'}), check)
  }
}

function wordOf({violations, complete}: Exploration): Word {
  expect(complete).toBe(true)
  if (violations.length === 0) return 'OK'
  return violations.some(({kind}) => kind === 'inconsistent') ? 'broken' : 'atomic'
}

const MIXED: Brown['commits'] = ['AB', 'A', 'AB', 'B']
const newest: Brown = {slots: 2, replays: 'newest', commits: MIXED}
const all: Brown = {...newest, replays: 'all'}

/** Semantics 7.6 to 7.8 and 10.G. */
const VERDICTS: readonly (readonly [id: string, name: string, Protocol, durable: Word, orderOnly: Word, noOp: Word])[] =
  [
    ['G1 G4 G5', 'TDB with its four syncs', tdb(), 'OK', 'atomic', 'broken'],
    ['7.6', 'TDB with a checksum in the header', tdb(undefined, true), 'OK', 'atomic', 'broken'],
    ['7.6', 'TDB with a checksum and without the first sync', tdb(1, true), 'OK', 'atomic', 'broken'],
    ['G7 G9', "Brown's log, all valid slots replayed", brown(all), 'OK', 'atomic', 'broken'],
    ['7.7', "Brown's log, newest slot, a second sync", brown({...newest, syncsData: true}), 'OK', 'atomic', 'broken'],
    ['7.7', "Brown's log with three slots", brown({...all, slots: 3}), 'OK', 'atomic', 'broken'],
    ['7.8', 'a journal committed with PREFLUSH and FUA', journal(), 'OK', 'atomic', 'broken'],
    ['7.8', 'a write-ahead log with checksums', writeAheadLog(true), 'OK', 'atomic', 'atomic'],
    ['7.8', 'double write', doubleWrite(), 'OK', 'atomic', 'broken'],
    ['7.8', 'superblock flip', superblockFlip(), 'OK', 'atomic', 'broken'],
  ]

describe('protocols', () => {
  it.each(VERDICTS)('%s: %s', (_id, _name, protocol, durable, orderOnly, noOp) => {
    expect({
      durable: wordOf(exploreIn('durable', protocol)),
      orderOnly: wordOf(exploreIn('order-only', protocol)),
      noOp: wordOf(exploreIn('no-op', protocol)),
    }).toEqual({durable, orderOnly, noOp})
  })

  it.each([
    ['G2: TDB without sync 1', tdb(1)],
    ['G2: TDB without sync 2', tdb(2)],
    ['G2: TDB without sync 3', tdb(3)],
    ['G2: TDB without sync 4', tdb(4)],
    ['7.6: TDB without sync 2, with a checksum', tdb(2, true)],
    ['7.6: TDB without sync 3, with a checksum', tdb(3, true)],
    ['G6: Brown, newest slot only', brown(newest)],
    ['G6: Brown, newest slot only, disjoint commits', brown({...newest, commits: ['A', 'B', 'A', 'B']})],
    ['G8: Brown with one slot', brown({...all, slots: 1})],
    ['7.7: Brown without any sync', brown({...all, never: true})],
    ['7.8: a write-ahead log without checksums', writeAheadLog(false)],
  ])('a durable flush does not save %s', (_name, protocol) => {
    expect(wordOf(exploreIn('durable', protocol))).toBe('broken')
  })

  it('without its last sync, and with a checksum, TDB stays atomic and breaks promises', () => {
    expect(wordOf(exploreIn('durable', tdb(4, true)))).toBe('atomic')
  })

  it("G6: finds the acknowledged commit that Brown's log tears, as the smallest case", () => {
    const {violations} = exploreIn('durable', brown({...newest, commits: ['AB', 'A']}))
    // Requests: 1 log, 2 flush, 3 A, 4 B, 5 log, 6 flush, 7 A. B of commit 1 is lost while the record of commit 2 is there.
    expect(violations).toHaveLength(1)
    expect(violations[0]).toMatchObject({
      kind: 'inconsistent',
      message: 'A=2, B=0',
      lost: [{request: 4, offsetBytes: 17 * 512, lengthBytes: 512}],
    })
    expect(violations[0]?.story).toBe(
      'Power cut after request #5 was issued. On the medium, or overwritten there: #1, #3, #5. ' +
        'Lost: #4 (512 at 8704). Reached before: "commit 1". The check finds: A=2, B=0',
    )
  })

  it('G11: a barrier on one file leaves the other free; an awaited notification does not', () => {
    expect(wordOf(exploreIn('durable', twoFiles('barrier')))).toBe('broken')
    expect(wordOf(exploreIn('durable', twoFiles('notify')))).toBe('OK')
    expect(wordOf(exploreIn('no-op', twoFiles('notify')))).toBe('broken')
  })
})
