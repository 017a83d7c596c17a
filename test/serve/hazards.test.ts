import {describe, expect, it} from 'vitest'

import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {serveDocument} from '../../src/serve/document.js'
import {atMostAtRisk, hazardsOf} from '../../src/serve/hazards.js'
import type {ServeResult} from '../../src/serve/options.js'

const NOTHING = {
  ...{
    connections: 1,
    timedOut: 0,
    reads: 0,
    readBytes: 0,
    writes: 0,
    writtenBytes: 0,
    flushes: 0,
    fuas: 0,
    trims: 0,
    zeroes: 0,
  },
  ...{others: 0, refused: 0, errors: 0, failedWrites: 0, failedFlushes: 0, redundantFlushes: 0},
}

interface Changes extends Partial<Omit<ServeResult, 'mode' | 'counts'>> {
  readonly mode?: CacheModeName
  readonly counts?: Partial<ServeResult['counts']>
}

function served({mode = 'writeback', counts, ...rest}: Changes): ServeResult {
  return {
    image: {path: 'disk.img', sizeBytes: 2 ** 20, fileSystem: 'ext4', readOnly: false, snapshot: false},
    mode: cacheModeOf(mode),
    openFlags: ['O_RDWR'],
    volatile: undefined,
    aio: {backend: 'threads', reason: '', syncs: 0},
    transport: 'node:net',
    counts: {...NOTHING, ...counts},
    ...{
      paces: [],
      flushesIgnored: 0,
      faults: [],
      bytesAtRisk: 0,
      poison: 0,
      closingSync: 'skipped',
      closingErrno: 0,
      notes: [],
    },
    interruptedBy: undefined,
    ...rest,
  }
}

const codes = (changes: Changes): string[] => hazardsOf(served(changes)).map(({code}) => code)

describe('the hazards of what clients did', () => {
  it('are none where everything that was written has been flushed', () => {
    expect(codes({counts: {writes: 9, flushes: 1}})).toEqual([])
  })

  it.each<[string, Changes, string[]]>([
    [
      'the medium keeps nothing',
      {volatile: 'it lies in memory', counts: {writes: 1}, bytesAtRisk: 512},
      ['NOTHING_LASTS'],
    ],
    ['a change failed', {counts: {failedWrites: 1}}, ['WRITE_FAILED']],
    ['a sync failed', {poison: 5, counts: {failedFlushes: 2}, bytesAtRisk: 512}, ['FLUSH_FAILED', 'NOT_FLUSHED']],
    ['the sync of a FUA failed', {poison: 5}, ['FLUSH_FAILED']],
    ['nobody flushed', {counts: {writes: 1}, bytesAtRisk: 512}, ['NOT_FLUSHED']],
    ['a flush had nothing to do', {counts: {flushes: 1, redundantFlushes: 1}}, ['REDUNDANT_FLUSH']],
    [
      'unsafe ignores what is sent',
      {mode: 'unsafe', counts: {writes: 1, flushes: 2, fuas: 1, redundantFlushes: 1}, bytesAtRisk: 512},
      ['FLUSH_IGNORED', 'FUA_IGNORED', 'NOT_FLUSHED'],
    ],
  ])('are named where %s', (_what, changes, expected) => {
    expect(codes(changes)).toEqual(expected)
  })

  it('stand in the document and in its records, with what each failure could take', () => {
    const {json, records} = serveDocument(served({counts: {writes: 1}, bytesAtRisk: 512, interruptedBy: 'SIGTERM'}))
    expect(json).toMatchObject({
      atRisk: {processKill: {bytesAtMost: 0}, osCrash: {bytesAtMost: 512}, powerLoss: {bytesAtMost: 512}},
      hazards: [{code: 'NOT_FLUSHED', count: 512}],
      assumptions: expect.arrayContaining([expect.stringContaining('512-byte sector')]) as unknown,
      interruptedBy: 'SIGTERM',
    })
    expect([...(records ?? [])]).toContainEqual(expect.objectContaining({record: 'hazard', code: 'NOT_FLUSHED'}))
  })
})

describe('what the kill of the process may take', () => {
  it('is nothing of what completed, and in doubt where something failed', () => {
    expect(atMostAtRisk(served({bytesAtRisk: 512})).processKill.bytesAtMost).toBe(0)
    expect(atMostAtRisk(served({bytesAtRisk: 512, poison: 5})).processKill.bytesAtMost).toBe(512)
    expect(atMostAtRisk(served({bytesAtRisk: 512, counts: {failedWrites: 1}})).processKill.bytesAtMost).toBe(512)
  })
})
