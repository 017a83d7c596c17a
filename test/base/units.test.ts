import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {
  formatBytes,
  formatBytesBoth,
  formatNs,
  formatSize,
  parseDurationNs,
  parseSize,
  SECTOR_BYTES,
  SIZE_RULE,
  ToolError,
} from '../../src/base/index.js'

const SEED = 20260203

function refusalOf(text: string): ToolError {
  try {
    parseSize(text)
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error(`"${text}" was taken for a size`)
}

/** The bytes of a size, or what is wrong with it. */
function outcomeOf(text: string): bigint | string {
  try {
    return parseSize(text)
  } catch (error) {
    return String((error as Error).message).replace(`"${text}" is `, '')
  }
}

describe('a size', () => {
  it.each([
    ['0', 0n],
    ['513', 513n],
    ['007', 7n],
    ['1k', 1024n],
    ['1K', 1024n],
    ['1M', 1048576n],
    ['1G', 2n ** 30n],
    ['1T', 2n ** 40n],
    ['1P', 2n ** 50n],
    ['1E', 2n ** 60n],
    ['1KiB', 1024n],
    ['1MiB', 2n ** 20n],
    ['1GiB', 2n ** 30n],
    ['1TiB', 2n ** 40n],
    ['1PiB', 2n ** 50n],
    ['1EiB', 2n ** 60n],
    ['1kB', 1000n],
    ['1MB', 1000000n],
    ['1GB', 10n ** 9n],
    ['1TB', 10n ** 12n],
    ['1PB', 10n ** 15n],
    ['1EB', 10n ** 18n],
    ['4s', 2048n],
    ['4S', 2048n],
    ['0x10', 16n],
    ['0XfF', 255n],
    ['1.5M', 1572864n],
    ['1.5k', 1536n],
    ['0.5s', 256n],
    ['1.50kB', 1500n],
    ['2.0', 2n],
    ['15.9375E', 2n ** 64n - 2n ** 56n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['0xffffffffffffffff', 2n ** 64n - 1n],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each([
    ['1m', 'other tools disagree about a small m'],
    ['1b', 'it is a byte to some tools and a sector to others'],
    ['1B', 'a bare number is bytes'],
    ['1KB', 'neither kB nor KiB'],
    ['1kiB', 'neither kB nor KiB'],
    ['1g', 'only k may be small'],
    ['1Z', 'it ends at E'],
    ['1 k', 'blanks'],
    [' 1', 'blanks'],
    ['1\n', 'blanks'],
    ['', 'nothing'],
    ['k', 'no number'],
    ['-1', 'a sign'],
    ['+1', 'a sign'],
    ['1e3', 'an exponent'],
    ['1_000', 'a separator'],
    ['1,5k', 'a comma'],
    ['.5k', 'no digit before the point'],
    ['1.k', 'no digit after the point'],
    ['1.2.3', 'two points'],
    ['0x', 'no digit'],
    ['0xg', 'no hex digit'],
    ['0x10k', 'hex takes no suffix'],
    ['0x1.8', 'hex takes no point'],
    ['１', 'a digit that is not ASCII'],
    ['constructor', 'a word'],
  ])('%j is refused: %s', (text) => {
    const error = refusalOf(text)
    expect(error).toMatchObject({kind: 'usage', code: 'E_SIZE', message: `"${text}" is not a size`})
    expect(error.hint).toContain(SIZE_RULE)
  })

  it.each(['0.3k', '1.5', '0.0001k', '1.0001kB', '0.001s'])('%s is refused: not a whole number of bytes', (text) => {
    expect(refusalOf(text)).toMatchObject({kind: 'usage', message: `"${text}" is not a whole number of bytes`})
  })

  it.each(['18446744073709551616', '16E', '0x10000000000000000', `${'9'.repeat(400)}k`])(
    '%s is refused: a byte count has 64 bits',
    (text) => {
      expect(refusalOf(text).message).toContain('too large')
    },
  )

  it('is read back from the text it is printed as', () => {
    const exact = fc.bigInt({min: 0n, max: 2n ** 64n - 1n})
    const round = fc.tuple(fc.bigInt({min: 0n, max: 16383n}), fc.integer({min: 0, max: 5})).map(([count, power]) => {
      return count * 1024n ** BigInt(power)
    })
    fc.assert(
      fc.property(fc.oneof(exact, round), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes)
      }),
      {seed: SEED, numRuns: 2000},
    )
  })

  it.each([
    [0n, '0'],
    [1n, '1'],
    [512n, '512'],
    [513n, '513'],
    [1024n, '1k'],
    [4096n, '4k'],
    [1536n, '1536'],
    [1048576n, '1M'],
    [3n * 2n ** 60n, '3E'],
  ])('of %i bytes is printed %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })

  it('in decimals is the product, whenever that is whole', () => {
    const digits = fc.stringMatching(/^[0-9]{1,6}$/)
    fc.assert(
      fc.property(
        fc.nat(9999),
        digits,
        fc.constantFrom<[string, bigint]>(['k', 1024n], ['MB', 10n ** 6n]),
        (whole, fraction, [suffix, unit]) => {
          const text = `${whole}.${fraction}${suffix}`
          const scaled = BigInt(`${whole}${fraction}`) * unit
          const scale = 10n ** BigInt(fraction.length)
          const outcome = scaled % scale === 0n ? scaled / scale : 'not a whole number of bytes'
          expect(outcomeOf(text)).toEqual(outcome)
        },
      ),
      {seed: SEED, numRuns: 500},
    )
  })
})

describe('a sector', () => {
  it('has 512 bytes, whatever the device below', () => {
    expect(SECTOR_BYTES).toBe(512)
  })
})

describe('a byte count for people', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [513, '513 bytes'],
    [1023, '1023 bytes'],
    [4096, '4 KiB'],
    [1.5 * 2 ** 20, '1.5 MiB'],
    [2 ** 30, '1 GiB'],
    [5 * 2 ** 40, '5 TiB'],
    [2 ** 50, '1 PiB'],
    [2 ** 60, '1 EiB'],
    [1234567, '1.18 MiB'],
  ])('%i is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('that scripts read too adds the exact bytes, as qemu-img prints it', () => {
    expect(formatBytesBoth(128 * 2 ** 20)).toBe('128 MiB (134217728 bytes)')
    expect(formatBytesBoth(1025)).toBe('1 KiB (1025 bytes)')
    expect(formatBytesBoth(513)).toBe('513 bytes')
  })
})

describe('a duration for people', () => {
  it.each([
    [0, '0 ns'],
    [850, '850 ns'],
    [12_300, '12.3 us'],
    [4_560_000, '4.56 ms'],
    [1.2e9, '1.2 s'],
    [61e9, '61 s'],
  ])('%i ns is %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text)
  })
})

describe('a duration', () => {
  it.each([
    ['10s', 's', 10e9],
    ['1.5ms', 's', 1.5e6],
    ['10', 's', 10e9],
    ['10', 'us', 10e3],
    ['2m', 'us', 120e9],
    ['0', 's', 0],
    ['soon', 's', undefined],
    ['-1s', 's', undefined],
    ['10 s', 's', undefined],
  ] as const)('of %s, bare numbers in %s, is %s ns', (text, bareUnit, ns) => {
    expect(parseDurationNs(text, bareUnit)).toBe(ns)
  })
})
