import {describe, expect, it} from 'vitest'
import {
  negotiate,
  orderingCaution,
  orderingObstacle,
  requireOrdering,
  requirementsOf,
} from '../../src/negotiation/index.js'
import {question, type Asked} from './question.js'

const xen2010 = {frontend: 'xen-blkback', era: '2009'} as const

/** Semantics 5.1, row by row: the device has a volatile cache, a flush command, FUA, ordered tags. */
describe('a barrier mode needs', () => {
  it.each([
    ['none', 'any', false, false, false],
    ['drain', 'absent', false, false, false],
    ['drain-flush', 'present', true, false, false],
    ['drain-fua', 'present', true, true, false],
    ['tag', 'absent', false, false, true],
    ['tag-flush', 'present', true, false, true],
    ['tag-fua', 'present', true, true, true],
  ] as const)('%s: write cache %s, flush command %s, FUA %s, tags %s', (name, writeCache, flushCommand, fua, tags) => {
    expect(requirementsOf(name)).toEqual({writeCache, flushCommand, fua, tags})
  })
})

describe('a barrier mode on a device', () => {
  it.each([
    [{era: '2009'}, 'drain-flush', 'it needs a flush command, and the device has none'],
    [{era: '2009'}, 'tag', 'it needs ordered tags, and the device does not keep them in order'],
    [{negotiate: []}, 'drain-flush', 'it needs a flush command, and FLUSH is not negotiated'],
    [{}, 'drain-fua', 'it needs FUA, and a write cannot have it here'],
    [{}, 'tag-flush', 'it needs ordered tags, and the device does not keep them in order'],
    [xen2010, 'tag-fua', 'it needs FUA, and a write cannot have it here'],
    [
      {frontend: 'scsi', features: ['WCE']},
      'drain',
      'a device with a write cache and no flush command cannot do barriers at all',
    ],
  ] as const)('%j refuses %s: %s', (asked: Asked, ordering, reason) => {
    const agreement = negotiate(question(asked))
    expect(orderingObstacle(agreement, ordering)).toBe(reason)
    expect(() => requireOrdering(agreement, ordering)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_ORDERING_NEEDS',
        message: `${ordering} is not possible on ${agreement.frontend} (${agreement.era}): ${reason}`,
        hint: `The driver declares "${agreement.ordering}" here, which is what a run without --ordering has.`,
      }),
    )
  })

  it.each([
    [{era: '2009'}, 'none'],
    [{era: '2009'}, 'drain'],
    [{}, 'drain-flush'],
    [{era: '2009', frontend: 'ide'}, 'drain-flush'],
    [{frontend: 'scsi'}, 'drain-fua'],
    [{era: '2009', features: ['BARRIER']}, 'tag'],
    [xen2010, 'tag'],
    [xen2010, 'tag-flush'],
    [{frontend: 'scsi', features: ['WCE']}, 'none'],
  ] as const)('%j permits %s', (asked: Asked, ordering) => {
    expect(() => requireOrdering(negotiate(question(asked)), ordering)).not.toThrow()
  })

  it('that was made for a device without a write cache comes with a caution where there is one', () => {
    const cached = negotiate(question())
    expect(orderingCaution(cached, 'drain')).toMatch(/^drain is meant for .*makes nothing stable\.$/)
    expect(orderingCaution(cached, 'tag')).toContain('tag is meant')
    expect(orderingCaution(cached, 'drain-flush')).toBeUndefined()
    expect(orderingCaution(cached, 'none')).toBeUndefined()
    expect(orderingCaution(negotiate(question({mode: 'writethrough'})), 'drain')).toBeUndefined()
  })
})
