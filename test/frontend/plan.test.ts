import {describe, expect, it} from 'vitest'
import {
  applySteps,
  factRows,
  FRONTENDS,
  frontendOf,
  PLAN_STEPS,
  STEP_NAMES,
  stepsOf,
  type StepName,
} from '../../src/frontend/index.js'

function changedBy(name: string, steps: readonly StepName[]): string[] {
  const before = frontendOf(name).past
  const after = applySteps(before, steps)
  return factRows(after)
    .filter(({key}) => JSON.stringify(after[key].value) !== JSON.stringify(before[key].value))
    .map(({key}) => `${key}: ${String(after[key].value)}`)
}

describe('the action plan of 2009', () => {
  it('has five steps, of which three make data safe and two only save time', () => {
    expect(PLAN_STEPS.map(({name, who, effect}) => [name, who, effect])).toEqual([
      ['virtio-drain', 'guest driver', 'safety'],
      ['ide-wce', 'QEMU', 'safety'],
      ['virtio-flush', 'QEMU', 'safety'],
      ['async-fsync', 'QEMU', 'cost'],
      ['wce-if-volatile', 'QEMU', 'cost'],
    ])
  })

  it.each([
    // "virtio-blk needs to advertise ordered queue by default."
    ['virtio-drain', {'virtio-blk': ['driverOrder: drain']}],
    // "IDE needs to set the write cache enabled bit"
    ['ide-wce', {ide: ['writeCache: always', 'features: write cache']}],
    // "virtio needs to implement a cache flush command and advertise it (also needs a small change to the host driver)"
    [
      'virtio-flush',
      {
        'virtio-blk': [
          'flushCommand: true',
          'writeCache: always',
          'driverFlushes: true',
          'features: FLUSH',
          'driverKnows: BARRIER,RO,BLK_SIZE,SCSI,FLUSH',
        ],
      },
    ],
    // "we need to implement an aio_fsync to not stall the vpu on cache flushes"
    [
      'async-fsync',
      {ide: ['flushStallsGuest: false'], scsi: ['flushStallsGuest: false'], 'virtio-blk': ['flushStallsGuest: false']},
    ],
    // "investigate only advertising a write cache when we really have one"; IDE and virtio advertise none to begin with
    ['wce-if-volatile', {scsi: ['writeCache: mode']}],
  ] as const)('%s changes these facts and no others', (step, expected) => {
    const changed = FRONTENDS.map(({name}) => [name, changedBy(name, [step])] as const)
    expect(Object.fromEntries(changed.filter(([, facts]) => facts.length > 0))).toEqual(expected)
  })

  it('is taken in its own order, whatever the order of the names', () => {
    for (const {past} of FRONTENDS) {
      expect(applySteps(past, STEP_NAMES.toReversed())).toEqual(applySteps(past, STEP_NAMES))
    }
    expect(changedBy('ide', ['wce-if-volatile', 'ide-wce'])).toContain('writeCache: mode')
  })

  it('leaves the facts it starts from as they are', () => {
    const before = structuredClone(frontendOf('virtio-blk').past)
    applySteps(frontendOf('virtio-blk').past, STEP_NAMES)
    expect(frontendOf('virtio-blk').past).toEqual(before)
  })
})

describe('steps by name', () => {
  it('are separated by commas and given in the order of the plan', () => {
    expect(stepsOf('virtio-flush, virtio-drain')).toEqual(['virtio-drain', 'virtio-flush'])
    expect(stepsOf(STEP_NAMES.join(','))).toEqual(STEP_NAMES)
  })

  it.each([
    ['', '"" is not a step of the plan of 2009'],
    ['ide-wce,', '"" is not a step of the plan of 2009'],
    ['virtio', '"virtio" is not a step of the plan of 2009'],
    ['ide-wce,virtio-drain,ide-wce', 'the step ide-wce is named twice'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => stepsOf(text)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_STEP', message}))
  })
})
