import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {
  capacitySectors,
  CONFIG_BYTES,
  CONFIG_FIELDS,
  configValues,
  decodeConfig,
  encodeConfig,
  type ConfigField,
} from '../../src/request/index.js'

const DEVICE = {capacitySectors: 32768, logicalBlockBytes: 512, writeback: true, queues: 1}

function hex(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('hex')
}

describe('the configuration space', () => {
  it('has 96 bytes, and its fields follow each other without a gap', () => {
    expect(CONFIG_BYTES).toBe(96)
    let nextBytes = 0
    for (const {offsetBytes, widthBytes} of CONFIG_FIELDS) {
      expect(offsetBytes).toBe(nextBytes)
      nextBytes += widthBytes
    }
    expect(nextBytes).toBe(96)
  })

  /** Offsets as semantics 1.5 gives them. */
  it.each([
    ['capacity', 0],
    ['seg_max', 12],
    ['blk_size', 20],
    ['opt_io_size', 28],
    ['writeback', 32],
    ['num_queues', 34],
    ['max_discard_sectors', 36],
    ['max_write_zeroes_sectors', 48],
    ['write_zeroes_may_unmap', 56],
    ['max_secure_erase_sectors', 60],
    ['zone_sectors', 72],
    ['write_granularity', 88],
    ['model', 92],
  ])('has %s at byte %i', (name, offsetBytes) => {
    const bytes = encodeConfig({[name]: 1n})
    expect(bytes[offsetBytes]).toBe(1)
    expect(bytes.reduce((sum, byte) => sum + byte, 0)).toBe(1)
  })

  it('A32: an image of 1000000 bytes has 1953 sectors; its last 64 bytes are out of reach', () => {
    expect(capacitySectors(1_000_000)).toBe(1953)
    expect(1_000_000 - 1953 * 512).toBe(64)
    const bytes = encodeConfig(configValues({...DEVICE, capacitySectors: capacitySectors(1_000_000)}))
    expect(hex(bytes, 0, 8)).toBe('a107000000000000')
  })

  it('A33: with writeback and four queues bytes 32 to 35 are 01 00 04 00', () => {
    expect(hex(encodeConfig(configValues({...DEVICE, queues: 4})), 32, 36)).toBe('01000400')
  })

  it('has writeback 0 under a mode without a write cache', () => {
    expect(hex(encodeConfig(configValues({...DEVICE, writeback: false})), 32, 36)).toBe('00000100')
  })

  it('allows one segment of any length for DISCARD and WRITE_ZEROES, and none for SECURE_ERASE', () => {
    const bytes = encodeConfig(configValues(DEVICE))
    expect(hex(bytes, 36, 44)).toBe('ffffffff01000000')
    expect(hex(bytes, 48, 57)).toBe('ffffffff0100000001')
    expect(hex(bytes, 60, 96)).toBe('00'.repeat(36))
  })

  it('has zeroes in its padding', () => {
    const bytes = encodeConfig(configValues({...DEVICE, queues: 0xffff}))
    expect([hex(bytes, 33, 34), hex(bytes, 57, 60), hex(bytes, 93, 96)]).toEqual(['00', '000000', '000000'])
  })

  it('is read back as it was written, whatever the values', () => {
    const any = fc.record(
      Object.fromEntries(
        CONFIG_FIELDS.map((place: ConfigField) => [
          place.name,
          fc.bigInt({min: 0n, max: (1n << BigInt(8 * place.widthBytes)) - 1n}),
        ]),
      ),
    )
    fc.assert(
      fc.property(any, (values) => {
        const rows = decodeConfig(encodeConfig(values))
        expect(Object.fromEntries(rows.map(({name, value}) => [name, value]))).toEqual(values)
      }),
      {seed: 96},
    )
  })

  it('of an older device is shorter: only whole fields are read', () => {
    const bytes = encodeConfig(configValues(DEVICE))
    const names = (lengthBytes: number): string[] => decodeConfig(bytes.subarray(0, lengthBytes)).map(({name}) => name)
    expect(names(0)).toEqual([])
    expect(names(35).at(-1)).toBe('unused0')
    expect(names(36).at(-1)).toBe('num_queues')
    expect(names(200)).toHaveLength(CONFIG_FIELDS.length)
  })

  it.each([
    [{capacities: 1n}, 'capacities is no field'],
    [{writeback: 256n}, 'writeback cannot be 256: it has 8 bits'],
    [{num_queues: 65536n}, 'num_queues cannot be 65536: it has 16 bits'],
    [{capacity: -1n}, 'capacity cannot be -1: it has 64 bits'],
  ])('cannot hold %o', (values, message) => {
    expect(() => encodeConfig(values as unknown as Record<string, bigint>)).toThrow(message)
  })
})
