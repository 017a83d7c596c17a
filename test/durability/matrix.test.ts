import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {guestFlushes, matrixCell, type MatrixCell} from '../../src/durability/index.js'
import {
  applySteps,
  FRONTENDS,
  frontendOf,
  STEP_NAMES,
  type Fact,
  type FrontendFacts,
  type StepName,
} from '../../src/frontend/index.js'

const MODES_2009 = ['writethrough', 'writeback', 'none'] as const
const NAMES_2009 = ['ide', 'scsi', 'virtio-blk'] as const

function cell2009(name: string, mode: string, steps: readonly StepName[] = []): MatrixCell {
  return matrixCell(applySteps(frontendOf(name).past, steps), cacheModeOf(mode))
}

/** A row as text: "none stability stability". */
function row(facts: FrontendFacts, modes: readonly string[]): string {
  return modes.map((mode) => matrixCell(facts, cacheModeOf(mode)).failure).join(' ')
}

/** The safe cells of the nine of 2009 after some steps. */
function safeWith(steps: readonly StepName[]): string[] {
  return NAMES_2009.flatMap((name) =>
    MODES_2009.filter((mode) => cell2009(name, mode, steps).safe).map((mode) => `${name} ${mode}`),
  )
}

function changed<Value>(fact: Fact<Value>, value: Value): Fact<Value> {
  return {...fact, value}
}

/** Rows from "Notes on block I/O data integrity" (seed 002), each with the sentence it is in. */
describe('the matrix of 2009', () => {
  it.each([
    [
      'ide',
      'writethrough',
      'none',
      'In cache=writethrough mode the IDE and SCSI drivers are safe because the queue is properly drained',
      /stable when it completes.*drains its queue/,
    ],
    [
      'scsi',
      'writethrough',
      'none',
      'In cache=writethrough mode the IDE and SCSI drivers are safe because the queue is properly drained',
      /stable when it completes.*drains its queue/,
    ],
    [
      'virtio-blk',
      'writethrough',
      'ordering',
      'Virtio-blk is not safe due to the lack of queue draining.',
      /order is lost: no drain/,
    ],
    [
      'ide',
      'writeback',
      'stability',
      'does not indicate a volatile write cache in the ATA IDENTIFY command. Because of that guests do no not actually send down cache flush request',
      /host page cache only.*no flush is sent: WCE is not advertised/,
    ],
    [
      'scsi',
      'writeback',
      'none',
      'In data=writeback mode on the SCSI emulation is safe as all others miss the cache flush requests.',
      /flush makes completed writes stable, and is sent.*drains its queue/,
    ],
    [
      'virtio-blk',
      'writeback',
      'stability',
      'The virtio-blk driver does not implement any cache flush command.',
      /no cache flush command.*order is lost as well: no drain/,
    ],
    [
      'ide',
      'none',
      'stability',
      'direct I/O ... does not guarantee flushing of volatile write caches in disks, nor completion of metadata operations',
      /volatile cache of the drive.*block allocation.*no flush is sent: WCE is not advertised/,
    ],
    [
      'scsi',
      'none',
      'none',
      'In data=none only the SCSI emulation is entirely safe right now',
      /flush makes completed writes stable, and is sent/,
    ],
    [
      'virtio-blk',
      'none',
      'stability',
      'In data=none only the SCSI emulation is entirely safe right now due to the lack of cache flushes in the other drivers.',
      /no cache flush command.*order is lost as well: no drain/,
    ],
  ] as const)('%s under %s: %s ("%s")', (name, mode, failure, _sentence, reason) => {
    const cell = cell2009(name, mode)
    expect(cell).toMatchObject({safe: failure === 'none', failure})
    expect(cell.reason).toMatch(reason)
    expect(cell.source).toContain('"Notes on block I/O data integrity"')
  })

  it('E1: exactly four of the nine combinations are safe', () => {
    expect(safeWith([])).toEqual(['ide writethrough', 'scsi writethrough', 'scsi writeback', 'scsi none'])
  })

  it('E2: virtio-blk under writethrough fails by ordering alone, for want of a drain', () => {
    const {failure, reason} = cell2009('virtio-blk', 'writethrough')
    expect(failure).toBe('ordering')
    expect(reason).toContain('no drain')
    expect(reason).not.toContain('flush')
  })

  it('E3: IDE under none fails because no flush is sent, and none is sent because WCE is not advertised', () => {
    const {failure, reason} = cell2009('ide', 'none')
    expect(failure).toBe('stability')
    expect(reason).toContain('no flush is sent: WCE is not advertised')
    expect(reason).not.toContain('order')
  })
})

/** Semantics 4.2. */
describe('the plan of 2009', () => {
  const before = ['ide writethrough', 'scsi writethrough', 'scsi writeback', 'scsi none']

  it('E6: its first three steps make all nine combinations safe, and so do all five', () => {
    expect(safeWith(['virtio-drain', 'ide-wce', 'virtio-flush'])).toHaveLength(9)
    expect(safeWith(STEP_NAMES)).toHaveLength(9)
  })

  it.each([
    // "This makes cache=writethrough safe on virtio."
    [['virtio-drain'], ['virtio-blk writethrough']],
    [['ide-wce'], ['ide writeback', 'ide none']],
    [['virtio-flush'], []],
    [
      ['virtio-drain', 'virtio-flush'],
      ['virtio-blk writethrough', 'virtio-blk writeback', 'virtio-blk none'],
    ],
    [['async-fsync', 'wce-if-volatile'], []],
  ] as const)('%j repairs exactly %j', (steps, repaired) => {
    expect(safeWith(steps).toSorted()).toEqual([...before, ...repaired].toSorted())
  })

  it('a flush without order still fails, now by ordering', () => {
    expect(row(applySteps(frontendOf('virtio-blk').past, ['virtio-flush']), MODES_2009)).toBe(
      'ordering ordering ordering',
    )
  })

  it('a driver that drains and flushes once FLUSH is negotiated needs no other step, as the one that shipped', () => {
    const facts = applySteps(frontendOf('virtio-blk').past, ['virtio-flush'])
    expect(row({...facts, driverOrder: changed(facts.driverOrder, 'drain-flush')}, MODES_2009)).toBe('none none none')
  })

  it('its last step saves the flushes under writethrough and no others', () => {
    const flushes = (steps: readonly StepName[]): string[] =>
      NAMES_2009.flatMap((name) =>
        MODES_2009.filter((mode) => guestFlushes(applySteps(frontendOf(name).past, steps), cacheModeOf(mode))).map(
          (mode) => `${name} ${mode}`,
        ),
      )
    const four = STEP_NAMES.filter((name) => name !== 'wce-if-volatile')
    expect(flushes(four)).toHaveLength(9)
    expect(flushes(STEP_NAMES)).toEqual(flushes(four).filter((cell) => !cell.endsWith('writethrough')))
  })

  it('no step, in any company, makes anything worse', () => {
    const subsets = fc.subarray([...STEP_NAMES])
    fc.assert(
      fc.property(subsets, fc.constantFrom(...STEP_NAMES), (steps, more) => {
        expect(safeWith([...steps, more])).toEqual(expect.arrayContaining(safeWith(steps)))
      }),
      {seed: 2009},
    )
  })
})

/** Semantics 4.4. */
describe('the matrix of today', () => {
  const modes = CACHE_MODES.map(({name}) => name)

  it.each(FRONTENDS.map(({name, today}) => [name, today] as const))(
    '%s is safe under every mode that honours flushes',
    (_name, today) => {
      expect(modes).toEqual(['writethrough', 'writeback', 'none', 'directsync', 'unsafe'])
      expect(row(today, modes)).toBe('none none none none stability')
    },
  )

  it('E7: under unsafe no front end is safe, although flushes are sent and answered OK', () => {
    for (const {today} of FRONTENDS) {
      const {safe, reason} = matrixCell(today, cacheModeOf('unsafe'))
      expect(safe).toBe(false)
      expect(reason).toContain('answered OK and ignored under unsafe')
      expect(guestFlushes(today, cacheModeOf('unsafe'))).toBe(true)
    }
  })

  it('virtio-blk is safe with any driver, also one that negotiates no flush; the others are not', () => {
    const mute = (name: string): FrontendFacts => {
      const {today} = frontendOf(name)
      return {...today, driverFlushes: changed(today.driverFlushes, false)}
    }
    expect(row(mute('virtio-blk'), modes)).toBe('none none none none stability')
    expect(row(mute('scsi'), modes)).toBe('none stability stability none stability')
  })

  it('a device that does not offer FLUSH owes a driver that did not negotiate it nothing', () => {
    const {today} = frontendOf('virtio-blk')
    const facts = {...today, flushCommand: changed(today.flushCommand, false)}
    expect(row(facts, modes)).toBe('none stability stability none stability')
  })
})

/** Semantics 4.5: fsync is an empty barrier, and blkfront of 2010 sends nothing for it. */
describe('Xen with the blkfront of 2010', () => {
  const {past} = frontendOf('xen-blkback')
  const modes = ['writethrough', 'directsync', 'writeback', 'none', 'unsafe']

  it('keeps fsync where writes are stable anyway, and loses it everywhere else', () => {
    expect(row(past, modes)).toBe('none none stability stability stability')
  })

  it.each(['writeback', 'none'])('says under %s that fsync reports success and nothing reaches the backend', (mode) => {
    expect(matrixCell(past, cacheModeOf(mode)).reason).toMatch(
      /no flush is sent: .*empty barrier.*nothing reaches the backend.*fsync reports success/,
    )
  })

  it('also needs a backend that keeps the order it announces', () => {
    const facts = {...past, ordersTags: changed(past.ordersTags, false)}
    expect(row(facts, modes)).toBe('ordering ordering stability stability stability')
    expect(matrixCell(past, cacheModeOf('writethrough')).reason).toContain('WRITE_BARRIER')
  })
})

/** Every combination of values the facts can have. */
const anyFacts: fc.Arbitrary<FrontendFacts> = fc
  .record({
    flushCommand: fc.boolean(),
    writeCache: fc.constantFrom('never', 'mode', 'always'),
    driverFlushes: fc.boolean(),
    driverOrder: fc.constantFrom('none', 'drain', 'drain-flush', 'tag', 'wait'),
    ordersTags: fc.boolean(),
    writesThroughUnasked: fc.boolean(),
  })
  .map((values) => {
    const facts = frontendOf('ide').past
    return {
      ...facts,
      flushCommand: changed(facts.flushCommand, values.flushCommand),
      writeCache: changed(facts.writeCache, values.writeCache),
      driverFlushes: changed(facts.driverFlushes, values.driverFlushes),
      driverOrder: changed(facts.driverOrder, values.driverOrder),
      ordersTags: changed(facts.ordersTags, values.ordersTags),
      writesThroughUnasked: changed(facts.writesThroughUnasked, values.writesThroughUnasked),
    }
  })

describe('whatever the facts of a front end', () => {
  const always = {seed: 424, numRuns: 500}

  it('a mode that ignores flushes is never safe', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(matrixCell(facts, cacheModeOf('unsafe')).failure).toBe('stability')
      }),
      always,
    )
  })

  it('without order nothing is safe, and the reason says so where flushes are not the whole trouble', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...CACHE_MODES), (facts, mode) => {
        const {safe, reason} = matrixCell({...facts, driverOrder: changed(facts.driverOrder, 'none')}, mode)
        expect(safe).toBe(false)
        expect(reason).toContain('no drain')
      }),
      always,
    )
  })

  it('a cached write is stable behind a guest that flushes, or a device that writes through for one that could not', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom('writeback', 'none'), (facts, name) => {
        const mode = cacheModeOf(name)
        const {flushCommand, writeCache, driverFlushes, writesThroughUnasked} = facts
        const offered = flushCommand.value && writeCache.value !== 'never'
        expect(guestFlushes(facts, mode)).toBe(offered && driverFlushes.value)
        expect(matrixCell(facts, mode).failure !== 'stability').toBe(
          offered && (driverFlushes.value || writesThroughUnasked.value),
        )
      }),
      always,
    )
  })

  it('safe means no failure, and every cell has a sentence and a source', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...CACHE_MODES), (facts, mode) => {
        const {safe, failure, reason, source} = matrixCell(facts, mode)
        expect(safe).toBe(failure === 'none')
        expect(reason).toMatch(/^[A-Z].*\.$/)
        expect(source).not.toBe('')
        const parts = source.split('; ')
        expect(new Set(parts).size).toBe(parts.length)
      }),
      always,
    )
  })
})
