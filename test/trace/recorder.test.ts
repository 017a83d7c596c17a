import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {OUT} from '../../src/request/index.js'
import {TraceRecorder, type Trace, type TraceHeader} from '../../src/trace/index.js'
import {anyTrace, plain, readWhole, recorded, SEED, SECTORS} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

const HEADER: TraceHeader = {
  sizeBytes: 2 ** 30,
  mode: 'none',
  ordering: 'drain-flush',
  source: 'a test',
  knownBefore: 'whole',
}

function write(id: number, data: Uint8Array): Trace['events'][number] {
  const event = {
    kind: 'submit' as const,
    id,
    type: OUT.type,
    flags: 0,
    offsetBytes: 0,
    lengthBytes: data.length,
    atNs: 0,
  }
  return {event, data}
}

/** Content from before in memory of its own. */
function own({offsetBytes, bytes}: Trace['before'][number]): Trace['before'][number] {
  return {offsetBytes, bytes: Uint8Array.from(bytes)}
}

describe('a trace in the binary format', () => {
  it('is read back as it was recorded: header, content from before, events in order, plans and data', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const {reading, events} = readWhole(recorded(trace))
        expect(reading.header).toEqual(trace.header)
        expect(Array.from(reading.before, own)).toEqual(trace.before)
        expect(events).toEqual(plain(trace.events))
        // Each walk starts anew.
        expect(plain(reading.events)).toEqual(events)
      }),
      {seed: SEED},
    )
  })

  it('stores content once, however often it is written and whatever was there before', () => {
    const content = Uint8Array.from({length: 100_000}, (_, i) => i & 0xff)
    const once = recorded({header: HEADER, before: [], events: [write(1, content)]})
    const often = recorded({
      header: HEADER,
      before: [],
      events: Array.from({length: 50}, (_, i) => write(i + 1, content)),
    })
    expect(often.length - once.length).toBeLessThan(content.length)
    const before = recorded({header: HEADER, before: [{offsetBytes: 0, bytes: new Uint8Array(2 ** 24)}], events: []})
    expect(before.length).toBeLessThan(2 ** 17)
  })

  it('holds data longer than its buffers', () => {
    const long = Uint8Array.from({length: 3 * 2 ** 20 + 512}, (_, i) => (i * 7 + (i >> 9)) & 0xff)
    const {reading, events} = readWhole(
      recorded({header: HEADER, before: [{offsetBytes: 512, bytes: long}], events: [write(1, long)]}),
    )
    expect(Buffer.compare(events[0]?.data ?? new Uint8Array(), long)).toBe(0)
    const pieces = Array.from(reading.before, ({bytes}) => bytes)
    expect(Buffer.compare(Buffer.concat(pieces), long)).toBe(0)
  })

  it('holds events of any length, also where one just fits into the buffer or just does not', () => {
    const counts = [0, 1, 14, 15, 16, 3000, ...Array.from({length: 12}, (_, i) => 4070 + i * 3), 9000]
    const events = counts.flatMap((count, i): Trace['events'] => {
      const ranges = Array.from({length: count}, (_, k) => ({offsetBytes: k * 1024, lengthBytes: 512}))
      const id = i + 1
      return [
        write(id, new Uint8Array(512)),
        {event: {kind: 'start', id, held: false, fresh: ranges, atNs: 1}},
        {event: {kind: 'mark', name: 'é€'.repeat(count), line: id, atNs: 2}},
        {event: {kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: 3}},
      ]
    })
    const trace = {header: HEADER, before: [], events}
    expect(readWhole(recorded(trace)).events).toEqual(plain(events))
  })

  it('that has what requests touched may be given content from before at any time, and says the same', () => {
    fc.assert(
      fc.property(anyTrace, fc.infiniteStream(fc.boolean()), ({header, before, events}, isBefore) => {
        const touched = {header: {...header, knownBefore: 'touched' as const}, before, events}
        const pieces: Uint8Array[] = []
        const recorder = new TraceRecorder((bytes) => void pieces.push(Uint8Array.from(bytes)), touched.header)
        const [images, rest] = [[...before], [...events]]
        while (images.length + rest.length > 0) {
          const takesImage = rest.length === 0 || (images.length > 0 && isBefore.next().value === true)
          const image = takesImage ? images.shift() : undefined
          const event = takesImage ? undefined : rest.shift()
          if (image) recorder.before(image.offsetBytes, image.bytes)
          if (event) recorder.event(event.event, event.data)
        }
        recorder.close()
        const [late, early] = [readWhole(Buffer.concat(pieces)), readWhole(recorded(touched))]
        expect(late.events).toEqual(early.events)
        expect(late.reading.header).toEqual(early.reading.header)
        expect(Array.from(late.reading.before, own)).toEqual(Array.from(early.reading.before, own))
      }),
      {seed: SEED},
    )
  })

  it('cannot be recorded with data that is not what the write writes, or with old content after new events', () => {
    const recorder = new TraceRecorder(() => {}, HEADER)
    const {event} = write(1, new Uint8Array(512))
    expect(() => recorder.event(event, new Uint8Array(511))).toThrow('as long as the write')
    recorder.event(event, new Uint8Array(512))
    expect(() => recorder.before(0, new Uint8Array(512))).toThrow('ahead of its events')
    recorder.close()
    expect(() => recorder.event(event)).toThrow('closed')
  })
})

describe('damage', () => {
  const sample = (): Trace[] =>
    fc
      .sample(anyTrace, {numRuns: 40, seed: SEED})
      .toSorted((a, b) => b.events.length - a.events.length)
      .slice(0, 2)

  /** What a reader says of damaged bytes; undefined when it takes them for a trace. */
  function complaintOf(bytes: Uint8Array): unknown {
    try {
      readWhole(bytes)
      return undefined
    } catch (error) {
      return error
    }
  }

  const isPlaced = (error: unknown): boolean =>
    error instanceof ToolError &&
    error.code === 'E_TRACE' &&
    /^it: byte \d+: /.test(error.message) &&
    error.hint !== undefined

  it('by cutting a trace off at any byte is always seen, and the place is named', () => {
    for (const trace of sample()) {
      const bytes = recorded(trace)
      const unseen = Array.from(bytes.keys()).filter((length) => !isPlaced(complaintOf(bytes.subarray(0, length))))
      expect(bytes.length).toBeGreaterThan(1000)
      expect(unseen).toEqual([])
    }
  })

  it('by flipping any bit is always seen, and the place is named', () => {
    const small: Trace = {
      header: HEADER,
      before: [],
      events: [write(1, new Uint8Array(64).fill(5)), {event: {kind: 'mark', name: 'told', line: 1, atNs: 0}}],
    }
    const bytes = recorded(small)
    const unseen = Array.from({length: bytes.length * 8}, (_, bit) => bit).filter((bit) => {
      const damaged = Uint8Array.from(bytes)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return !isPlaced(complaintOf(damaged))
    })
    expect(complaintOf(bytes)).toBeUndefined()
    expect(unseen).toEqual([])
  })

  it('by bytes behind the end, or whole records taken out, is seen', () => {
    const bytes = recorded({...sample()[0]!, header: {...HEADER, sizeBytes: SECTORS * 512}})
    expect(() => readWhole(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow('1 bytes follow the end of the trace')
    const one = recorded({header: HEADER, before: [], events: []})
    const mark = {event: {kind: 'mark' as const, name: 'x', line: 1, atNs: 0}}
    const two = recorded({header: HEADER, before: [], events: [mark]})
    // The end record of one behind the head of the other: every checksum is right.
    const end = two.subarray(two.length - (8 + 32 + 4))
    const head = one.subarray(0, one.length - (8 + 32 + 4))
    expect(() => readWhole(Buffer.concat([head, end]))).toThrow('some are missing')
  })
})
