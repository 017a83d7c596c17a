import {describe, expect, it} from 'vitest'
import {parseBatch, resolveBatch} from '../../src/batch/index.js'
import {expectFault} from './fault-expectation.js'

const resolve = (text: string) => resolveBatch(parseBatch(text, 'disk.fp'), 'disk.fp')

describe('a name that nothing earlier carries', () => {
  it('is unknown when nothing carries it', () => {
    expectFault(() => resolve('FLUSH\nOUT 0 4k after=x'), '2:16', 'no request is named "x"')
    expectFault(() => resolve('FLUSH as=a\nFLUSH after=a,b'), '2:15', 'no request is named "b"')
  })

  it('comes with the name that was meant', () => {
    const error = expectFault(
      () => resolve('FLUSH as=journal\nFLUSH after=jornal'),
      '2:13',
      'no request is named "jornal"',
    )
    expect(error.hint).toBe('Did you mean journal?')
  })

  it('may be the name of a MARK, which cannot be waited for', () => {
    const error = expectFault(() => resolve('FLUSH\nMARK told\nFLUSH after=told'), '3:13', 'no request is named "told"')
    expect(error.hint).toContain('MARK')
  })

  it('may be defined later: the message says on which line', () => {
    expectFault(() => resolve('OUT 0 4k after=b\nFLUSH\nOUT 0 4k as=b'), '1:16', '"b" is defined later, on line 3')
    expectFault(
      () => resolve('REPEAT 2\nFLUSH after=w1\nFLUSH as=w${i}\nEND'),
      '2:13',
      '"w1" is defined later, on line 3 (with ${i} = 0)',
    )
  })

  it('may be its own name', () => {
    expectFault(() => resolve('OUT 0 4k as=a after=a'), '1:21', 'in a circle: a -> a')
  })

  it('may close a circle, which is told in the order of waiting', () => {
    const text = 'OUT 0 4k as=a after=b\nFLUSH as=x\nFLUSH as=b after=x,c\nFLUSH as=c after=a'
    expectFault(() => resolve(text), '1:21', 'in a circle: a -> b -> c -> a')
  })

  it('may close a long circle, which is cut in the message', () => {
    const lines = Array.from({length: 20}, (_, i) => `FLUSH as=n${i} after=n${(i + 1) % 20}`)
    expectFault(() => resolve(lines.join('\n')), '1:19', 'n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> ... -> n0')
  })

  it('is only later when the circle does not pass through the request that waits', () => {
    const text = 'FLUSH as=a after=b\nFLUSH as=b after=c\nFLUSH as=c after=b'
    expectFault(() => resolve(text), '1:18', '"b" is defined later, on line 2')
  })

  it('is explained even when a REPEAT further down is wrong', () => {
    expectFault(
      () => resolve('FLUSH after=b\nFLUSH as=b\nREPEAT 0\nFLUSH\nEND'),
      '1:13',
      '"b" is defined later, on line 2',
    )
  })

  it('is told the same way when something depends on it', () => {
    expectFault(() => resolve('FLUSH\nOUT 0 4k depends=x'), '2:18', 'no request is named "x"')
    expectFault(() => resolve('OUT 0 4k depends=b\nOUT 0 4k as=b'), '1:18', '"b" is defined later, on line 2')
    const circle = 'OUT 0 4k as=a depends=b\nOUT 0 4k as=b after=c\nOUT 0 4k as=c depends=a'
    expectFault(() => resolve(circle), '1:23', 'in a circle: a -> b -> c -> a')
  })
})
