import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {matrixCell} from '../../src/durability/index.js'
import {ERAS, factsIn, FRONTENDS, STEP_NAMES, type Frontend} from '../../src/frontend/index.js'
import {negotiate, orderingObstacle, type Agreement, type NegotiationQuestion} from '../../src/negotiation/index.js'
import {question, type Asked} from './question.js'

/** Semantics 1.1 and 1.10. */
describe('the request types executed beyond IN, OUT and GET_ID', () => {
  it.each([
    [{}, [4, 5, 11, 13]],
    [{negotiate: []}, [4, 5]],
    [{features: ['FLUSH']}, [4, 5]],
    [{features: ['DISCARD']}, [11]],
    [{features: ['SCSI', 'WRITE_ZEROES'], negotiate: ['SCSI', 'WRITE_ZEROES']}, [2, 3, 13]],
    [{features: []}, []],
    [{era: '2009'}, []],
    [{era: '2009', features: ['SCSI']}, [2, 3]],
    // No driver of today accepts SCSI, and a device that has it switched on executes it all the same (semantics 2.1).
    [{features: ['SCSI']}, [2, 3]],
    [{era: 'plan'}, [4, 5]],
    [{frontend: 'ide', era: '2009'}, [4, 5]],
    [{frontend: 'ide'}, [4, 5, 11]],
    [{frontend: 'scsi'}, [4, 5, 11, 13]],
    [{frontend: 'xen-blkback'}, [4, 5, 11]],
  ] as const)('%j: %j', (asked: Asked, types) => {
    expect(negotiate(question(asked)).requestTypes).toEqual(types)
  })

  it('a device executes a FLUSH it does not offer because there is nothing to flush', () => {
    expect(negotiate(question({era: 'plan', mode: 'writethrough'}))).toMatchObject({
      offered: [],
      flushCommand: true,
      requestTypes: [4, 5],
    })
  })

  it('the BARRIER bit is obeyed only where it is offered, and RO refuses writes whether accepted or not', () => {
    expect(negotiate(question({features: ['BARRIER'], negotiate: []}))).toMatchObject({
      barrierBit: true,
      ordersTags: true,
    })
    expect(negotiate(question())).toMatchObject({barrierBit: false, readOnly: false})
    expect(negotiate(question({features: ['RO'], negotiate: []})).readOnly).toBe(true)
    expect(negotiate(question({frontend: 'xen-blkback', era: '2009'}))).toMatchObject({
      barrierBit: false,
      ordersTags: true,
    })
  })

  it('one write can be made stable by itself only on SCSI of today, or where somebody offers it', () => {
    expect(FRONTENDS.map(({name}) => negotiate(question({frontend: name})).fua)).toEqual([false, true, false, false])
    expect(FRONTENDS.map(({name}) => negotiate(question({frontend: name, era: '2009'})).fua)).not.toContain(true)
    expect(negotiate(question({frontend: 'scsi', era: '2009', features: ['DPOFUA']})).fua).toBe(true)
  })
})

/** Semantics 4.5. */
describe('how a Xen backend answers', () => {
  it.each([
    // E17 and E18: the backend of QEMU
    [{}, {writeBarrier: 'error', flushDiskcache: 'flush', flushWithData: 'flush-write'}],
    [{era: '2009'}, {writeBarrier: 'ordered', flushDiskcache: 'error', flushWithData: 'error'}],
    [
      {era: '2009', features: []},
      {writeBarrier: 'error', flushDiskcache: 'error', flushWithData: 'error'},
    ],
    [
      {features: ['feature-barrier', 'feature-flush-cache']},
      {writeBarrier: 'ordered', flushDiskcache: 'flush', flushWithData: 'flush-write'},
    ],
    [{features: ['feature-barrier']}, {writeBarrier: 'ordered', flushDiskcache: 'error', flushWithData: 'error'}],
  ])('%j: %j', (asked: Asked, answers) => {
    expect(negotiate(question({frontend: 'xen-blkback', ...asked})).xen).toEqual(answers)
  })

  it('is not asked of the others', () => {
    for (const frontend of ['ide', 'scsi', 'virtio-blk']) expect(negotiate(question({frontend})).xen).toBeUndefined()
  })
})

describe('the plan of 2009', () => {
  /** What an agreement says apart from its words. */
  const said = (asked: Asked): object => {
    const {driverFlushes, keepsOrder, ordering, offered, negotiated, ...rest} = negotiate(
      question({era: '2009', ...asked}),
    )
    const {advertised, flushCommand, writeCache, requestTypes} = rest
    return {
      driverFlushes: driverFlushes.value,
      keepsOrder: keepsOrder.value,
      ordering,
      offered,
      negotiated,
      advertised,
      flushCommand,
      writeCache,
      requestTypes,
    }
  }
  const changed = (frontend: string, ...steps: Asked['steps'] & {}): string[] => {
    const before = Object.entries(said({frontend}))
    const after: Record<string, unknown> = {...said({frontend, steps})}
    return before.filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(after[key])).map(([key]) => key)
  }

  it.each([
    ['virtio-drain', {'virtio-blk': ['keepsOrder', 'ordering']}],
    ['ide-wce', {ide: ['driverFlushes', 'ordering', 'offered', 'negotiated', 'advertised']}],
    [
      'virtio-flush',
      {'virtio-blk': ['driverFlushes', 'offered', 'negotiated', 'advertised', 'flushCommand', 'requestTypes']},
    ],
    ['async-fsync', {}],
    ['wce-if-volatile', {}],
  ] as const)('%s changes under writeback exactly this', (step, expected) => {
    const changes = FRONTENDS.map(({name}) => [name, changed(name, step)] as const)
    expect(Object.fromEntries(changes.filter(([, keys]) => keys.length > 0))).toEqual(expected)
  })

  it('wce-if-volatile saves the flushes under writethrough', () => {
    const flushes = (steps: Asked['steps'] & {}): boolean =>
      negotiate(question({era: '2009', frontend: 'scsi', mode: 'writethrough', steps})).driverFlushes.value
    expect([flushes([]), flushes(['wce-if-volatile'])]).toEqual([true, false])
  })
})

const anyQuestion: fc.Arbitrary<NegotiationQuestion> = fc
  .record({
    frontend: fc.constantFrom(...FRONTENDS),
    era: fc.constantFrom(...ERAS),
    steps: fc.subarray([...STEP_NAMES]),
    mode: fc.constantFrom(...CACHE_MODES),
    permitted: fc.boolean(),
  })
  .map(({permitted, ...rest}) => ({
    ...rest,
    // Steps belong to the past: those of today have long been taken.
    steps: rest.era.facts === 'past' ? rest.steps : [],
    features: undefined,
    negotiate: undefined,
    directIoSafe: factsIn(rest.frontend, rest.era).asksForDirectIo.value ? permitted : undefined,
  }))

/** Any features a device may offer in the era, and any of those accepted. */
const anyChoice: fc.Arbitrary<NegotiationQuestion> = anyQuestion
  .chain((question) =>
    fc
      .tuple(fc.subarray(offerable(question.frontend, question.era.lastYear)), fc.boolean())
      .map(([features, chosen]) => ({...question, features: chosen ? features : undefined})),
  )
  .filter(({frontend, features}) => features === undefined || mayOffer(frontend, features))
  .chain((question) =>
    fc
      .tuple(fc.subarray([...negotiate(question).offered]), fc.boolean())
      .map(([accepted, chosen]) => ({...question, negotiate: chosen ? accepted : undefined})),
  )

function offerable(frontend: Frontend, lastYear: number): string[] {
  return frontend.vocabulary.filter(({since}) => since <= lastYear).map(({name}) => name)
}

function mayOffer({vocabulary}: Frontend, names: readonly string[]): boolean {
  return vocabulary
    .filter(({name}) => names.includes(name))
    .every(
      ({needs, excludes}) =>
        needs.every((other) => names.includes(other)) && !excludes.some((other) => names.includes(other)),
    )
}

/** Whether data that the guest was told is stable is stable: at completion, or because a flush is sent and executed. */
function makesStable({mode, writeCache, driverFlushes, flushCommand}: Agreement): boolean {
  return !mode.noFlush && (!writeCache || (driverFlushes.value && flushCommand))
}

describe('whatever is asked', () => {
  const always = {seed: 1008, numRuns: 2000}

  it('an agreement nobody meddled with is safe exactly where the matrix says so, for the same kind of reason', () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const agreement = negotiate(question)
        const cell = matrixCell(factsIn(question.frontend, question.era, question.steps), agreement.mode)
        const failure = makesStable(agreement) ? (agreement.keepsOrder.value ? 'none' : 'ordering') : 'stability'
        expect(failure).toBe(cell.failure)
      }),
      always,
    )
  })

  it('a virtio device of today that offers FLUSH keeps the data of any driver, unless flushes are ignored', () => {
    fc.assert(
      fc.property(
        anyChoice.filter(
          ({frontend, era, features}) =>
            frontend.name === 'virtio-blk' && era.name === 'today' && (features ?? ['FLUSH']).includes('FLUSH'),
        ),
        (question) => {
          const agreement = negotiate(question)
          expect(makesStable(agreement)).toBe(!agreement.mode.noFlush)
          expect(agreement.keepsOrder.value).toBe(true)
        },
      ),
      {seed: 1008, numRuns: 500},
    )
  })

  it('only what is offered is accepted, and only what is there is used', () => {
    fc.assert(
      fc.property(anyChoice, (question) => {
        const agreement = negotiate(question)
        expect(agreement.offered).toEqual(expect.arrayContaining([...agreement.negotiated]))
        const {driverFlushes, flushCommand, advertised, mode, writeCache} = agreement
        expect(!driverFlushes.value || (flushCommand && advertised)).toBe(true)
        expect(writeCache || !mode.noFlush).toBe(true)
        expect(writeCache && mode.dsync).toBe(false)
        expect(agreement.requestTypes.includes(4)).toBe(agreement.flushCommand)
        expect(agreement.driverFlushes.why).toMatch(/^\S.*[^.\s]$/)
        expect(agreement.keepsOrder.why).toMatch(/^\S.*[^.\s]$/)
      }),
      always,
    )
  })

  it('the barrier mode a driver declares is one it can declare', () => {
    fc.assert(
      fc.property(anyChoice, (question) => {
        const agreement = negotiate(question)
        expect(orderingObstacle(agreement, agreement.ordering)).toBeUndefined()
      }),
      always,
    )
  })

  it('E8: a driver that declares tags without a flush step sends no flush', () => {
    fc.assert(
      fc.property(anyChoice, (question) => {
        const {ordering, driverFlushes} = negotiate(question)
        expect(ordering === 'tag' && driverFlushes.value).toBe(false)
      }),
      always,
    )
  })

  it('where flushes reach the device and the driver drains, its barriers flush as well', () => {
    fc.assert(
      fc.property(anyChoice, (question) => {
        const {ordering, driverFlushes} = negotiate(question)
        const drains = ['drain', 'drain-flush', 'drain-fua'].includes(ordering)
        expect(drains && driverFlushes.value).toBe(drains && ordering !== 'drain')
      }),
      always,
    )
  })
})
