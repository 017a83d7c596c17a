import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {assumptions} from '../../src/durability/index.js'
import {guaranteeAnswer, guaranteeRows, survivalRows, type AnswerRow} from '../../src/explain/answer.js'
import {modesDocument} from '../../src/explain/index.js'

const MODES = ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']
const LETTERS = {yes: 'y', no: 'n', conditional: 'c'}

function letters(rows: readonly AnswerRow<string>[]): (readonly [string, string])[] {
  return rows.map(({id, answers}) => [id, answers.map(({holds}) => LETTERS[holds]).join('')])
}

it('tables have a column for each mode, in one order', () => {
  expect(CACHE_MODES.map(({name}) => name)).toEqual(MODES)
  for (const {answers} of [...guaranteeRows(), ...survivalRows()]) {
    expect(answers.map(({mode}) => mode.name)).toEqual(MODES)
  }
  expect(modesDocument().csvTable?.rows).toHaveLength((11 + 4) * MODES.length)
})

describe('the guarantee matrix', () => {
  /**
   * Semantics 8.7. Two rows have no plain answer: sector atomicity is an assumption, and what BARRIER does is the choice of
   * --ordering. G-ERR, which the tool has to add, is there.
   */
  it('answers yes, no or conditional as the table of guarantees does', () => {
    expect(letters(guaranteeRows())).toEqual([
      ['G-READ', 'yyyyy'],
      ['G-PROC', 'yyyyy'],
      ['G-STABLE', 'ynnyn'],
      ['G-FLUSH', 'yyyyn'],
      ['G-FUA', 'yyyyn'],
      ['G-ALLOC', 'ynnyn'],
      ['G-NOHOSTCACHE', 'nnyyn'],
      ['G-ORDER-FLUSH', 'yyyyn'],
      ['G-ORDER-BARRIER', 'ccccn'],
      ['G-ATOM-SECTOR', 'ccccc'],
      ['G-ERR', 'yyyyn'],
    ])
  })

  it('names the barrier policies a conditional answer asks for', () => {
    const why = (mode: string): string => guaranteeAnswer(cacheModeOf(mode), 'G-ORDER-BARRIER').why
    expect(why('writethrough')).toMatch(/^Only with --ordering drain, drain-flush\b.* or .*\. The barrier drains/)
    expect(why('writeback')).toMatch(
      /^Only with --ordering drain-flush, drain-fua, tag-flush or tag-fua\b.*syncs what came before it/,
    )
    expect(why('unsafe')).toContain('nothing is synced')
  })

  it('gives each answer a sentence', () => {
    for (const {answers} of guaranteeRows()) {
      for (const {why} of answers) expect(why).toMatch(/^[A-Z].*\.$/)
    }
  })
})

describe('the survival table', () => {
  /** Semantics 8.5: whether a completed write survives; conditional is "if it was flushed", and what a footnote adds. */
  it('answers for four failures, mildest first', () => {
    expect(letters(survivalRows())).toEqual([
      ['guestCrash', 'yyyyy'],
      ['processKill', 'yyyyy'],
      ['osCrash', 'yccyn'],
      ['powerLoss', 'yccyn'],
    ])
  })

  it('tells why: who owns the page cache, what a direct write leaves in host memory, what a power cut empties', () => {
    const why = (failure: string, mode: string): string | undefined =>
      survivalRows()
        .find(({id}) => id === failure)
        ?.answers.find((answer) => answer.mode.name === mode)?.why
    expect(why('processKill', 'writeback')).toContain('belongs to the host kernel')
    expect(why('osCrash', 'none')).toContain('allocation was already stable')
    expect(why('powerLoss', 'none')).toContain('cache of the drive')
    expect(why('powerLoss', 'writeback')).toContain('page cache and the cache of the drive')
    expect(why('powerLoss', 'unsafe')).toContain('unsafe ignores FLUSH and FUA')
  })

  it('never says yes about a crash of the host where nothing is assumed of the host', () => {
    const [, , ...ofTheHost] = survivalRows()
    for (const {mode} of ofTheHost.flatMap(({answers}) => answers.filter(({holds}) => holds === 'yes'))) {
      expect(assumptions(mode).join(' ')).toContain('obeys flush')
    }
  })
})
