import {describe, expect, it} from 'vitest'
import {CACHE_MODES, writeCacheEnabled} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {plainLink} from '../../src/request/index.js'

describe('a link that is as good as the mode', () => {
  it('has a write cache exactly where the mode advertises one', () => {
    for (const mode of CACHE_MODES) {
      expect(plainLink(mode, orderingModeOf('drain')).writeCache, mode.name).toBe(writeCacheEnabled(mode))
    }
  })

  it('offers, understands and uses everything', () => {
    for (const mode of CACHE_MODES) {
      expect(plainLink(mode, orderingModeOf('drain'))).toMatchObject({
        driverFlushes: true,
        fua: true,
        fsync: 'flush',
        writeCacheSwitch: 'plain',
      })
    }
  })

  it('obeys the BARRIER bit unless the policy is to have no barriers', () => {
    const [mode] = CACHE_MODES
    if (mode === undefined) throw new Error('there are no cache modes')
    const obeying = ORDERING_MODES.filter((ordering) => plainLink(mode, ordering).barrierBit)
    expect(obeying).toEqual(ORDERING_MODES.filter(({name}) => name !== 'none'))
  })
})
