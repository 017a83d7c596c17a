import {describe, expect, it} from 'vitest'

import {Prng, SECTOR_BYTES} from '../../src/base/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Ledger} from '../../src/durability/index.js'
import {FLAG_FUA, FLUSH, OUT, STATUS_OK} from '../../src/request/index.js'
import {RiskMeter} from '../../src/serve/risk-meter.js'

describe('the risk meter of a server', () => {
  it('counts each sector once, and forgets what ended before a flush began, when that has ended', () => {
    const meter = new RiskMeter()
    meter.wrote(0, 4096)
    meter.wrote(2048, 4096)
    meter.wrote(700, 1)
    expect(meter.bytesAtRisk([])).toBe(6144)
    expect(meter.isSettled).toBe(false)
    const covers = meter.flushBegan()
    meter.wrote(8192, 512)
    expect(meter.bytesAtRisk([{offsetBytes: 8192, lengthBytes: 1024}])).toBe(6144 + 1024)
    meter.flushed(covers)
    expect(meter.bytesAtRisk([])).toBe(512)
    meter.flushed(meter.flushBegan())
    expect(meter.isSettled).toBe(true)
  })

  it('forgets nothing any more once a sync has failed', () => {
    const meter = new RiskMeter()
    meter.wrote(0, 512)
    meter.poisoned()
    meter.flushed(meter.flushBegan())
    expect(meter.bytesAtRisk([])).toBe(512)
  })

  it('keeps ranges of terabytes apart in little memory', () => {
    const meter = new RiskMeter()
    for (let i = 0; i < 100; i++) meter.wrote(i * 2 ** 40, 4096)
    expect(meter.bytesAtRisk([])).toBe(100 * 4096)
  })

  it.each([1, 2, 3, 4, 5])(
    'says never less than the ledger, and the same where no FUA is among the writes (seed %i)',
    (seed) => {
      const prng = new Prng(seed)
      const meter = new RiskMeter()
      const ledger = new Ledger(cacheModeOf('writeback'))
      const withFua = seed % 2 === 0
      let differing = 0
      const inFlight: {
        id: number
        type: number
        offsetBytes: number
        lengthBytes: number
        fua: boolean
        covers: number
      }[] = []
      for (let id = 1; id <= 400; id++) {
        if (inFlight.length > 0 && prng.chance(0.5)) {
          const [ended] = inFlight.splice(prng.below(inFlight.length), 1)
          if (ended === undefined) continue
          const stable = ended.fua
          const complete = {status: STATUS_OK, errno: 0, stable, ignored: false, atNs: 0}
          ledger.observe({kind: 'complete', id: ended.id, ...complete})
          if (ended.type === FLUSH.type) meter.flushed(ended.covers)
          else if (!stable) meter.wrote(ended.offsetBytes, ended.lengthBytes)
        }
        const isFlush = prng.chance(0.1)
        const type = isFlush ? FLUSH.type : OUT.type
        const offsetBytes = isFlush ? 0 : prng.below(64) * SECTOR_BYTES
        const lengthBytes = isFlush ? 0 : (1 + prng.below(8)) * SECTOR_BYTES
        const fua = !isFlush && withFua && prng.chance(0.3)
        const covers = isFlush ? meter.flushBegan() : 0
        ledger.observe({kind: 'submit', id, type, flags: fua ? FLAG_FUA : 0, offsetBytes, lengthBytes, atNs: 0})
        ledger.observe({kind: 'start', id, held: false, fresh: undefined, atNs: 0})
        inFlight.push({id, type, offsetBytes, lengthBytes, fua, covers})
        const claimed = meter.bytesAtRisk(inFlight)
        const known = ledger.atRisk('powerLoss').bytes
        expect(claimed, `seed ${seed}, request ${id}`).toBeGreaterThanOrEqual(known)
        differing += claimed === known ? 0 : 1
      }
      expect(withFua || differing === 0, `seed ${seed}`).toBe(true)
    },
  )
})
