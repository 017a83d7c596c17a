import {describe, expect, it} from 'vitest'
import {BATCH_MAX_BYTES, parseBatch, REQUESTS_MAX, resolveBatch} from '../../src/batch/index.js'
import {DEPENDENCIES_MAX, LOOPS_MAX, STATEMENTS_MAX} from '../../src/batch/program.js'
import {errorOf, expectFault} from './fault-expectation.js'

const resolve = (text: string) => resolveBatch(parseBatch(text, 'disk.fp'), 'disk.fp')

/** Room for a busy machine: these tests reach limits of millions. */
const LONG = 60_000

describe('the limits of a batch', () => {
  it('end at 64 MiB of text', () => {
    const error = errorOf(() => parseBatch(' '.repeat(BATCH_MAX_BYTES + 1), 'disk.fp'))
    expect(error).toMatchObject({kind: 'usage', code: 'E_BATCH', context: {path: 'disk.fp'}})
    expect(error.message).toBe('disk.fp: the batch is larger than 64 MiB')
    expect(error.hint).toContain('REPEAT')
  })

  it('end at a million requests out of REPEAT', {timeout: LONG}, () => {
    expect(resolve(`REPEAT ${REQUESTS_MAX}\nFLUSH\nEND`)).toHaveLength(REQUESTS_MAX)
    expectFault(() => resolve(`FLUSH\nREPEAT 1E\n FLUSH\nEND`), '3:2', 'more than 1000000 requests')
  })

  it('count the empty BARRIERs beside requests', {timeout: LONG}, () => {
    const text = (turns: number, side: string) => `REPEAT ${turns}\n OUT 0 0 barrier=${side}\nEND`
    expect(resolve(text(REQUESTS_MAX / 2, 'before'))).toHaveLength(REQUESTS_MAX)
    expectFault(() => resolve(`FLUSH\n${text(REQUESTS_MAX / 2, 'before')}`), '3:2', 'more than 1000000 requests')
    expectFault(() => resolve(`FLUSH\n${text(REQUESTS_MAX / 2, 'after')}`), '3:2', 'more than 1000000 requests')
  })

  it('end at a million requests written one by one', {timeout: LONG}, () => {
    const text = 'FLUSH\n'.repeat(REQUESTS_MAX + 1)
    expectFault(() => parseBatch(text, 'disk.fp'), '1000001:1', 'more than 1000000 requests')
  })

  it('end at two million statements, so that a REPEAT of WAITs ends too', {timeout: LONG}, () => {
    expectFault(() => resolve('REPEAT 1E\nREPEAT 1E\nWAIT\nEND\nEND'), '3:1', `more than ${STATEMENTS_MAX} statements`)
  })

  it('end at four million dependencies', {timeout: LONG}, () => {
    const names = 'a,'.repeat(99)
    const text = `FLUSH as=a\nREPEAT ${DEPENDENCIES_MAX / 100}\nFLUSH after=${names}a\nEND\nFLUSH after=a`
    expectFault(() => resolve(text), '5:13', 'more than 4000000 names after=')
  })

  it('do not concern lengths: what is too long for the device is for the device to refuse', () => {
    expect(resolve('IN 0 2G\nOUT 0 8E\nTYPE 99 0 2G\nDISCARD 0 2G\nWRITE_ZEROES 0 8E')).toHaveLength(5)
  })

  it('end at sixteen REPEATs inside each other', () => {
    const nest = (depth: number) => `${'REPEAT 1\n'.repeat(depth)}FLUSH\n${'END\n'.repeat(depth)}`
    expect(resolve(nest(LOOPS_MAX))).toHaveLength(1)
    expectFault(() => resolve(nest(LOOPS_MAX + 1)), '17:1', 'more than 16 REPEATs')
  })

  it('end at 4096 operands and names and at 64 words in one line', {timeout: LONG}, () => {
    const sum = (operands: number) => Array.from({length: operands}, () => '1').join('+')
    expect(resolve(`OUT ${sum(4095)} 0`)).toHaveLength(1)
    expectFault(() => resolve(`FLUSH\nOUT ${sum(4096)} 0`), '2:8197', 'too many operands and names')
    expectFault(() => resolve(`FLUSH after=a${',a'.repeat(10_000_000)}`), '1:8205', 'too many operands and names')
    expectFault(() => resolve('x '.repeat(10_000_000)), '1:129', 'more than 64 words')
  })
})
