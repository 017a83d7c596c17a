import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {mayNamePartition, parseBatch, resolveBatch, type StartOf} from '../../src/batch/index.js'
import {parseOffset, printExpression} from '../../src/batch/expression.js'
import {expectFault} from './fault-expectation.js'
import {offset, withoutPlaces} from './program-arbitrary.js'

/** Partitions 1 and 2 begin at 1M and 5M; 3 begins in front of what offsets are counted from. */
const starts = new Map([
  [1, 2 ** 20],
  [2, 5 * 2 ** 20],
  [3, -4096],
])
const startOf: StartOf = (number) => {
  const start = starts.get(number)
  if (start !== undefined) return start
  throw new ToolError('usage', 'E_NO_PARTITION', `disk.img has no partition ${number}`, {hint: 'It has p1, p2, p3.'})
}

const resolve = (text: string, from: StartOf | undefined = startOf) =>
  resolveBatch(parseBatch(text, 'disk.fp'), 'disk.fp', from)
const offsets = (text: string) => resolve(text).flatMap((it) => (it.kind === 'request' ? [it.request.offsetBytes] : []))

describe('a partition in an offset', () => {
  it.each([
    ['OUT p2 4k', 5 * 2 ** 20],
    ['IN p2+1M 4k', 6 * 2 ** 20],
    ['DISCARD p2-1s 4k', 5 * 2 ** 20 - 512],
    ['WRITE_ZEROES 8k+p1 4k', 2 ** 20 + 8192],
    ['FSYNC_RANGE (p1+4k) 4k sync', 2 ** 20 + 4096],
    ['NOTIFY p2-p1 4k', 4 * 2 ** 20],
    ['TYPE 1 p1 4k', 2 ** 20],
    ['IN p3+4k 4k', 0],
  ])('is where it begins: %s', (text, bytes) => {
    expect(offsets(text)).toEqual([bytes])
  })

  it('is added up with counters in every turn of a REPEAT', () => {
    expect(offsets('REPEAT 3\nOUT p1+${i}*4k 4k\nEND')).toEqual([2 ** 20, 2 ** 20 + 4096, 2 ** 20 + 8192])
  })

  it('prints to text that parses to the same offset', () => {
    fc.assert(
      fc.property(offset(2), ({expression}) => {
        const scope = {sourceName: 'disk.fp', line: 1, loops: 2, piecesLeft: 1000}
        const parsed = parseOffset(printExpression(expression), 1, scope)
        expect(withoutPlaces(parsed.expression)).toEqual(expression)
      }),
    )
  })

  it.each([
    ['OUT 0 4k\nOUT 1M+p9 4k', '2:8', 'disk.img has no partition 9', 'It has p1, p2, p3.'],
    ['OUT p2+100 4k', '1:5', 'offset is byte 5242980, within a sector', 'p2+8s'],
    ['REPEAT 2\nOUT p1+${i} 4k\nEND', '2:5', 'offset is byte 1048577 (with ${i} = 1), within a sector', 'multiple'],
    ['IN p3 4k', '1:4', 'offset is -4096: it cannot be negative', 'arithmetic'],
    ['OUT p2p1 4k', '1:5', '"p2p1" is not a size', ''],
    ['OUT P2 4k', '1:5', '"P2" is not a size', ''],
    ['OUT 0 p2', '1:7', '"p2" is where a partition begins, which only an offset can be', ''],
    ['REPEAT p2\nFLUSH\nEND', '1:8', 'only an offset can be', ''],
    ['OUT 0 4k pattern=seed:p1', '1:23', 'only an offset can be', ''],
    ['OUT 0 4k pattern=file:data@p1', '1:28', 'only an offset can be', ''],
  ])('refuses %j at %s: %s', (text, at, message, hint) => {
    expect(expectFault(() => resolve(text), at, message).hint ?? '').toContain(hint)
  })

  it('is refused where no image is known', () => {
    const text = 'p2 is a partition, and there is no image to look for it in'
    const alone = () => resolveBatch(parseBatch('FLUSH\nOUT p2+1M 4k', 'disk.fp'), 'disk.fp')
    expect(expectFault(alone, '2:5', text).hint).toBe('Write bytes: 1M.')
  })

  it('leaves a failure to read the image as it is', () => {
    const failure = new ToolError('io', 'E_READ', 'disk.img cannot be read')
    const failing: StartOf = () => {
      throw failure
    }
    expect(() => resolve('OUT p2 4k', failing)).toThrow(failure)
  })

  it('is looked for at no other offset: one within a sector stays the business of the device', () => {
    const asked: StartOf = () => expect.unreachable()
    expect(resolve('OUT 100 4k', asked)).toHaveLength(1)
  })
})

describe('the text of a batch', () => {
  it.each(['OUT p2 4k', 'FLUSH\nIN\tp10+1M 4k', 'OUT 1M+p2 4k', 'OUT (p1) 4k', 'IN 1M-p1 4k'])(
    'may name a partition: %j',
    (text) => expect(mayNamePartition(text)).toBe(true),
  )

  it.each(['OUT 0 4k', 'OUT 0 4k as=p1', 'OUT 0 4k after=p1,p2', 'OUT 0 4k pattern=0x11', 'FLUSH'])(
    'names no partition: %j',
    (text) => expect(mayNamePartition(text)).toBe(false),
  )
})
