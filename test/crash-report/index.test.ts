import {describe, expect, it} from 'vitest'
import {CrashModel, listStates, stateId, type CrashReport} from '../../src/crash/index.js'
import {exploreDocument, stateDocument, statesDocument} from '../../src/crash-report/index.js'
import {renderDocument, type Document} from '../../src/report/index.js'
import {FUA, TraceWriter} from '../crash/traces.js'

const REPORT: CrashReport = {
  options: {kind: 'power', mode: 'writeback', ordering: 'drain', device: 'unordered', atom: 512},
  of: {trace: 'digest', check: 'c.mjs', budget: null, seed: 0, shares: 'points'},
  shard: null,
  complete: true,
  finished: true,
  states: 12,
  failing: 3,
  runs: 9,
  crashPoints: 4,
  crashPointsAll: 4,
  listed: null,
  coverage: [],
  violations: [
    {
      state: '5-abc123-1.1',
      event: 5,
      kind: 'acknowledged-lost',
      mark: 'commit 1',
      lost: [{request: 3, offsetBytes: 512, lengthBytes: 1024}],
      story: 'Power cut.',
      fix: [
        {insert: 'FUA', after: 3},
        {insert: 'FLUSH', after: 4},
      ],
      isFixWhole: true,
    },
  ],
}
const CLEAN: CrashReport = {...REPORT, failing: 0, violations: []}

async function text(document: Document, format: 'table' | 'csv' = 'table'): Promise<string> {
  let all = ''
  for await (const piece of renderDocument(document, format, {width: 200, color: false})) all += piece
  return all
}

describe('an exploration as a document', () => {
  it('has the JSON shape that scripts read', () => {
    const {json} = exploreDocument(REPORT, 't')
    expect(json).toEqual({schema: 'flushpoint/crash@1', ...REPORT})
  })

  it('tells a violation with its loss and what would have prevented it', async () => {
    const told = await text(exploreDocument(REPORT, 't'))
    expect(told).toContain('Violation 1: acknowledged-lost: "commit 1"')
    expect(told).toContain('#3 at 512 (1 KiB)')
    expect(told).toContain(
      'FUA on #3, and a FLUSH, waited for, when #4 has completed; with it the check passes everywhere',
    )
    expect(told).toContain('not ok: a crash can lose what was acknowledged')
    expect(await text(exploreDocument(REPORT, 't'), 'csv')).toContain(
      '5-abc123-1.1,5,acknowledged-lost,commit 1,3,512,1024',
    )
  })

  it('is good news only when nothing was found and nothing was left out', async () => {
    expect(await text(exploreDocument(CLEAN, 't'))).toMatch(/✓ ok: no crash leaves an image/)
    for (const [cutBy, why] of [
      ['budget', 'the budget ended first'],
      ['signal', 'it was interrupted'],
      ['timeout', 'the check did not come back in time'],
    ] as const) {
      const told = await text(exploreDocument({...CLEAN, complete: false, finished: false}, 't', {cutBy}))
      expect(told).toContain(`not ok: no violation in what was covered; the exploration is INCOMPLETE: ${why}`)
      expect(told).toContain(`NO: ${why}`)
    }
  })

  it('of a part, or of a sample, is no good news either, and says which', async () => {
    const part: CrashReport = {...CLEAN, complete: false, shard: {index: 2, count: 8}}
    expect(await text(exploreDocument(part, 't'))).toContain('INCOMPLETE: it is part 2 of 8')
    const row = (strategy: string, images: number, whole: boolean) => ({strategy, images, whole})
    const images = {atLeast: '1024', atMost: '1024'}
    const sample: CrashReport = {
      ...CLEAN,
      of: {...CLEAN.of, shares: 'images'},
      complete: false,
      coverage: [
        {event: 2, images, exhaustive: true, asked: 3, strategies: [row('all', 3, true)]},
        {
          event: 4,
          images,
          exhaustive: false,
          asked: 9,
          strategies: [row('prefixes', 4, true), row('random', 5, false)],
        },
        {event: 6, images, exhaustive: false, asked: 2, strategies: [row('prefixes', 2, false)]},
      ],
    }
    const told = await text(exploreDocument(sample, 't', {notes: ['it is what it is']}))
    expect(told).toContain('INCOMPLETE: the budget has room for some images of a crash point only')
    expect(told).toContain('12 different images, 0 of them refused; 9 runs of the command')
    expect(told).toContain('note:          it is what it is')
    expect(told).toContain('How images were picked: all of them at 1 of 3 crash points')
    expect(told).toMatch(/^prefixes +6 +2 +1$/m)
  })
})

describe('the images of a moment as a document', () => {
  /** C7: eight sectors in flight. */
  const eight = new TraceWriter()
  eight.flying(0, 8)

  it('C7: counts 256 images of a write of eight sectors, and lists as many as are asked for', () => {
    const {json} = statesDocument(new CrashModel(eight.trace()).at(2), 't', 256) as {json: {images: {state: string}[]}}
    expect(json).toMatchObject({schema: 'flushpoint/states@1', event: 2, count: 256, isExact: true, complete: true})
    expect(new Set(json.images.map(({state}) => state)).size).toBe(256)
    const few = statesDocument(new CrashModel(eight.trace()).at(2), 't', 3)
    expect(few.json).toMatchObject({count: 256, complete: false, images: {length: 3}})
    expect(statesDocument(new CrashModel(eight.trace(), {atom: 4096}).at(2), 't', 9).json).toMatchObject({count: 2})
  })

  it('C11: names the possible writers of each sector', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flying(1, 1, FUA)
    const {json} = statesDocument(new CrashModel(writer.trace()).at(5), 't', 9)
    expect(json).toMatchObject({
      count: 4,
      sectors: [
        {offsetBytes: 0, lengthBytes: 512, mayHold: ['#1', 'before the trace']},
        {offsetBytes: 512, lengthBytes: 512, mayHold: ['#2', 'before the trace']},
      ],
    })
  })

  it('writes a count that no double holds as text', () => {
    const writer = new TraceWriter()
    writer.flying(0, 1000)
    const {json} = statesDocument(new CrashModel(writer.trace()).at(2), 't', 0)
    expect(json).toMatchObject({count: String(2n ** 1000n), isExact: true, complete: false, images: []})
  })

  it('says when nothing is undecided', async () => {
    const told = await text(statesDocument(new CrashModel(eight.trace()).at(0), 't', 9))
    expect(told).toContain('every sector is decided')
  })
})

describe('one image as a document', () => {
  it('tells when it is left, what it lost and what each range holds', async () => {
    const writer = new TraceWriter()
    writer.out(0, new Uint8Array(1024).fill(7))
    writer.mark('told')
    const states = [...listStates(new CrashModel(writer.trace()).at(4))]
    const half = states.find(({choices}) => choices.size === 1 && choices.has(1))
    if (half === undefined) throw new Error('no image lost the second sector alone')
    const document = stateDocument(half, 't')
    expect(document.json).toMatchObject({
      schema: 'flushpoint/state@1',
      state: stateId(half),
      event: 4,
      marks: ['told'],
      lost: [{request: 1, offsetBytes: 512, lengthBytes: 512}],
      shown: [
        {offsetBytes: 0, lengthBytes: 512, holds: '#1'},
        {offsetBytes: 512, lengthBytes: 512, holds: 'before the trace'},
      ],
    })
    expect(await text(document)).toContain('Power cut after the mark "told". Lost: #1 (512 at 512).')
  })

  it('has words for torn and discarded content', () => {
    const torn = new TraceWriter()
    torn.out(0)
    torn.flush()
    torn.flying(0)
    const words = (writer: TraceWriter, event: number): string[] => {
      const {json} = statesDocument(new CrashModel(writer.trace(), {atom: 'torn'}).at(event), 't', 0)
      return (json as {sectors: {mayHold: string[]}[]}).sectors.flatMap(({mayHold}) => mayHold)
    }
    expect(words(torn, 8)).toEqual(['#3', '#1', 'half #3, then half #1', 'half #1, then half #3', 'garbage (#3 torn)'])
    const discarded = new TraceWriter()
    discarded.done('DISCARD', 0, 0, 1)
    expect(words(discarded, 3)).toEqual(
      expect.arrayContaining(['zeroes (discarded by #1)', 'anything (discarded by #1)', 'before the trace']),
    )
  })
})
