import {expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {DISK, HAZARD_CODES} from '../../src/durability/index.js'
import {sentenceOf} from '../../src/durability/hazard-codes.js'
import {orderingModeOf} from '../../src/ordering/index.js'

const drain = orderingModeOf('drain')

it.each(HAZARD_CODES.map((code) => [code] as const))('%s is one sentence that names its requests', (code) => {
  const withObjects = ['FLUSH_DID_NOT_COVER', 'BARRIER_NOT_PERSISTED', 'FLUSH_FAILED', 'OVERLAP'].includes(code)
  const named = [...(code === 'OVERLAP' ? [] : ['#41, #42']), ...(withObjects ? ['#7, #8'] : [])]
  for (const mode of ['writeback', 'unsafe', 'directsync']) {
    const text = sentenceOf(code, [41, 42], withObjects ? [7, 8] : [], cacheModeOf(mode), drain, DISK)
    expect(text).toMatch(/^\S.*\.$/)
    expect(named.filter((part) => !text.includes(part))).toEqual([])
  }
})

it('speaks of one request in the singular and of many in the plural', () => {
  const say = (ids: number[]): string => sentenceOf('NOT_FLUSHED', ids, [], cacheModeOf('writeback'), drain, DISK)
  expect(say([3])).toBe('#3 completed and is not stable: no FLUSH that covers it has succeeded.')
  expect(say([3, 4])).toBe('#3, #4 completed and are not stable: no FLUSH that covers them has succeeded.')
})

it('says why nothing lasts', () => {
  const medium = {kind: 'volatile', why: 'it lies in memory (tmpfs)'} as const
  expect(sentenceOf('NOTHING_LASTS', [3], [], cacheModeOf('writeback'), drain, medium)).toBe(
    'Whatever is synced, #3 may be lost when the host crashes or the power fails: it lies in memory (tmpfs).',
  )
})
