import {describe, expect, it} from 'vitest'

import {JOB_VALUES, type ValueReader} from '../../src/bench/job-values.js'

function valueOf(read: ValueReader, text: string): string | undefined {
  const reading = read(text)
  return 'value' in reading ? reading.value : undefined
}

describe('values of job files', () => {
  // fio(1), "kb_base", and fio 3.33: bs=4kB makes requests of 4096 bytes, bs=4KiB of 4000.
  it.each([
    ['4096', '4096'],
    ['4k', '4096'],
    ['4K', '4096'],
    ['4kb', '4096'],
    ['4KiB', '4000'],
    ['2m', '2097152'],
    ['1g', '1073741824'],
    ['1GiB', '1000000000'],
    ['0x1000', '4096'],
    ['7b', '7'],
  ])('sizes are what fio means: %s is %s bytes', (text, bytes) => {
    expect(valueOf(JOB_VALUES.size, text)).toBe(bytes)
  })

  it.each(['', '1.5k', '4s', '4x', '-1', '4k,8k', '50%', '7ib', '1Mi', '1 k', '(2*2)k', '0x', '9'.repeat(19)])(
    'sizes that fio would refuse or misread are refused: "%s"',
    (text) => {
      expect(JOB_VALUES.size(text)).toMatchObject({problem: 'is not a size'})
    },
  )

  it('ranges go from the smaller size to the larger', () => {
    expect(valueOf(JOB_VALUES.range, '512-64k')).toBe('512-65536')
    for (const text of ['64k-512', '4k', '4k-8k-16k', '4k-', 'a-b'])
      expect(JOB_VALUES.range(text)).toMatchObject({problem: 'is not a range of sizes'})
  })

  it.each([
    ['s', '10', '10000000us'],
    ['us', '10', '10us'],
    ['s', '500ms', '500000us'],
    ['us', '2m', '120000000us'],
    ['s', '1h', '3600000000us'],
    ['us', '1sec', '1000000us'],
    ['s', '1D', '86400000000us'],
  ] as const)('times count in %s without a unit: %s is %s', (bareUnit, text, value) => {
    expect(valueOf(JOB_VALUES.duration(bareUnit), text)).toBe(value)
  })

  it.each(['', '1.5', '10 s', '1week', 's', '-1'])('what is no time is refused: "%s"', (text) => {
    expect(JOB_VALUES.duration('s')(text)).toMatchObject({problem: 'is not a time'})
  })

  it('counts have a least number, and the suffixes of sizes', () => {
    expect(valueOf(JOB_VALUES.count(1), '1k')).toBe('1024')
    expect(valueOf(JOB_VALUES.count(0), '0')).toBe('0')
    expect(JOB_VALUES.count(1)('0')).toMatchObject({problem: 'is not a number it can have'})
    expect(JOB_VALUES.count(1)('x')).toHaveProperty('problem')
  })

  it('percentages may have their sign', () => {
    expect(valueOf(JOB_VALUES.percent, '70%')).toBe('70')
    expect(valueOf(JOB_VALUES.percent, '007')).toBe('7')
    expect(JOB_VALUES.percent('101')).toHaveProperty('problem')
  })

  it('yes and no are 1 and 0, and a key that stands alone means yes', () => {
    expect(['', '1', 'true', '0', 'false'].map((text) => valueOf(JOB_VALUES.flag, text))).toEqual([
      '1',
      '1',
      '1',
      '0',
      '0',
    ])
    expect(JOB_VALUES.flag('yes')).toHaveProperty('problem')
  })

  it('accesses are those of fio but for trims and sequences', () => {
    expect(valueOf(JOB_VALUES.access, 'readwrite')).toBe('rw')
    expect(JOB_VALUES.access('randtrim')).toMatchObject({hint: 'Trims are not measured.'})
    expect(JOB_VALUES.access('rw:4')).toHaveProperty('problem')
  })
})
