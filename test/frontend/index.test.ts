import {describe, expect, it} from 'vitest'
import {factRows, frontendOf, FRONTENDS, yearOf, type FrontendFacts} from '../../src/frontend/index.js'

const SETS: readonly (readonly [name: string, era: string, facts: FrontendFacts])[] = FRONTENDS.flatMap((frontend) => [
  [frontend.name, 'of the past', frontend.past] as const,
  [frontend.name, 'of today', frontend.today] as const,
])

describe('the front ends', () => {
  it('are these four, in the order tables print them', () => {
    expect(FRONTENDS.map(({name}) => name)).toEqual(['ide', 'scsi', 'virtio-blk', 'xen-blkback'])
  })

  it.each(SETS)('%s has facts %s under its own name, each with a clause, a year and a source', (name, _era, facts) => {
    expect(facts.name).toBe(name)
    const rows = factRows(facts)
    expect(rows).toHaveLength(Object.keys(facts).length - 1)
    for (const {key, title, fact} of rows) {
      expect(fact.says, key).toMatch(/^\S.*[^.\s]$/)
      expect(fact.year).toBeGreaterThanOrEqual(2009)
      expect(fact.source).not.toBe('')
      expect(title).not.toBe('')
    }
  })

  it.each(SETS)('%s %s never sends a flush the device does not have', (_name, _era, facts) => {
    expect(facts.driverFlushes.value && !facts.flushCommand.value).toBe(false)
  })

  it('are as old as the latest of their facts', () => {
    expect(FRONTENDS.map(({past}) => yearOf(past))).toEqual([2009, 2009, 2009, 2010])
  })

  it.each(['', 'IDE', 'virtio', 'nvme', 'constructor'])('%j is refused with the names there are', (name) => {
    expect(() => frontendOf(name)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_FRONTEND',
        message: `"${name}" is not a front end`,
        hint: 'Choose from ide, scsi, virtio-blk, xen-blkback.',
      }),
    )
    expect(frontendOf('scsi').name).toBe('scsi')
  })
})

/** Semantics 4.1 (from the notes of 2009), 4.5 (Xen, 2010) and 4.4 (today). */
describe('what is known of a front end', () => {
  const known = (facts: FrontendFacts): unknown[] => [
    facts.flushCommand.value,
    facts.writeCache.value,
    facts.driverFlushes.value,
    facts.driverOrder.value,
    facts.fua.value,
  ]

  it.each([
    ['ide', [true, 'never', true, 'drain', false]],
    ['scsi', [true, 'always', true, 'drain', false]],
    ['virtio-blk', [false, 'never', false, 'none', false]],
    ['xen-blkback', [true, 'always', false, 'tag', false]],
  ])('%s of the past: flush command, write cache, driver, order, FUA', (name, facts) => {
    expect(known(frontendOf(name).past)).toEqual(facts)
  })

  it.each([
    ['ide', [true, 'mode', true, 'wait', false]],
    ['scsi', [true, 'mode', true, 'wait', true]],
    ['virtio-blk', [true, 'mode', true, 'wait', false]],
    ['xen-blkback', [true, 'always', true, 'wait', false]],
  ])('%s of today: flush command, write cache, driver, order, FUA', (name, facts) => {
    expect(known(frontendOf(name).today)).toEqual(facts)
  })

  it('only virtio-blk of today writes through for a guest that negotiated neither FLUSH nor CONFIG_WCE', () => {
    const careful = SETS.filter(([, , facts]) => facts.writesThroughUnasked.value)
    expect(careful.map(([name, era]) => `${name} ${era}`)).toEqual(['virtio-blk of today'])
  })
})
