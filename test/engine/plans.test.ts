import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Plans} from '../../src/engine/plans.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  FLAG_COMBINATIONS,
  FLAG_FUA,
  FLUSH,
  FSYNC,
  kindOfType,
  lower,
  OUT,
  plainLink,
  type Link,
} from '../../src/request/index.js'

const MODE = cacheModeOf('none')
const ORDERING = orderingModeOf('drain-flush')
const LINK = plainLink(MODE, ORDERING)

function plansOf(link: Partial<Link> = {}): Plans {
  return new Plans(MODE, ORDERING, {...LINK, ...link})
}

describe('the plans of an engine', () => {
  it('are what lower() says, each made once', () => {
    const plans = plansOf()
    for (const type of [0, 1, 4, 11, 2 ** 31]) {
      const kind = kindOfType(type)
      if (kind === undefined) throw new Error(`there is no type ${type}`)
      for (const flags of [0, FLAG_FUA, FLAG_COMBINATIONS - 1]) {
        expect(plans.of(type, flags)).toEqual(lower(kind, flags, MODE, ORDERING, LINK))
        expect(plans.of(type, flags)).toBe(plans.of(type, flags))
      }
    }
  })

  it('take no notice of flags that change no plan', () => {
    const plans = plansOf()
    expect(plans.of(OUT.type, FLAG_COMBINATIONS | FLAG_FUA)).toBe(plans.of(OUT.type, FLAG_FUA))
  })

  it.each([99, 16, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 32])('do not exist for type %i', (type) => {
    expect(plansOf().of(type, 0)).toBeUndefined()
  })

  it('follow the write cache, both ways', () => {
    const plans = plansOf()
    const volatile = plans.of(OUT.type, 0)
    plans.writeCache = false
    expect([plans.writeCache, plans.of(OUT.type, 0)?.dsync, volatile?.dsync]).toEqual([false, true, false])
    plans.writeCache = true
    expect(plans.of(OUT.type, 0)).toBe(volatile)
  })

  it('still flush what a guest asks to be flushed when the cache went off without a flush', () => {
    const plain = plansOf({writeCacheSwitch: 'plain'})
    const flushing = plansOf({writeCacheSwitch: 'flushes'})
    for (const plans of [plain, flushing]) plans.writeCache = false
    expect(plain.of(FSYNC.type, 0)).toMatchObject({preSync: true})
    expect(flushing.of(FSYNC.type, 0)).toMatchObject({preSync: false})
  })

  it('start with the write cache as it was agreed on', () => {
    const plans = plansOf({writeCache: false})
    expect([plans.writeCache, plans.of(OUT.type, 0)?.dsync]).toEqual([false, true])
  })

  it('of a command are those of a device that is asked directly: no driver leaves FUA out', () => {
    const plans = plansOf({driverFlushes: false, fua: false})
    expect(plans.of(OUT.type, FLAG_FUA)).toMatchObject({dsync: false, postSync: false, unsent: true})
    expect(plans.ofCommand(OUT.type, FLAG_FUA)).toMatchObject({dsync: true, unsent: false})
    expect(plans.ofCommand(FLUSH.type, 0)).toMatchObject({preSync: true})
    plans.writeCache = false
    expect(plans.ofCommand(OUT.type, 0)).toMatchObject({dsync: true})
  })
})
