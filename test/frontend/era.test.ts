import {describe, expect, it} from 'vitest'
import {eraOf, ERAS, factsIn, FRONTENDS, frontendOf, isOf, STEP_NAMES} from '../../src/frontend/index.js'

describe('the eras', () => {
  it('are 2009, the plan of 2009 with all its steps taken, and today', () => {
    expect(ERAS.map(({name, steps}) => [name, steps])).toEqual([
      ['2009', []],
      ['plan', STEP_NAMES],
      ['today', []],
    ])
  })

  it('each say what "safe" rests on', () => {
    for (const {conditions} of ERAS) {
      expect(conditions.length).toBeGreaterThan(0)
      for (const sentence of conditions) expect(sentence).toMatch(/^\S.*\.$/)
    }
  })

  it('of 2009 know nothing of Xen, whose facts are of 2010', () => {
    const known = (era: string): string[] => FRONTENDS.filter((one) => isOf(one, eraOf(era))).map(({name}) => name)
    expect(known('2009')).toEqual(['ide', 'scsi', 'virtio-blk'])
    expect(known('plan')).toEqual(['ide', 'scsi', 'virtio-blk'])
    expect(known('today')).toEqual(['ide', 'scsi', 'virtio-blk', 'xen-blkback'])
  })

  it('give the facts of their time, with the steps that were taken', () => {
    const ide = frontendOf('ide')
    expect(factsIn(ide, eraOf('2009'))).toEqual(ide.past)
    expect(factsIn(ide, eraOf('2009'), ['ide-wce']).writeCache.value).toBe('always')
    expect(factsIn(ide, eraOf('plan')).writeCache.value).toBe('mode')
    expect(factsIn(ide, eraOf('today'))).toEqual(ide.today)
  })

  it.each(['', '2010', 'Today'])('%j is refused with the names there are', (name) => {
    expect(() => eraOf(name)).toThrow(
      expect.objectContaining({kind: 'usage', code: 'E_ERA', hint: 'Choose from 2009, plan, today.'}),
    )
  })
})
