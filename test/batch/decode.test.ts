import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {BATCH_MAX_BYTES, decodeBatchText} from '../../src/batch/index.js'
import {errorOf, expectFault, refusalOf} from './fault-expectation.js'

const decode = (...bytes: (number | string)[]) =>
  decodeBatchText(Buffer.concat(bytes.map((part) => Buffer.from(typeof part === 'string' ? part : [part]))), 'disk.fp')

describe('decoding a batch file', () => {
  it('reads UTF-8 and drops a byte order mark', () => {
    expect(decode('OUT 0 4k pattern=text:"é😀�"\r\n')).toBe('OUT 0 4k pattern=text:"é😀�"\r\n')
    expect(decode(0xef, 0xbb, 0xbf, 'FLUSH')).toBe('FLUSH')
    expect(decode()).toBe('')
  })

  it.each([
    [[0, 1, 2], '1:1', 'byte 0x00: this is binary, not a batch'],
    [['FLUSH\nIN', 0, 'x'], '2:3', 'byte 0x00'],
    [['\n', 0], '2:1', 'byte 0x00'],
    [['FLUSH\n\nab', 0xff, 0], '3:3', 'byte 0xff'],
    [['ab', 0, 0xff], '1:3', 'byte 0x00'],
    [[0xff, 0xfe, 'F', 0], '1:1', 'byte 0xff'],
    [[0xef, 0xbb, 0xbf, 'ab', 0x80], '1:3', 'byte 0x80'],
    [['é😀', 0xc3, '('], '1:4', 'byte 0xc3'],
    [['�', 0xef, 0xbf, 'A'], '1:2', 'byte 0xef'],
    [['ab', 0xf0, 0x9f, 0x98], '1:3', 'byte 0xf0'],
    [['x', 0xed, 0xa0, 0x80], '1:2', 'byte 0xed'],
  ])('refuses %j at %s: %s', (bytes, at, message) => {
    expectFault(() => decode(...(bytes as (number | string)[])), at, message)
  })

  it('refuses a batch one byte longer than 64 MiB', () => {
    const error = errorOf(() => decodeBatchText(new Uint8Array(BATCH_MAX_BYTES + 1).fill(0x20), 'disk.fp'))
    expect(error).toMatchObject({kind: 'usage', code: 'E_BATCH', message: 'disk.fp: the batch is larger than 64 MiB'})
  })

  it('takes any bytes without failing in any other way', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 60}), (bytes) => {
        let text: string | undefined
        const error = refusalOf(() => (text = decodeBatchText(bytes, 'disk.fp')))
        expect(text === undefined).toBe(error !== undefined)
        expect(Buffer.from(text ?? bytes)).toEqual(Buffer.from(bytes))
        if (error) refused++
      }),
      {seed: 20110412, numRuns: 500},
    )
    expect(refused).toBeGreaterThan(100)
  })
})
