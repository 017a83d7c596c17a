import {describe, expect, it} from 'vitest'

import {ORDERING_MODES, orderingModeOf, withoutTags, type OrderingName} from '../../src/ordering/index.js'

/**
 * Semantics 5.1 (what the device needs) and 5.2 (the steps of a barrier with data). A flush before the data needs a flush command;
 * data that is stable by itself needs FUA; the last column is the policy a device without ordered tags gets.
 */
const ROWS: readonly (readonly [OrderingName, steps: string, needsFlush: boolean, needsFua: boolean, OrderingName])[] =
  [
    ['none', 'data', false, false, 'none'],
    ['drain', 'drain data', false, false, 'drain'],
    ['drain-flush', 'drain flush data flush', true, false, 'drain-flush'],
    ['drain-fua', 'drain flush data(FUA)', true, true, 'drain-fua'],
    ['tag', 'tag data', false, false, 'drain'],
    ['tag-flush', 'tag flush data flush', true, false, 'drain-flush'],
    ['tag-fua', 'tag flush data(FUA)', true, true, 'drain-fua'],
  ]

describe('the barrier policies', () => {
  it('are these, those that drain before those that leave it to the device', () => {
    expect(ORDERING_MODES.map(({name}) => name)).toEqual(ROWS.map(([name]) => name))
  })

  it('each say what they are and where that is written', () => {
    expect(new Set(ORDERING_MODES.map(({summary}) => summary)).size).toBe(ROWS.length)
    expect(ORDERING_MODES.flatMap(({summary, source}) => [summary, source])).not.toContain('')
  })

  it('only flush or ask for FUA where they order: otherwise writes in flight beside the flush would stay uncovered', () => {
    const unordered = ORDERING_MODES.filter((mode) => !mode.drains && !mode.tags)
    expect(unordered.filter((mode) => mode.preFlush || mode.postFlush !== 'none')).toEqual([])
    expect(ORDERING_MODES.filter((mode) => mode.drains && mode.tags)).toEqual([])
  })

  it('say whether they order only or flush too, since an ordering barrier makes nothing stable', () => {
    expect(orderingModeOf('drain').summary).toMatch(/^ordering only: .*nothing becomes stable$/)
    expect(orderingModeOf('drain-flush').summary).toMatch(/^flushing: /)
    expect(orderingModeOf('drain-fua').summary).toMatch(/^flushing: /)
  })
})

describe.each(ROWS)('ordering %s', (name, steps, needsFlush, needsFua, fallback) => {
  const mode = orderingModeOf(name)

  it(`runs a barrier with data as: ${steps}`, () => {
    const words = [
      mode.drains ? 'drain' : '',
      mode.tags ? 'tag' : '',
      mode.preFlush ? 'flush' : '',
      mode.postFlush === 'fua' ? 'data(FUA)' : 'data',
      mode.postFlush === 'flush' ? 'flush' : '',
    ]
    expect(words.filter(Boolean).join(' ')).toBe(steps)
  })

  it(`is ${fallback} on a device without ordered tags`, () => {
    expect(withoutTags(mode).name).toBe(fallback)
  })

  it(`needs ${needsFlush ? 'a' : 'no'} flush command and ${needsFua ? 'FUA' : 'no FUA'}`, () => {
    expect(mode.preFlush || mode.postFlush === 'flush').toBe(needsFlush)
    expect(mode.postFlush === 'fua').toBe(needsFua)
  })
})

describe('a policy by name', () => {
  it.each(['', 'tags', 'Drain', 'drain_flush', 'constructor'])('%j is refused with the names there are', (name) => {
    expect(() => orderingModeOf(name)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_ORDERING',
        message: `"${name}" is not an ordering mode`,
        hint: 'Choose from none, drain, drain-flush, drain-fua, tag, tag-flush, tag-fua.',
      }),
    )
  })
})
