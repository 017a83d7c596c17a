import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {matrixOf, type MatrixQuestion} from '../../src/explain/index.js'
import {changedCells} from '../../src/explain/matrix.js'
import {eraOf, frontendOf, STEP_NAMES} from '../../src/frontend/index.js'

function ask(era: string, more: Partial<MatrixQuestion> = {}): MatrixQuestion {
  return {era: eraOf(era), steps: [], frontend: undefined, mode: undefined, ...more}
}

function names(question: MatrixQuestion): string[] {
  return matrixOf(question).cells.map(({frontend, mode}) => `${frontend.name} ${mode.name}`)
}

describe('a matrix', () => {
  it('of 2009 and of its plan has the three front ends and the three modes of its time', () => {
    for (const era of ['2009', 'plan']) {
      const {frontends, modes, cells} = matrixOf(ask(era))
      expect(frontends.map(({name}) => name)).toEqual(['ide', 'scsi', 'virtio-blk'])
      expect(modes.map(({name}) => name)).toEqual(['writethrough', 'writeback', 'none'])
      expect(cells).toHaveLength(9)
    }
  })

  it('of today has four front ends and five modes', () => {
    expect(names(ask('today'))).toHaveLength(20)
  })

  it('can be asked for one row, one column or one cell', () => {
    expect(names(ask('2009', {frontend: frontendOf('ide')}))).toEqual(['ide writethrough', 'ide writeback', 'ide none'])
    expect(names(ask('2009', {mode: cacheModeOf('none')}))).toEqual(['ide none', 'scsi none', 'virtio-blk none'])
    expect(names(ask('today', {frontend: frontendOf('scsi'), mode: cacheModeOf('unsafe')}))).toEqual(['scsi unsafe'])
  })

  it('lists the steps taken, those of the era included, in the order of the plan', () => {
    expect(matrixOf(ask('2009')).steps).toEqual([])
    expect(matrixOf(ask('2009', {steps: ['virtio-flush', 'ide-wce']})).steps).toEqual(['ide-wce', 'virtio-flush'])
    expect(matrixOf(ask('plan')).steps).toEqual(STEP_NAMES)
  })

  it('refuses a mode that came later, and says when', () => {
    expect(() => matrixOf(ask('2009', {mode: cacheModeOf('directsync')}))).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_MODE_ERA',
        message: 'directsync came in 2011, after the era 2009',
        hint: 'The era 2009 has writethrough, writeback, none.',
      }),
    )
  })

  it('says that the facts of Xen are of 2010, where they are shown and where they are left out', () => {
    expect(matrixOf(ask('2009', {frontend: frontendOf('xen-blkback')})).notes.join(' ')).toContain(
      'What is known of xen-blkback is of 2010',
    )
    expect(matrixOf(ask('2009')).notes.join(' ')).toContain('xen-blkback is left out')
    expect(matrixOf(ask('2009', {frontend: frontendOf('ide')})).notes).toEqual([])
    expect(matrixOf(ask('today')).notes).toEqual([])
  })
})

describe('changed cells', () => {
  const changes = (question: MatrixQuestion): string[] =>
    changedCells(matrixOf(question)).map(
      ({frontend, mode, before, cell}) => `${frontend.name} ${mode.name}: ${before.failure} to ${cell.failure}`,
    )

  it('are none where no step was taken', () => {
    expect(changes(ask('2009'))).toEqual([])
    expect(changes(ask('today'))).toEqual([])
  })

  it('are those a step repairs, and those it makes fail in another way', () => {
    expect(changes(ask('2009', {steps: ['virtio-drain']}))).toEqual(['virtio-blk writethrough: ordering to none'])
    expect(changes(ask('2009', {steps: ['virtio-flush']}))).toEqual([
      'virtio-blk writeback: stability to ordering',
      'virtio-blk none: stability to ordering',
    ])
  })

  it('of the whole plan are the five that were unsafe in 2009', () => {
    expect(changes(ask('plan'))).toEqual([
      'ide writeback: stability to none',
      'ide none: stability to none',
      'virtio-blk writethrough: ordering to none',
      'virtio-blk writeback: stability to none',
      'virtio-blk none: stability to none',
    ])
  })
})
