import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseBatch, printBatch, resolveBatch, type BatchRequest} from '../../src/batch/index.js'
import {
  BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_PREFLUSH,
  FSYNC,
  FSYNC_RANGE,
  NOTIFY,
  SET_WRITEBACK,
} from '../../src/request/index.js'
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
      scsi: undefined,
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

  it('takes bit 31 of a raw type as the BARRIER bit of the device and masks it off', () => {
    expect(request('TYPE 0x80000001 0 512')).toMatchObject({
      type: 1,
      name: 'OUT',
      flags: FLAG_BARRIER_BIT,
      pattern: {kind: 'seed', seed: 1},
    })
    expect(request('TYPE 0xffffffff 0 512')).toMatchObject({type: 0x7fffffff, flags: FLAG_BARRIER_BIT})
  })

  it('never takes a raw type for the wish of a guest', () => {
    for (const {type} of [BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK]) {
      const {type: sent, name} = request(`TYPE ${type} 0 512`)
      expect({sent, isWish: ['BARRIER', 'FSYNC', 'FSYNC_RANGE', 'NOTIFY', 'SET_WRITEBACK'].includes(name)}).toEqual({
        sent: type - 2 ** 31,
        isWish: false,
      })
    }
  })

  it.each([
    ['BARRIER', {type: BARRIER.type, name: 'BARRIER', offsetBytes: 0, lengthBytes: 0}],
    ['FSYNC', {type: FSYNC.type, name: 'FSYNC', offsetBytes: 0, lengthBytes: 0}],
    ['FSYNC_RANGE 4k 8k sync', {type: FSYNC_RANGE.type, name: 'FSYNC_RANGE', offsetBytes: 4096, lengthBytes: 8192}],
    ['NOTIFY 4k 8k', {type: NOTIFY.type, name: 'NOTIFY', offsetBytes: 4096, lengthBytes: 8192}],
    ['SET writeback=1', {type: SET_WRITEBACK.type, name: 'SET_WRITEBACK', offsetBytes: 0, lengthBytes: 0}],
  ])('%j is the wish of a guest, without data', (text, facts) => {
    expect(request(text)).toMatchObject({...facts, pattern: undefined, verify: undefined, scsi: undefined})
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

  it('takes what a write depends on as dependencies that are stable first, none twice', () => {
    const text = 'OUT 0 4k as=a\nOUT 4k 4k as=b\nFLUSH as=c\nDISCARD 0 4k after=c,b depends=a,b,a\nOUT 0 4k depends=b'
    expect(requests(text).map(({after, flags}) => ({after, flags}))).toEqual([
      {after: [], flags: 0},
      {after: [], flags: 0},
      {after: [], flags: 0},
      {after: [3, 2, 1], flags: FLAG_PREFLUSH},
      {after: [2], flags: FLAG_PREFLUSH},
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

  it('puts an empty BARRIER on the side of a request that was asked for, with nothing of it but its line', () => {
    const text = 'FLUSH as=f\nOUT 0 4k fua barrier=before as=a after=f expect=OK\nIN 0 4k barrier=after as=b after=a'
    const barrier = {
      line: 2,
      type: BARRIER.type,
      name: 'BARRIER',
      flags: 0,
      offsetBytes: 0,
      lengthBytes: 0,
      pattern: undefined,
      verify: undefined,
      as: undefined,
      after: [],
      expect: undefined,
      scsi: undefined,
    }
    const found = requests(text)
    expect(found[1]).toEqual({...barrier, id: 2})
    expect(found[4]).toEqual({...barrier, id: 5, line: 3})
    expect(found[2]).toMatchObject({
      id: 3,
      flags: 1,
      pattern: {kind: 'seed', seed: 3},
      as: 'a',
      after: [1],
      expect: 'OK',
    })
    expect(found[3]).toMatchObject({id: 4, name: 'IN', flags: 0, as: 'b', after: [3]})
  })

  it('counts the empty BARRIERs in every turn of a REPEAT, and keeps WAIT and MARK in their places', () => {
    const text =
      'REPEAT 2\nOUT 0 512 barrier=before as=w${i}\nWAIT\nDISCARD 0 512 barrier=after depends=w${i}\nMARK m${i}\nEND'
    const turn = ['BARRIER', 'OUT', 'wait', 'DISCARD', 'BARRIER', 'mark']
    const statements = resolve(text)
    expect(statements.map((it) => (it.kind === 'request' ? it.request.name : it.kind))).toEqual([...turn, ...turn])
    const all = requests(text)
    expect(all.map(({id}) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(all.filter(({name}) => name === 'DISCARD').map(({after}) => after)).toEqual([[2], [6]])
  })

  it('puts BARRIERs beside raw types, too', () => {
    const names = (text: string) => requests(text).map(({name}) => name)
    expect(names('TYPE 0x80000001 0 512 barrier=before')).toEqual(['BARRIER', 'OUT'])
    expect(names('TYPE 99 0 512 barrier=after')).toEqual(['TYPE 99', 'BARRIER'])
  })

  it('keeps the sides of a FSYNC_RANGE in its flags', () => {
    expect(requests('FSYNC_RANGE 0 4k barrier=before\nFSYNC_RANGE 0 4k barrier=after')).toHaveLength(2)
  })

  it('gives a SCSI command its CDB, its room and its expectation', () => {
    expect(request('SCSI 12_00_00_00ff_00 in=4k-96 sense=none expect=OK')).toMatchObject({
      type: 2,
      name: 'SCSI',
      flags: 0,
      offsetBytes: 0,
      lengthBytes: 4000,
      pattern: undefined,
      expect: 'OK',
      scsi: {cdb: Uint8Array.of(0x12, 0, 0, 0, 0xff, 0), inBytes: 4000, sense: 'none'},
    })
    expect(request('SCSI_CMD_OUT c0 sense=5/20/00')).toMatchObject({
      type: 3,
      name: 'SCSI_CMD_OUT',
      lengthBytes: 0,
      scsi: {cdb: Uint8Array.of(0xc0), inBytes: 0, sense: {key: 5, asc: 0x20, ascq: 0}},
    })
  })

  it('sends as much of out= as the CDB announces; with in= beside it, as vector D20 has it, the device decides', () => {
    const write = request('SCSI 2a080000001000000200 out=seed:7 in=512')
    expect(write).toMatchObject({lengthBytes: 1024, pattern: {kind: 'seed', seed: 7}, scsi: {inBytes: 512}})
    expect(write.scsi?.sense).toBeUndefined()
    expect(request('SCSI 35000000000000000000 out=hex:0102')).toMatchObject({lengthBytes: 2})
  })

  it('has no CDB for a raw type of a SCSI command', () => {
    expect(request('TYPE 2 0 512')).toMatchObject({name: 'SCSI', lengthBytes: 512, scsi: undefined})
    expect(request('TYPE 3 0 0')).toMatchObject({name: 'SCSI_CMD_OUT', pattern: undefined, scsi: undefined})
  })

  const wrong: readonly (readonly [text: string, at: string, message: string])[] = [
    ['FLUSH as=a\nOUT 0 4k as=a', '2:13', '"a" was already defined on line 1'],
    ['REPEAT 2\nFLUSH as=a\nEND', '2:10', '"a" was already defined on line 2 (with ${i} = 1)'],
    ['FLUSH\nMARK m\nMARK m', '3:6', '"MARK m" was already defined on line 2'],
    ['REPEAT 3\nOUT 8k-${i}*8k 4k\nEND', '2:5', 'offset is -8192 (with ${i} = 2): it cannot be negative'],
    ['REPEAT 2\nREPEAT 2\nIN 0 1k-${i1}*1k-${i}*1k\nEND\nEND', '3:6', 'length is -1024 (with ${i} = 1, ${i1} = 1)'],
    ['OUT 8E+8E 4k', '1:5', 'offset is 18446744073709551616: it ends at 18446744073709551615'],
    ['TYPE 0x100000000 0 0', '1:6', 'type is 4294967296: it ends at 4294967295'],
    ['OUT 0 512 pattern=seed:0x20000000000000', '1:24', 'seed is 9007199254740992'],
    ['OUT 0 512 pattern=file:x@1-2', '1:26', 'file offset is -1'],
    ['TYPE 0 0 512 pattern=0xaa', '1:22', 'pattern= has no meaning for type 0, IN'],
    ['TYPE 1 0 512 verify=0xaa', '1:21', 'verify= has no meaning for type 1, OUT'],
    ['TYPE 0 0 512 preflush', '1:14', 'preflush has no meaning for type 0, IN'],
    ['FLUSH as=a\nTYPE 4 0 0 depends=a', '2:20', 'depends= has no meaning for type 4, FLUSH'],
    ['TYPE 0x80000004 0 0 barrier=before', '1:29', 'barrier=before has no meaning for type 4, FLUSH'],
    ['TYPE 2 0 0 barrier', '1:12', 'barrier has no meaning for type 2, SCSI'],
    ['FLUSH as=a\nOUT 0 4k as=a barrier=before', '2:13', '"a" was already defined on line 1'],
    ['SCSI 12 in=1G+1', '1:12', 'in is 1073741825: it ends at 1073741824'],
    ['REPEAT 2\nSCSI 12 in=512-${i}*1k\nEND', '2:12', 'in is -512 (with ${i} = 1)'],
    ['SCSI 8a000000000000000000002000010000 out=0xaa', '1:43', 'the CDB sends 1073742336 bytes'],
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

  it('numbers requests from 1, BARRIERs among them, and gives each the ids of the names it waits for, in every turn', () => {
    const side = fc.constantFrom('', ' barrier', ' barrier=before', ' barrier=after')
    const row = fc.record({wait: fc.boolean(), picks: fc.array(fc.nat(), {maxLength: 4}), side})
    fc.assert(
      fc.property(fc.array(row, {minLength: 1, maxLength: 8}), fc.integer({min: 1, max: 5}), (rows, turns) => {
        const earlier = (picks: readonly number[], i: number) => (i === 0 ? [] : picks.map((pick) => pick % i))
        const lines = rows.flatMap((drawn, i) => {
          const names = earlier(drawn.picks, i).map((pick) => `n${pick}.\${i}`)
          const after = names.length > 0 ? ` after=${names.join(',')}` : ''
          return [
            ...(drawn.wait ? ['WAIT'] : []),
            `OUT (\${i}*${rows.length}+${i})*4k 4k as=n${i}.\${i}${after}${drawn.side}`,
          ]
        })
        const found = requests(`REPEAT ${turns}\n${lines.join('\n')}\nEND`)
        // Counted beside the resolver: an OUT takes the next id, and so does the BARRIER before or behind it.
        let last = 0
        const expected = Array.from({length: turns}, (_, turn) => {
          const ids: number[] = []
          return rows.flatMap((drawn, i) => {
            const before = drawn.side.endsWith('before')
              ? [{id: ++last, name: 'BARRIER', offsetBytes: 0, after: []}]
              : []
            ids.push(++last)
            const after = [...new Set(earlier(drawn.picks, i).map((pick) => ids[pick]))]
            const out = {id: last, name: 'OUT', offsetBytes: (turn * rows.length + i) * 4096, after}
            const behind = drawn.side.endsWith('after')
              ? [{id: ++last, name: 'BARRIER', offsetBytes: 0, after: []}]
              : []
            return [...before, out, ...behind]
          })
        })
        expect(found.map(({id, name, offsetBytes, after}) => ({id, name, offsetBytes, after}))).toEqual(expected.flat())
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
