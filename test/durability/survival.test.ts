import {expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {assumptions, CRASH_KINDS, survival, survivors} from '../../src/durability/index.js'

/** Semantics 8.5: what is sure to survive. */
const GOLDEN = {
  writethrough: ['completed', 'completed', 'completed'],
  writeback: ['completed', 'flushed', 'flushed'],
  none: ['completed', 'flushed or allocated', 'flushed'],
  directsync: ['completed', 'completed', 'completed'],
  unsafe: ['completed', 'nothing', 'nothing'],
}

function gist(sentence: string): string {
  if (sentence.startsWith('Every completed write survives')) return 'completed'
  if (sentence.startsWith('Nothing')) return 'nothing'
  return sentence.includes('allocation') ? 'flushed or allocated' : (sentence.split(' ')[0]?.toLowerCase() ?? '')
}

it.each(CACHE_MODES.map((mode) => [mode.name, mode] as const))('%s survives what the table says', (name, mode) => {
  const told = survival(mode)
  expect(CRASH_KINDS.map((kind) => gist(told[kind]))).toEqual(GOLDEN[name])
})

it.each(CACHE_MODES.map((mode) => [mode.name, mode] as const))(
  '%s says the same in a word as in a sentence',
  (_, mode) => {
    const inWords = {
      completed: 'completed',
      flushed: 'flushed',
      'flushed or in place': 'flushed or allocated',
      nothing: 'nothing',
    }
    for (const kind of ['guestCrash', ...CRASH_KINDS] as const) {
      expect(inWords[survivors(mode, kind)]).toBe(gist(survival(mode)[kind]))
    }
  },
)

it('a guest that crashes loses nothing it was told is completed, whatever the mode', () => {
  expect(CACHE_MODES.map((mode) => survivors(mode, 'guestCrash'))).toEqual(CACHE_MODES.map(() => 'completed'))
})

it('every mode but the one that never syncs rests on the host passing flushes', () => {
  for (const mode of CACHE_MODES) {
    const told = assumptions(mode).join(' ')
    expect(told.includes('obeys flush')).toBe(!mode.noFlush)
    expect(told).toContain('512-byte sector')
    expect(told).toContain('The image as found at open is taken as stable.')
  }
})

it('only direct transfers that are not stable at completion rest on allocation and on drives keeping their power', () => {
  const resting = CACHE_MODES.filter((mode) => assumptions(mode).join(' ').includes('keep their power'))
  expect(resting).toEqual([cacheModeOf('none')])
})
