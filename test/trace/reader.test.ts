import {describe, expect, it, vi} from 'vitest'
import {OUT} from '../../src/request/index.js'
import {crc32c} from '../../src/base/index.js'
import {recordHead, u32Bytes} from '../../src/trace/frame.js'
import {
  isTrace,
  loadTrace,
  memorySource,
  readTrace,
  type ByteSource,
  type Trace,
  type TraceEvent,
} from '../../src/trace/index.js'
import {readWhole, recorded} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

const HEADER: Trace['header'] = {
  sizeBytes: 4096,
  mode: 'writeback',
  ordering: 'drain',
  source: 'a test',
  knownBefore: 'whole',
}

function traceOf(...events: TraceEvent[]): Uint8Array {
  return recorded({header: HEADER, before: [], events: events.map((event) => ({event}))})
}

function submit(id: number, offsetBytes = 0, lengthBytes = 512): TraceEvent {
  return {kind: 'submit', id, type: OUT.type, flags: 0, offsetBytes, lengthBytes, atNs: 0}
}

const start = (id: number): TraceEvent => ({kind: 'start', id, held: false, fresh: undefined, atNs: 0})
const done = (id: number, status = 0): TraceEvent => ({
  kind: 'complete',
  id,
  status,
  errno: 0,
  stable: false,
  ignored: false,
  atNs: 0,
})

/** A record with a right checksum. */
function record(type: number, payload: Uint8Array): Uint8Array {
  const body = Buffer.concat([recordHead(type, payload.length), payload])
  return Buffer.concat([body, u32Bytes(crc32c(body))])
}

/** The same records under another version. */
function ofVersion(version: number, bytes: Uint8Array): Uint8Array {
  const preamble = Buffer.concat([bytes.subarray(0, 8), u32Bytes(version)])
  return Buffer.concat([preamble, u32Bytes(crc32c(preamble)), bytes.subarray(16)])
}

/** A trace without events, with whatever header. */
function withHeader(fields: object): Uint8Array {
  return Buffer.concat([traceOf().subarray(0, 16), record(1, Buffer.from(JSON.stringify(fields)))])
}

describe('reading a trace', () => {
  it.each([
    ['nothing at all', new Uint8Array(), 'it: byte 0: the trace ends inside its first 8 bytes'],
    ['something else', Buffer.from('PK\u0003\u0004 and more'), 'it: byte 0: this is not a flushpoint trace'],
    ['a text', Buffer.from('{"trace":1}\n'), 'it: byte 0: this is not a flushpoint trace'],
  ])('refuses %s by its first bytes', (_what, bytes, message) => {
    expect(() => readTrace(memorySource(bytes, 'it'))).toThrow(message)
  })

  it('refuses a trace of a newer version, and tells both versions', () => {
    const newer = ofVersion(3, traceOf())
    expect(isTrace(newer)).toBe(true)
    expect(() => readWhole(newer)).toThrow(
      'it: byte 8: the trace is of version 3; this flushpoint reads versions 1 to 2',
    )
  })

  it.each([
    ['flushpoint run', 'touched'],
    ['flushpoint bench', 'touched'],
    ['flushpoint serve nbd', 'listed'],
    ['ndjson', 'whole'],
    ['log-writes', 'listed'],
    ['who knows', 'listed'],
  ])('of version 1, which did not say what is known from before, takes one by %j to be %s', (source, knownBefore) => {
    const {sizeBytes, mode, ordering} = HEADER
    const old = ofVersion(1, withHeader({sizeBytes, mode, ordering, source}))
    expect(readTrace(memorySource(old)).header).toEqual({sizeBytes, mode, ordering, source, knownBefore})
  })

  it.each([
    ['nothing', {}, 'the header does not say what is known of the image before the trace'],
    ['something else', {knownBefore: 'most'}, 'knownBefore is "most", not one of whole, touched, listed'],
  ])('refuses one of version 2 that says %s of what is known from before', (_what, more, message) => {
    const {knownBefore: _said, ...header} = HEADER
    expect(() => readTrace(memorySource(withHeader({...header, ...more}), 'it'))).toThrow(`it: byte 16: ${message}`)
  })

  it('takes content from before among the events only where it was recorded when requests touched it', () => {
    const before = {offsetBytes: 512, bytes: new Uint8Array(512).fill(9)}
    const late = (knownBefore: Trace['header']['knownBefore']): Uint8Array => {
      const header = {...HEADER, knownBefore}
      const bytes = recorded({header, before: [before], events: [{event: submit(1)}, {event: submit(2)}]})
      // The record of content from before has 8 + 24 + 4 bytes and stands ahead of the first event.
      const place = bytes.length - 44 - 2 * eventBytes - 36
      const [from, first] = [bytes.subarray(place, place + 36), bytes.subarray(place + 36, place + 36 + eventBytes)]
      return Buffer.concat([bytes.subarray(0, place), first, from, bytes.subarray(place + 36 + eventBytes)])
    }
    const eventBytes = (traceOf(submit(1), submit(2)).length - traceOf().length) / 2
    expect(Array.from(readWhole(late('touched')).reading.before)).toMatchObject([{offsetBytes: 512}])
    for (const knownBefore of ['whole', 'listed'] as const) {
      expect(() => readWhole(late(knownBefore))).toThrow(
        'content from before the trace comes in the middle of the events',
      )
    }
  })

  it.each([
    ['a completion without a submission', [done(1)], 'request 1 completes and was never submitted'],
    ['a start without a submission', [start(1)], 'request 1 starts and was never submitted'],
    ['two completions', [submit(1), start(1), done(1), done(1)], 'request 1 completes and is not in flight'],
    ['two starts', [submit(1), start(1), start(1)], 'request 1 starts twice'],
    ['a start behind the completion', [submit(1), done(1, 2), start(1)], 'request 1 starts and is not in flight'],
    ['one id twice', [submit(1), submit(1)], 'request 1 is submitted twice'],
    ['ids that descend', [submit(2), submit(1)], 'request 1 is submitted after request 2'],
    ['a write outside the image', [submit(1, 4096), start(1)], 'lies outside the image, which has 4096 bytes'],
    ['part of a sector', [submit(1, 0, 100), start(1)], 'is not whole sectors'],
    [
      'a sync that ends first',
      [{kind: 'sync-end', sync: 1, errno: 0, atNs: 0}],
      'host sync 1 ends and has not started',
    ],
  ] as [string, TraceEvent[], string][])('refuses %s', (_what, events, message) => {
    const bytes = traceOf(...events)
    const place = expect.stringMatching(/^it: byte \d+: /) as string
    expect(() => readWhole(bytes)).toThrow(message)
    expect(() => readWhole(bytes)).toThrow(expect.objectContaining({code: 'E_TRACE', message: place}))
  })

  it('takes what a refused request asked for, whatever it was', () => {
    expect(readWhole(traceOf(submit(1, 2 ** 40, 100), done(1, 1))).events).toHaveLength(2)
  })

  it.each([
    ['an event of no kind', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 0), 'there is no event with code 99'],
    ['half an event', Uint8Array.of(1, 0, 0), 'the time of an event is missing'],
    ['a time that is no number', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f), 'the time of an event is NaN'],
    ['no fields at all', new Uint8Array(), 'the code of an event is missing'],
  ])('refuses %s although its checksum is right', (_what, payload, message) => {
    const bytes = traceOf()
    const end = bytes.length - 44
    const forged = Buffer.concat([bytes.subarray(0, end), record(4, payload), bytes.subarray(end)])
    expect(() => readWhole(forged)).toThrow(`it: byte ${end}: ${message}`)
  })

  it('refuses data that is not where the event says', () => {
    const data = new Uint8Array(512).fill(7)
    const whole = recorded({header: HEADER, before: [], events: [{event: submit(1), data}]})
    const content = Buffer.from(whole).indexOf(data)
    // Without the content record, the event names a place that holds something else.
    const torn = Buffer.concat([whole.subarray(0, content - 24), whole.subarray(content + 512 + 4)])
    expect(() => readWhole(torn)).toThrow('there is no content of 512 bytes at byte')
  })

  it('reads data only when an event is asked for it, and never more than a piece at a time', () => {
    const data = (id: number): Uint8Array => Uint8Array.from({length: 2 ** 20}, (_, i) => (i * id + (i >> 8)) & 0xff)
    const events = Array.from({length: 8}, (_, i) => ({event: submit(i + 1, 0, 2 ** 20), data: data(i + 1)}))
    const bytes = recorded({header: {...HEADER, sizeBytes: 2 ** 20}, before: [], events})
    const reads: number[] = []
    const source: ByteSource = {
      ...memorySource(bytes),
      read(offsetBytes, lengthBytes) {
        reads.push(lengthBytes)
        return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
      },
    }
    const walked = [...readTrace(source).events]
    expect(Math.max(...reads)).toBeLessThanOrEqual(2 ** 20)
    const before = reads.length
    expect(Buffer.compare(walked[3]?.data ?? new Uint8Array(), data(4))).toBe(0)
    expect(reads.slice(before)).toEqual([2 ** 20])
  })
})

describe('a trace in memory', () => {
  it('keeps equal content once', () => {
    const data = (): Uint8Array => new Uint8Array(512).fill(3)
    const bytes = recorded({
      header: HEADER,
      before: [{offsetBytes: 0, bytes: data()}],
      events: [
        {event: submit(1), data: data()},
        {event: submit(2), data: data()},
      ],
    })
    const {before, events} = loadTrace(readTrace(memorySource(bytes)))
    expect(events[0]?.data).toEqual(data())
    expect(events[1]?.data).toBe(events[0]?.data)
    expect(before[0]?.bytes).toBe(events[0]?.data)
  })
})
