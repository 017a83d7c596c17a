import {describe, expect, it} from 'vitest'
import {COUNTER, countersText, counterText, counterValue, levelOf} from '../../src/batch/counter.js'
import {expectFault} from './fault-expectation.js'

const scope = (loops: number) => ({sourceName: 'disk.fp', line: 2, loops, piecesLeft: 10})

describe('a REPEAT counter', () => {
  it('is counted from the innermost REPEAT outwards', () => {
    expect([0, 1, 2].map((level) => counterValue(level, [10, 20, 30]))).toEqual([30, 20, 10])
    expect([0, 1, 2].map(counterText)).toEqual(['${i}', '${i1}', '${i2}'])
    expect(countersText([10, 20])).toBe(' (with ${i} = 20, ${i1} = 10)')
    expect(countersText([])).toBe('')
  })

  it.each(['${I}', '${i01}', '${i123}', '${ i}', '${i', '$i', '{i}'])('is not written %s', (text) => {
    COUNTER.lastIndex = 0
    expect(COUNTER.exec(text)).toBeNull()
  })

  it('needs its REPEAT', () => {
    expect(levelOf(undefined, 4, scope(1))).toBe(0)
    expect(levelOf('1', 4, scope(2))).toBe(1)
    expectFault(() => levelOf(undefined, 4, scope(0)), '2:4', '${i} has no REPEAT to count: no REPEAT encloses')
    expectFault(() => levelOf('2', 4, scope(2)), '2:4', '${i2} has no REPEAT to count: REPEATs around this line: 2')
  })
})
