import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseBatch, printBatch, resolveBatch, type BatchRequest} from '../../src/batch/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_UNMAP} from '../../src/request/index.js'
import {errorOf, expectFault, refusalOf} from './fault-expectation.js'
import {anyProgram} from './program-arbitrary.js'

const resolve = (text: string) => resolveBatch(parseBatch(text, 'disk.fp'), 'disk.fp')

function requests(text: string): readonly BatchRequest[] {
  return resolve(text).flatMap((statement) => (statement.kind === 'request' ? [statement.request] : []))
}

function request(text: string): BatchRequest {
  const [only, ...more] = requests(text)
  if (!only || more.length > 0) throw new Error(`not one request: ${text}`)
  return only
}

describe('resolving a batch', () => {
  it('gives a plain OUT a seed pattern of its own id, no flags and no conditions', () => {
    expect(requests('IN 0 512\nOUT 4k 8s')[1]).toEqual({
      id: 2,
      line: 2,
      type: 1,
      name: 'OUT',
      flags: 0,
      offsetBytes: 4096,
      lengthBytes: 4096,
      pattern: {kind: 'seed', seed: 2},
      verify: undefined,
      as: undefined,
      after: [],
      expect: undefined,
    })
  })

  // Type numbers: virtio 1.3, 5.2.6 "Device Operation".
  it.each([
    ['IN 512 1k', {type: 0, name: 'IN', offsetBytes: 512, lengthBytes: 1024}],
    ['OUT 512 1k', {type: 1, name: 'OUT', offsetBytes: 512, lengthBytes: 1024}],
    ['FLUSH', {type: 4, name: 'FLUSH', offsetBytes: 0, lengthBytes: 0}],
    ['FLUSH_OUT', {type: 5, name: 'FLUSH_OUT', offsetBytes: 0, lengthBytes: 0}],
    ['GET_ID', {type: 8, name: 'GET_ID', offsetBytes: 0, lengthBytes: 20}],
    ['DISCARD 4k 8k', {type: 11, name: 'DISCARD', offsetBytes: 4096, lengthBytes: 8192}],
    ['WRITE_ZEROES 4k 8k', {type: 13, name: 'WRITE_ZEROES', offsetBytes: 4096, lengthBytes: 8192}],
    ['TYPE 4 512 1k', {type: 4, name: 'FLUSH', offsetBytes: 512, lengthBytes: 1024}],
    ['TYPE 99 0 512', {type: 99, name: 'TYPE 99', offsetBytes: 0, lengthBytes: 512}],
    ['TYPE 0x7fffffff 0 0', {type: 0x7fffffff, name: 'TYPE 2147483647', flags: 0}],
  ])('%j is the request of the virtio specification', (text, facts) => {
    expect(request(text)).toMatchObject(facts)
  })

  it.each([
    ['OUT 0 512 fua', FLAG_FUA],
    ['OUT 0 512 barrier fua', FLAG_FUA | FLAG_BARRIER],
    ['FLUSH barrier', FLAG_BARRIER],
    ['GET_ID barrier', FLAG_BARRIER],
    ['WRITE_ZEROES 0 512 unmap', FLAG_UNMAP],
    ['TYPE 11 0 512 unmap', FLAG_UNMAP],
    ['TYPE 13 0 512 flags=2', 2 << 2],
    ['TYPE 13 0 512 flags=2 unmap fua', (3 << 2) | FLAG_FUA],
    ['TYPE 13 0 512 flags=0x1fffffff', 0x1fffffff * 4],
  ])('%j has flags %i', (text, flags) => {
    expect(request(text).flags).toBe(flags)
  })

  it('takes bit 31 of a raw type as the BARRIER flag and masks it off', () => {
    expect(request('TYPE 0x80000001 0 512')).toMatchObject({
      type: 1,
      name: 'OUT',
      flags: FLAG_BARRIER,
      pattern: {kind: 'seed', seed: 1},
    })
    expect(request('TYPE 0xffffffff 0 512')).toMatchObject({type: 0x7fffffff, flags: FLAG_BARRIER})
  })

  it('leaves lengths and offsets that are wrong for the device to the device', () => {
    expect(request('OUT 1 513')).toMatchObject({offsetBytes: 1, lengthBytes: 513})
    expect(request('IN 8E+8E-1 0')).toMatchObject({offsetBytes: 2 ** 64, lengthBytes: 0})
  })

  it('keeps WAIT and MARK in their places', () => {
    expect(resolve('FLUSH\nWAIT\nMARK told\nFLUSH').map((statement) => ({...statement, request: undefined}))).toEqual([
      {kind: 'request', request: undefined},
      {kind: 'wait', line: 2, request: undefined},
      {kind: 'mark', name: 'told', line: 3, request: undefined},
      {kind: 'request', request: undefined},
    ])
  })

  it('turns names into ids of earlier requests, each once', () => {
    const found = requests('OUT 0 4k as=a\nOUT 4k 4k as=b\nFLUSH as=c after=b,a,b expect=ok\nIN 0 4k after=c')
    expect(found.map(({as, after, expect: status}) => ({as, after, status}))).toEqual([
      {as: 'a', after: [], status: undefined},
      {as: 'b', after: [], status: undefined},
      {as: 'c', after: [2, 1], status: 'OK'},
      {as: undefined, after: [3], status: undefined},
    ])
  })

  it('counts ${i} from 0 in the innermost REPEAT and ${i1} in the one around it', () => {
    const text = `REPEAT 2
      OUT \${i}*1M 512 as=w\${i}
      REPEAT \${i}+1
        IN \${i1}*1M+\${i}*4k 512 verify=seed:\${i}+7 after=w\${i1} as=r\${i1}.\${i}
      END
      MARK turn\${i}
    END`
    expect(
      requests(text).map(({id, line, offsetBytes, as, after, verify}) => [id, line, offsetBytes, as, after, verify]),
    ).toEqual([
      [1, 2, 0, 'w0', [], undefined],
      [2, 4, 0, 'r0.0', [1], {kind: 'seed', seed: 7}],
      [3, 2, 2 ** 20, 'w1', [], undefined],
      [4, 4, 2 ** 20, 'r1.0', [3], {kind: 'seed', seed: 7}],
      [5, 4, 2 ** 20 + 4096, 'r1.1', [3], {kind: 'seed', seed: 8}],
    ])
    expect(resolve(text).filter((statement) => statement.kind === 'mark')).toEqual([
      {kind: 'mark', name: 'turn0', line: 6},
      {kind: 'mark', name: 'turn1', line: 6},
    ])
  })

  const wrong: readonly (readonly [text: string, at: string, message: string])[] = [
    ['FLUSH as=a\nOUT 0 4k as=a', '2:13', '"a" was already defined on line 1'],
    ['REPEAT 2\nFLUSH as=a\nEND', '2:10', '"a" was already defined on line 2 (with ${i} = 1)'],
    ['FLUSH\nMARK m\nMARK m', '3:6', '"MARK m" was already defined on line 2'],
    ['REPEAT 3\nOUT 8k-${i}*8k 4k\nEND', '2:5', 'offset is -8192 (with ${i} = 2): it cannot be negative'],
    ['REPEAT 2\nREPEAT 2\nIN 0 1k-${i1}*1k-${i}*1k\nEND\nEND', '3:6', 'length is -1024 (with ${i} = 1, ${i1} = 1)'],
    ['OUT 8E+8E 4k', '1:5', 'offset is 18446744073709551616: it ends at 18446744073709551615'],
    ['TYPE 0x100000000 0 0', '1:6', 'type is 4294967296: it ends at 4294967295'],
    ['TYPE 13 0 512 flags=0x20000000', '1:21', 'flags is 536870912: it ends at 536870911'],
    ['OUT 0 512 pattern=seed:0x20000000000000', '1:24', 'seed is 9007199254740992'],
    ['OUT 0 512 pattern=file:x@1-2', '1:26', 'file offset is -1'],
    ['TYPE 0 0 512 pattern=0xaa', '1:22', 'pattern= has no meaning for type 0, IN'],
    ['TYPE 1 0 512 verify=0xaa', '1:21', 'verify= has no meaning for type 1, OUT'],
  ]
  it.each(wrong)('refuses %j at %s: %s', (text, at, message) => {
    expectFault(() => resolve(text), at, message)
  })

  it('lets a MARK and a request share a name', () => {
    expect(resolve('FLUSH as=x\nMARK x')).toHaveLength(2)
  })

  it.each(['', '\n\n# nothing\n', 'WAIT\nMARK a'])('refuses the batch %j: it holds no request', (text) => {
    const error = errorOf(() => resolve(text))
    expect(error).toMatchObject({kind: 'usage', code: 'E_BATCH_EMPTY', context: {path: 'disk.fp'}})
    expect(error.message).toBe('disk.fp: the batch holds no request')
  })

  it('numbers requests from 1 and gives each the ids of the names it waits for, in every turn', () => {
    const row = fc.record({wait: fc.boolean(), picks: fc.array(fc.nat(), {maxLength: 4})})
    fc.assert(
      fc.property(fc.array(row, {minLength: 1, maxLength: 8}), fc.integer({min: 1, max: 5}), (rows, turns) => {
        const earlier = (picks: readonly number[], i: number) => (i === 0 ? [] : picks.map((pick) => pick % i))
        const lines = rows.flatMap(({wait, picks}, i) => {
          const names = earlier(picks, i).map((pick) => `n${pick}.\${i}`)
          return [
            ...(wait ? ['WAIT'] : []),
            `OUT (\${i}*${rows.length}+${i})*4k 4k as=n${i}.\${i}${names.length > 0 ? ` after=${names.join(',')}` : ''}`,
          ]
        })
        const found = requests(`REPEAT ${turns}\n${lines.join('\n')}\nEND`)
        const expected = Array.from({length: turns}, (_, turn) =>
          rows.map(({picks}, i) => {
            const index = turn * rows.length + i
            const after = earlier(picks, i).map((pick) => turn * rows.length + pick + 1)
            return {id: index + 1, offsetBytes: index * 4096, as: `n${i}.${turn}`, after: [...new Set(after)]}
          }),
        )
        expect(found.map(({id, offsetBytes, as, after}) => ({id, offsetBytes, as, after}))).toEqual(expected.flat())
      }),
      {seed: 20110412, numRuns: 300},
    )
  })

  it('refuses what it cannot resolve as wrong usage, whatever the program', () => {
    let refused = 0
    fc.assert(
      fc.property(anyProgram, (program) => {
        // Counts of generated programs are huge; small ones are walked to the end.
        const text = printBatch(program).replaceAll(/REPEAT .*/g, 'REPEAT 2')
        if (refusalOf(() => resolve(text))) refused++
      }),
      {seed: 20110412, numRuns: 500},
    )
    expect(refused).toBeGreaterThan(0)
  })
})
