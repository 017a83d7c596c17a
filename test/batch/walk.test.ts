import {describe, expect, it} from 'vitest'
import {parseBatch} from '../../src/batch/index.js'
import {walk} from '../../src/batch/walk.js'
import {expectFault} from './fault-expectation.js'

/** "line:counters" of each statement; stops after `limit`. */
function visited(text: string, limit = Infinity): string[] {
  const seen: string[] = []
  walk(parseBatch(text, 'disk.fp'), 'disk.fp', (node, frame) => {
    expect(frame.line).toBe(node.line)
    seen.push(`${node.line}:${frame.counters.join(',')}`)
    return seen.length < limit
  })
  return seen
}

const NESTED = 'FLUSH\nREPEAT 2\nFLUSH\nREPEAT 2\nWAIT\nEND\nFLUSH\nEND\nFLUSH'

describe('expanding REPEAT', () => {
  it('visits every statement as often as its REPEATs say, counters from 0', () => {
    expect(visited(NESTED)).toEqual(['1:', '3:0', '5:0,0', '5:0,1', '7:0', '3:1', '5:1,0', '5:1,1', '7:1', '9:'])
  })

  it('stops as soon as the visitor has enough', () => {
    expect(visited(NESTED, 4)).toEqual(['1:', '3:0', '5:0,0', '5:0,1'])
  })

  it('refuses to repeat zero times', () => {
    expectFault(() => visited('REPEAT 0\nFLUSH\nEND'), '1:8', 'REPEAT 0 does nothing')
    expectFault(() => visited('REPEAT 2\nREPEAT ${i}\nFLUSH\nEND\nEND'), '2:8', 'REPEAT 0 does nothing')
    expectFault(() => visited('REPEAT 1-2\nFLUSH\nEND'), '1:8', 'count is -1')
  })
})
