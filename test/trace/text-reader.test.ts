import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {readTraceText, traceText, type TracedEvent, type TraceReading} from '../../src/trace/index.js'
import {anyTrace, plain, SEED} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

function chunks(text: string, bytes = 7): Uint8Array[] {
  const whole = new TextEncoder().encode(text)
  return Array.from({length: Math.ceil(whole.length / bytes)}, (_, i) => whole.subarray(i * bytes, (i + 1) * bytes))
}

function read(...lines: string[]): TraceReading {
  return readTraceText(chunks(lines.join('\n')), 'it')
}

const HEADER = '{"trace":1,"sizeBytes":"64k"}'

function eventsOf(...lines: string[]): TracedEvent[] {
  return plain(read(HEADER, ...lines).events)
}

describe('a trace as text', () => {
  it('is read back as it was written, however it is cut into chunks', () => {
    fc.assert(
      fc.property(anyTrace, fc.integer({min: 1, max: 5000}), (trace, size) => {
        const text = [...traceText(trace)].join('')
        const reading = readTraceText(chunks(text, size), 'it')
        expect(reading.header).toEqual(trace.header)
        expect(Array.from(reading.before)).toEqual(trace.before)
        expect(plain(reading.events)).toEqual(plain(trace.events))
      }),
      {seed: SEED},
    )
  })

  it('needs little by hand: a request starts at once, and completes OK', () => {
    const events = eventsOf(
      '{"submit":1,"request":"OUT","offsetBytes":"4k","lengthBytes":512}',
      '',
      '{"complete":1}',
      '{"mark":"told"}',
    )
    expect(events.map(({event}) => event.kind)).toEqual(['submit', 'start', 'complete', 'mark'])
    expect(events[0]?.event).toMatchObject({id: 1, type: 1, offsetBytes: 4096, lengthBytes: 512, atNs: 0})
    expect(events[1]?.event).toMatchObject({held: false, fresh: undefined})
    expect(events[2]?.event).toMatchObject({status: 0, errno: 0, stable: false, ignored: false})
  })

  it('takes a header with nothing but a size, and a plain disk under writeback with drains', () => {
    expect(read(HEADER).header).toEqual({
      sizeBytes: 65536,
      mode: 'writeback',
      ordering: 'drain',
      source: 'ndjson',
      knownBefore: 'whole',
    })
  })

  it('knows all that was there before if it was written by hand, and says so, or what it says', () => {
    const known = (...more: string[]): string => read(`{"trace":1,"sizeBytes":512${more.join('')}}`).header.knownBefore
    expect(known()).toBe('whole')
    expect(known(',"source":"ndjson"')).toBe('whole')
    expect(known(',"source":"flushpoint run"')).toBe('touched')
    expect(known(',"source":"log-writes"')).toBe('listed')
    expect(known(',"source":"flushpoint run","knownBefore":"whole"')).toBe('whole')
    expect(known(',"knownBefore":"listed"')).toBe('listed')
  })

  it.each([
    ['a write under writeback', 'writeback', 'OUT', '', {stable: false, ignored: false}],
    ['a FUA write under writeback', 'writeback', 'OUT', 'FUA', {stable: true, ignored: false}],
    ['a write under writethrough', 'writethrough', 'OUT', '', {stable: true, ignored: false}],
    ['a FUA write under unsafe', 'unsafe', 'OUT', 'FUA', {stable: false, ignored: true}],
    ['a FLUSH under unsafe', 'unsafe', 'FLUSH', '', {stable: false, ignored: true}],
    ['a FLUSH under none', 'none', 'FLUSH', '', {stable: false, ignored: false}],
  ])('says of %s what a plain device would say', (_what, mode, request, flag, expected) => {
    const range = request === 'OUT' ? ',"offsetBytes":0,"lengthBytes":512' : ''
    const {events} = read(
      `{"trace":1,"sizeBytes":4096,"mode":"${mode}"}`,
      `{"submit":1,"request":"${request}"${range},"flags":[${flag && `"${flag}"`}]}`,
      '{"complete":1}',
    )
    expect(plain(events).at(-1)?.event).toMatchObject(expected)
  })

  it.each([
    ['"zeroes"', [0, 0, 0, 0, 0]],
    ['"0xaB"', [0xab, 0xab, 0xab, 0xab, 0xab]],
    ['"hex:0102"', [1, 2, 1, 2, 1]],
    ['"text:abc"', [97, 98, 99, 97, 98]],
  ])('reads data %s, repeated to the length of the write', (data, expected) => {
    const [submit] = eventsOf(`{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512,"data":${data}}`)
    expect(Array.from(submit?.data?.subarray(0, 5) ?? [])).toEqual(expected)
    expect(submit?.data).toHaveLength(512)
  })

  it('gives a write without data bytes that no other write of a short trace has, and none of them zero', () => {
    const writes = Array.from(
      {length: 255},
      (_, i) => `{"submit":${i + 1},"request":"OUT","offsetBytes":0,"lengthBytes":512}`,
    )
    const bytes = eventsOf(...writes).flatMap(({data}) => (data ? [data[511]] : []))
    expect(new Set(bytes).size).toBe(255)
    expect(bytes).not.toContain(0)
  })

  it('takes what the command line says where the header says nothing, and the header where it does', () => {
    const defaults = {sizeBytes: 8192, mode: 'none', ordering: 'tag', knownBefore: 'listed'} as const
    expect(readTraceText(chunks('{"trace":1}'), 'it', defaults).header).toMatchObject(defaults)
    const said = '{"trace":1,"mode":"unsafe","knownBefore":"touched"}'
    expect(readTraceText(chunks(said), 'it', defaults).header).toMatchObject({mode: 'unsafe', knownBefore: 'touched'})
  })
})

describe('a mistake in a trace as text', () => {
  const OUT = '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}'

  it.each([
    ['nothing', [], 'it: line 1: there is no line'],
    ['no header', [OUT], 'it: line 1: the first line has to be'],
    ['a newer version', ['{"trace":2,"sizeBytes":512}'], 'line 1: the trace is of version 2'],
    ['no size', ['{"trace":1}'], 'line 1: the field "sizeBytes" is missing'],
    ['a size of nothing', ['{"trace":1,"sizeBytes":0}'], 'line 1: the size of the image is 0'],
    [
      'an unknown extent of what is known',
      ['{"trace":1,"sizeBytes":512,"knownBefore":1}'],
      'line 1: knownBefore is 1, not one of whole, touched, listed',
    ],
    ['an unknown mode', ['{"trace":1,"sizeBytes":512,"mode":"fast"}'], 'line 1: "fast" is not a cache mode'],
    ['no JSON', [HEADER, OUT, '{"complete":'], 'line 3: this is not JSON'],
    ['a list', [HEADER, '[1]'], 'line 2: this is JSON, but not an object'],
    ['an unknown event', [HEADER, '{"finish":1}'], 'line 2: the line is none of submit, start'],
    ['a misspelt field', [HEADER, OUT, '{"complete":1,"staus":"OK"}'], 'line 3: there is no field "staus" here'],
    ['an unknown request', [HEADER, '{"submit":1,"request":"PUT"}'], 'line 2: there is no request "PUT"'],
    [
      'no length',
      [HEADER, '{"submit":1,"request":"OUT","offsetBytes":0}'],
      'line 2: the field "lengthBytes" is missing',
    ],
    ['a flag that is none', [HEADER, OUT.replace('}', ',"flags":["FAU"]}')], 'line 2: OUT has no such flag'],
    [
      'data for a read',
      [HEADER, OUT.replace('OUT', 'IN').replace('}', ',"data":"0x1"}')],
      'only a write that carries data',
    ],
    ['data of no kind', [HEADER, OUT.replace('}', ',"data":"17"}')], 'line 2: "17" is no data'],
    [
      'base64 of another length',
      [HEADER, OUT.replace('}', ',"data":"base64:AAAA"}')],
      'holds 3 bytes for a range of 512',
    ],
    ['a negative length', [HEADER, OUT.replace('512', '-512')], 'lengthBytes is -512, not a count'],
    ['a status that is none', [HEADER, OUT, '{"complete":1,"status":"FINE"}'], 'line 3: there is no status "FINE"'],
    ['a completion out of order', [HEADER, '{"complete":1}'], 'line 2: request 1 completes and was never submitted'],
    ['a start too many', [HEADER, OUT, '{"start":1}'], 'line 3: request 1 starts twice'],
    [
      'a write outside',
      [HEADER, OUT.replace('":0', '":"64k"')],
      'line 2: request 1 (65536+512) lies outside the image',
    ],
    [
      'old content too late',
      [HEADER, OUT, '{"before":0,"lengthBytes":512,"data":"0x1"}'],
      'line 3: content from before',
    ],
    [
      'old content outside',
      [HEADER, '{"before":"64k","lengthBytes":512,"data":"0x1"}'],
      'line 2: content at 65536+512',
    ],
  ])('such as %s is told with its line', (_what, lines, message) => {
    expect(() => plain(read(...lines).events)).toThrow(
      expect.objectContaining({code: 'E_TRACE', kind: 'format', message: expect.stringContaining(message) as string}),
    )
  })

  it('is told when the text is not UTF-8, or a line does not end', () => {
    expect(() => readTraceText([Uint8Array.of(0x7b, 0xff, 0x0a)], 'it')).toThrow('it: line 1: this is not UTF-8')
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield new Uint8Array(2 ** 24).fill(0x20)
      },
    }
    expect(() => readTraceText(endless, 'it')).toThrow('it: line 1: the line is longer than')
  })
})
