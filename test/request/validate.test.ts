import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {
  SEGMENT_UNMAP,
  STATUS_IOERR,
  STATUS_OK,
  statusName,
  validate,
  type DeviceFacts,
} from '../../src/request/index.js'

const SEED = 20260204
const SECTORS = 0x8000
const END = SECTORS * 512
const PLAIN: DeviceFacts = {capacitySectors: SECTORS, readOnly: false, logicalBlockBytes: 512}
const READ_ONLY: DeviceFacts = {...PLAIN, readOnly: true}
const BLOCKS_OF_4K: DeviceFacts = {...PLAIN, logicalBlockBytes: 4096}

const TYPES = {IN: 0, OUT: 1, FLUSH: 4, FLUSH_OUT: 5, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13} as const
type Name = keyof typeof TYPES
const NAMES = Object.keys(TYPES) as Name[]
const DATA: readonly Name[] = ['IN', 'OUT']
const SEGMENT: readonly Name[] = ['DISCARD', 'WRITE_ZEROES']
const WRITING: readonly Name[] = ['OUT', ...SEGMENT]
const RANGED: readonly Name[] = [...DATA, ...SEGMENT]

function status(device: DeviceFacts, type: number, offsetBytes = 0, lengthBytes = 512, segmentFlags = 0): string {
  return statusName(validate(device, type, offsetBytes, lengthBytes, segmentFlags))
}

describe('a type that is not executed here', () => {
  it('is IOERR on a read-only device when it would write (SECURE_ERASE), else UNSUPP', () => {
    expect(status(READ_ONLY, 14)).toBe('IOERR')
    expect(status(PLAIN, 14)).toBe('UNSUPP')
    expect(status(READ_ONLY, 16)).toBe('UNSUPP')
  })
})

describe('on a device that can be written', () => {
  it.each(NAMES)('%s inside the image is fine', (name) => {
    expect(status(PLAIN, TYPES[name])).toBe('OK')
  })

  it.each(DATA)('%s of a length that is no multiple of 512 is IOERR', (name) => {
    for (const lengthBytes of [1, 511, 513, 1023]) expect(status(PLAIN, TYPES[name], 0, lengthBytes)).toBe('IOERR')
  })

  it('A7: an OUT of 513 bytes is IOERR', () => {
    expect(status(PLAIN, TYPES.OUT, 512, 513)).toBe('IOERR')
  })

  it('A29: the unit stays 512 bytes; a sector alone is IOERR only when the logical block is larger', () => {
    expect(status(PLAIN, TYPES.OUT, 512, 512)).toBe('OK')
    expect(status(BLOCKS_OF_4K, TYPES.OUT, 512, 512)).toBe('IOERR')
  })

  it.each(DATA)('%s has to be whole logical blocks that start at one', (name) => {
    expect(status(BLOCKS_OF_4K, TYPES[name], 4096, 8192)).toBe('OK')
    expect(status(BLOCKS_OF_4K, TYPES[name], 4096, 4608)).toBe('IOERR')
    expect(status(BLOCKS_OF_4K, TYPES[name], 512, 4096)).toBe('IOERR')
  })

  it.each(SEGMENT)('%s counts in sectors, whatever the logical block', (name) => {
    expect(status(BLOCKS_OF_4K, TYPES[name], 512, 512)).toBe('OK')
    expect(status(BLOCKS_OF_4K, TYPES[name], 512, 100)).toBe('IOERR')
    expect(status(BLOCKS_OF_4K, TYPES[name], 100, 512)).toBe('IOERR')
  })

  it.each(RANGED)('%s of length zero is fine up to the very end, and IOERR past it', (name) => {
    expect(status(PLAIN, TYPES[name], END, 0)).toBe('OK')
    expect(status(PLAIN, TYPES[name], END + 512, 0)).toBe('IOERR')
  })

  it.each(RANGED)('A2, A3: %s of the last sector is fine, one sector more is IOERR', (name) => {
    expect(status(PLAIN, TYPES[name], 0x7fff * 512, 512)).toBe('OK')
    expect(status(PLAIN, TYPES[name], 0x7fff * 512, 1024)).toBe('IOERR')
    expect(status(PLAIN, TYPES[name], END, 512)).toBe('IOERR')
  })

  it.each(RANGED)('A4: %s at the last sector a 64-bit number can name does not wrap to the first', (name) => {
    expect(status(PLAIN, TYPES[name], Number(0xffffffffffffffffn * 512n), 512)).toBe('IOERR')
  })

  it.each(SEGMENT)('%s of more sectors than a segment can count is IOERR, also on an image that large', (name) => {
    const huge: DeviceFacts = {...PLAIN, capacitySectors: 2 ** 33}
    expect(status(huge, TYPES[name], 0, (2 ** 32 - 1) * 512)).toBe('OK')
    expect(status(huge, TYPES[name], 0, 2 ** 32 * 512)).toBe('IOERR')
  })

  it.each(['FLUSH', 'FLUSH_OUT', 'GET_ID'] as const)('%s has no range that could be wrong', (name) => {
    expect(status(PLAIN, TYPES[name], END + 7, 513)).toBe('OK')
  })

  it('a request inside a small image is fine and every other IOERR, sector by sector', () => {
    const sectors = fc.nat(12)
    fc.assert(
      fc.property(fc.constantFrom(...RANGED), sectors, sectors, sectors, (name, capacitySectors, sector, count) => {
        const touched = Array.from({length: count}, (_, i) => sector + i)
        const inside = sector <= capacitySectors && touched.every((one) => one < capacitySectors)
        const device = {...PLAIN, capacitySectors}
        const expected = inside ? STATUS_OK : STATUS_IOERR
        expect(validate(device, TYPES[name], sector * 512, count * 512, 0)).toBe(expected)
      }),
      {seed: SEED, numRuns: 1000},
    )
  })
})

describe('segment flags', () => {
  it('A17, A18: WRITE_ZEROES may unmap or not', () => {
    expect(status(PLAIN, TYPES.WRITE_ZEROES, 0, 4096, 0)).toBe('OK')
    expect(status(PLAIN, TYPES.WRITE_ZEROES, 0, 4096, SEGMENT_UNMAP)).toBe('OK')
  })

  it('A20, A21: DISCARD is fine without a flag, and UNSUPP with unmap', () => {
    expect(status(PLAIN, TYPES.DISCARD, 0, 4096, 0)).toBe('OK')
    expect(status(PLAIN, TYPES.DISCARD, 0, 4096, SEGMENT_UNMAP)).toBe('UNSUPP')
  })

  it.each(SEGMENT)('%s with any bit that has no meaning is UNSUPP', (name) => {
    for (let bit = 1; bit < 32; bit++) {
      expect(status(PLAIN, TYPES[name], 0, 512, 2 ** bit), `bit ${bit}`).toBe('UNSUPP')
      expect(status(PLAIN, TYPES[name], 0, 512, 2 ** bit + SEGMENT_UNMAP), `bits 0 and ${bit}`).toBe('UNSUPP')
    }
  })
})

describe('an unknown type', () => {
  it.each([6, 7, 9, 12, 17, 0x7fffffff])('A14: %i is UNSUPP', (type) => {
    expect(status(PLAIN, type)).toBe('UNSUPP')
  })

  it.each([16, 18, 20, 22, 24, 26])('A27: the zone type %i is UNSUPP on a device without zones', (type) => {
    expect(status(PLAIN, type)).toBe('UNSUPP')
  })

  it.each([2, 3])('A28: the SCSI type %i is UNSUPP on a device without SCSI', (type) => {
    expect(status(PLAIN, type)).toBe('UNSUPP')
  })
})

describe('on a read-only device', () => {
  it.each(WRITING)('A24: %s is IOERR', (name) => {
    expect(status(READ_ONLY, TYPES[name])).toBe('IOERR')
  })

  it.each(['IN', 'FLUSH', 'FLUSH_OUT', 'GET_ID'] as const)('A25: %s is fine', (name) => {
    expect(status(READ_ONLY, TYPES[name])).toBe('OK')
  })
})

describe('A32: an image of 1000000 bytes', () => {
  const device: DeviceFacts = {...PLAIN, capacitySectors: 1953}

  it('ends for requests after 1953 sectors, and its last 64 bytes cannot be reached', () => {
    expect(1953 * 512 + 64).toBe(1_000_000)
    expect(status(device, TYPES.IN, 1952 * 512, 512)).toBe('OK')
    expect(status(device, TYPES.IN, 1952 * 512, 1024)).toBe('IOERR')
    expect(status(device, TYPES.IN, 1953 * 512, 512)).toBe('IOERR')
    expect(status(device, TYPES.IN, 1953 * 512, 64)).toBe('IOERR')
  })
})

describe('when several rules are broken, the first in the order read-only, type, flags, range decides', () => {
  it('read-only before flags and range', () => {
    expect(status(READ_ONLY, TYPES.DISCARD, 0, 512, SEGMENT_UNMAP)).toBe('IOERR')
    expect(status(READ_ONLY, TYPES.WRITE_ZEROES, 0, 512, 2)).toBe('IOERR')
    expect(status(READ_ONLY, TYPES.OUT, END, 512)).toBe('IOERR')
  })

  it('type before range', () => {
    expect(status(PLAIN, 6, END + 1, 513)).toBe('UNSUPP')
  })

  it('flags before range', () => {
    expect(status(PLAIN, TYPES.DISCARD, END, 512, SEGMENT_UNMAP)).toBe('UNSUPP')
    expect(status(PLAIN, TYPES.WRITE_ZEROES, 1, 2 ** 32 * 512, 2)).toBe('UNSUPP')
  })
})
