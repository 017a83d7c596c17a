import {describe, expect, it} from 'vitest'
import {CACHE_MODES, writeCacheEnabled} from '../../src/cache-mode/index.js'
import {negotiate, configOf} from '../../src/negotiation/index.js'
import {configValues, decodeConfig, encodeConfig} from '../../src/request/index.js'
import {question, type Asked} from './question.js'

function field(asked: Asked, name: string): bigint | undefined {
  return decodeConfig(configOf(negotiate(question(asked)), 32768, 512, 4)).find((row) => row.name === name)?.value
}

describe('the configuration space of an agreement', () => {
  it.each(CACHE_MODES.map((mode) => [mode.name, mode] as const))(
    'is that of the whole device under %s where all features are accepted',
    (name, mode) => {
      const values = configValues({
        capacitySectors: 32768,
        logicalBlockBytes: 4096,
        writeback: writeCacheEnabled(mode),
        queues: 4,
      })
      expect(configOf(negotiate(question({mode: name})), 32768, 4096, 4)).toEqual(encodeConfig(values))
    },
  )

  it('A33: bytes 32 to 35 with writeback = 1 and four queues are 01 00 04 00', () => {
    expect([...configOf(negotiate(question()), 32768, 512, 4).subarray(32, 36)]).toEqual([1, 0, 4, 0])
  })

  it('B3: CONFIG_WCE without FLUSH: writeback reads 0, under every mode', () => {
    for (const {name} of CACHE_MODES) expect(field({mode: name, negotiate: ['CONFIG_WCE']}, 'writeback')).toBe(0n)
  })

  it('says in writeback what the write cache of the agreement is, wherever flushes are not ignored', () => {
    for (const mode of CACHE_MODES.filter(({noFlush}) => !noFlush)) {
      for (const accepted of [['FLUSH', 'CONFIG_WCE'], ['CONFIG_WCE']]) {
        const asked = {mode: mode.name, negotiate: accepted}
        expect(field(asked, 'writeback')).toBe(negotiate(question(asked)).writeCache ? 1n : 0n)
      }
    }
  })

  it.each([
    ['writeback', 'CONFIG_WCE'],
    ['max_discard_sectors', 'DISCARD'],
    ['max_write_zeroes_seg', 'WRITE_ZEROES'],
  ])('%s is 0 where %s is not negotiated', (name, feature) => {
    const all = ['FLUSH', 'CONFIG_WCE', 'DISCARD', 'WRITE_ZEROES']
    expect(field({}, name)).toBeGreaterThan(0n)
    expect(field({negotiate: all.filter((other) => other !== feature)}, name)).toBe(0n)
  })

  it.each(['ide', 'scsi', 'xen-blkback'])('%s has none', (frontend) => {
    expect(() => configOf(negotiate(question({frontend})), 1, 512, 1)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_CONFIG_SPACE',
        message: `${frontend} has no configuration space`,
        hint: 'Only virtio-blk has one.',
      }),
    )
  })
})
