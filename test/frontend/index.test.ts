import {describe, expect, it} from 'vitest'
import {
  factRows,
  frontendOf,
  FRONTENDS,
  yearOf,
  type Feature,
  type FeatureEffect,
  type FrontendFacts,
} from '../../src/frontend/index.js'

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

describe('the features of a front end', () => {
  const offers = (facts: FrontendFacts): Feature[] =>
    frontendOf(facts.name).vocabulary.filter(({name}) =>
      [...facts.features.value, ...facts.extras.value].includes(name),
    )

  it.each(SETS)('%s offers and uses %s nothing that is missing in its vocabulary', (name, _era, facts) => {
    const known = frontendOf(name).vocabulary.map((feature) => feature.name)
    expect(new Set(known).size).toBe(known.length)
    expect(known).toEqual(expect.arrayContaining([...facts.features.value, ...facts.extras.value]))
    expect(known).toEqual(expect.arrayContaining([...facts.driverKnows.value]))
  })

  it.each(SETS)('%s %s has a flush command, FUA and ordered tags exactly where a feature says so', (_n, _e, facts) => {
    const means = (effect: FeatureEffect): boolean => offers(facts).some(({grants}) => grants.includes(effect))
    expect(means('flush')).toBe(facts.flushCommand.value)
    expect(means('fua')).toBe(facts.fua.value)
    expect(means('tags')).toBe(facts.ordersTags.value)
    expect(means('advert')).toBe(facts.writeCache.value !== 'never')
  })

  it('name what they need and exclude by names of the same vocabulary', () => {
    for (const {vocabulary} of FRONTENDS) {
      const known = vocabulary.map(({name}) => name)
      for (const {needs, excludes, place, source, since} of vocabulary) {
        expect(known).toEqual(expect.arrayContaining([...needs, ...excludes]))
        expect(place).not.toBe('')
        expect(source).not.toBe('')
        expect(since).toBeGreaterThanOrEqual(2009)
      }
    }
  })

  /** Semantics 1.4. */
  it.each([
    ['BARRIER', 0],
    ['RO', 5],
    ['BLK_SIZE', 6],
    ['SCSI', 7],
    ['FLUSH', 9],
    ['CONFIG_WCE', 11],
    ['MQ', 12],
    ['DISCARD', 13],
    ['WRITE_ZEROES', 14],
    ['VERSION_1', 32],
  ])('of virtio-blk: %s is feature bit %i', (name, bit) => {
    const feature = frontendOf('virtio-blk').vocabulary.find((candidate) => candidate.name === name)
    expect(feature?.place).toBe(`feature bit ${bit}`)
  })

  it('are negotiated by virtio-blk alone', () => {
    expect(FRONTENDS.filter(({negotiates}) => negotiates.value).map(({name}) => name)).toEqual(['virtio-blk'])
  })
})

/** Semantics 1.8 and B6 (the switch), 4.5 and E18 (a flush with data), 3.6 (direct-io-safe). */
describe('what is known of switching a cache, of a flush with data and of O_DIRECT', () => {
  it.each([
    ['ide', ['flushes', 'impossible', false]],
    ['scsi', ['flushes', 'impossible', false]],
    ['virtio-blk', ['plain', 'ignored', false]],
    ['xen-blkback', ['impossible', 'flush-write', true]],
  ])('%s of today', (name, known) => {
    const {writeCacheSwitch, flushWithData, asksForDirectIo} = frontendOf(name).today
    expect([writeCacheSwitch.value, flushWithData.value, asksForDirectIo.value]).toEqual(known)
  })

  it('the key direct-io-safe came in 2013', () => {
    const {past, today} = frontendOf('xen-blkback')
    expect(past.asksForDirectIo.value).toBe(false)
    expect(today.asksForDirectIo.year).toBe(2013)
  })

  it('the first virtio driver that knew FLUSH drained and flushed (Linux 2.6.33)', () => {
    const {flushingDriver} = frontendOf('virtio-blk')
    expect(flushingDriver?.driverFlushes.value).toBe(true)
    expect(flushingDriver?.driverOrder.value).toBe('drain-flush')
  })
})
