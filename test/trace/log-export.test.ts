import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {exportLog, memorySource, readLog, readTraceText, type TraceReading} from '../../src/trace/index.js'
import {anyTrace, plain, SEED, SECTORS} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

function story(...lines: string[]): TraceReading {
  const text = ['{"trace":1,"sizeBytes":"64k"}', ...lines].join('\n')
  return readTraceText([new TextEncoder().encode(text)], 'it')
}

const out = (id: number, sector: number, ...flags: string[]): string =>
  JSON.stringify({submit: id, request: 'OUT', offsetBytes: sector * 512, lengthBytes: 512, flags})
const flush = (id: number): string => `{"submit":${id},"request":"FLUSH"}`
const done = (id: number): string => `{"complete":${id}}`
const failed = (id: number): string => `{"complete":${id},"status":"IOERR","errno":"EIO"}`

function logOf(reading: TraceReading): Uint8Array {
  return Buffer.concat([...exportLog(reading).bytes])
}

/** The entries of a log: "W2" for a write of the byte 2, with its sector and flags, "flush", "mark". Read by hand from the bytes. */
function entriesOf(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes)
  expect(view.readBigUInt64LE(0)).toBe(0x6a736677736872n)
  const entries: string[] = []
  let at = 512
  for (let left = Number(view.readBigUInt64LE(16)); left > 0; left--) {
    const [sectors, flags, length] = [8, 16, 24].map((field) => Number(view.readBigUInt64LE(at + field))) as [
      number,
      number,
      number,
    ]
    const names = [flags & 1 && 'flush', flags & 2 && 'fua', flags & 4 && 'discard'].filter(Boolean)
    if (flags & 8) entries.push(`mark ${view.subarray(at + 32, at + 32 + length).toString()}`)
    else entries.push([...(sectors > 0 ? [`W${flags & 4 ? '' : (view[at + 512] ?? 0)}`] : []), ...names].join(' '))
    at += 512 + (flags & 4 ? 0 : sectors * 512)
  }
  expect(at).toBe(bytes.length)
  return entries
}

describe('a trace as a log of dm-log-writes', () => {
  it('C28: has what had completed when the flush was issued ahead of it, in the order of completion, and the rest behind', () => {
    const trace = story(out(1, 0), out(2, 1), out(3, 2), done(3), done(2), flush(4), done(1), done(4))
    expect(entriesOf(logOf(trace))).toEqual(['W3', 'W2', 'flush', 'W1'])
  })

  // The example in the kernel's own description of its target: Wa Wb Wc Cc Ca FLUSH FUAd Cb CFLUSH CFUAd gives c a flush d ... b.
  it('has a FUA write at once when it completes, and what the flush did not cover after it', () => {
    const trace = story(
      ...[out(1, 0), out(2, 1), out(3, 2), done(3), done(1), flush(4), out(5, 4, 'FUA'), done(2), done(4), done(5)],
    )
    expect(entriesOf(logOf(trace))).toEqual(['W3', 'W1', 'flush', 'W5 fua', 'W2'])
  })

  it('has a write that was flushed before and is stable itself as one entry', () => {
    expect(entriesOf(logOf(story(out(1, 0), done(1), out(2, 1, 'PREFLUSH', 'FUA'), done(2))))).toEqual([
      'W1',
      'W2 flush fua',
    ])
  })

  it('has a write behind its own preflush as volatile as it is', () => {
    const trace = story(out(1, 0), done(1), out(2, 1, 'PREFLUSH'), done(2), out(3, 2), done(3))
    expect(entriesOf(logOf(trace))).toEqual(['W1', 'flush', 'W2', 'W3'])
  })

  it('lets a flush that was held back cover what ended meanwhile', () => {
    const held = '{"submit":2,"request":"FLUSH","start":false}'
    const trace = story(out(1, 0), held, done(1), '{"start":2,"held":true}', out(3, 1), done(3), done(2))
    expect(entriesOf(logOf(trace))).toEqual(['W1', 'flush', 'W3'])
  })

  it('lets the flush that ends first cover what both cover, and a failed one nothing', () => {
    expect(
      entriesOf(logOf(story(out(1, 0), done(1), flush(2), flush(3), done(3), out(4, 1), done(4), done(2)))),
    ).toEqual(['W1', 'flush', 'flush', 'W4'])
    const failing = story(out(1, 0), done(1), flush(2), failed(2), out(3, 1), done(3))
    expect(entriesOf(logOf(failing))).toEqual(['W1', 'W3'])
    expect(exportLog(failing).losses).toEqual({unfinished: 0, emptyFlushes: 1, cutMarks: 0})
  })

  it('ends with the newer data where a FUA write lies on a volatile one', () => {
    expect(entriesOf(logOf(story(out(1, 0), done(1), out(2, 5), done(2), out(3, 0, 'FUA'), done(3))))).toEqual([
      'W1',
      'W3 fua',
      'W2',
    ])
  })

  it('has marks at once, cut to what a sector holds', () => {
    const long = 'ü'.repeat(400)
    const trace = story(out(1, 0), done(1), '{"mark":"told"}', `{"mark":"${long}"}`, flush(2), done(2))
    expect(entriesOf(logOf(trace))).toEqual(['mark told', `mark ${'ü'.repeat(239)}`, 'W1', 'flush'])
    expect(exportLog(trace).losses.cutMarks).toBe(1)
  })

  it('leaves out what failed or never ended, and says how many', () => {
    const trace = story(
      out(1, 0),
      out(2, 1),
      failed(1),
      '{"submit":3,"request":"IN","offsetBytes":0,"lengthBytes":512}',
      done(3),
    )
    expect(entriesOf(logOf(trace))).toEqual([])
    expect(exportLog(trace).losses).toEqual({unfinished: 2, emptyFlushes: 0, cutMarks: 0})
  })

  it('has zeroes for a write-zeroes, and no data for a discard', () => {
    const segment = (id: number, request: string): string =>
      JSON.stringify({submit: id, request, offsetBytes: 0, lengthBytes: 2048})
    const trace = story(segment(1, 'WRITE_ZEROES'), done(1), segment(2, 'DISCARD'), done(2))
    expect(entriesOf(logOf(trace))).toEqual(['W0', 'W discard'])
  })

  it('calls nothing flushed or stable that the mode did not sync', () => {
    const text = ['{"trace":1,"sizeBytes":"64k","mode":"unsafe"}', out(1, 0, 'FUA'), done(1), flush(2), done(2)].join(
      '\n',
    )
    const trace = readTraceText([new TextEncoder().encode(text)], 'it')
    expect(entriesOf(logOf(trace))).toEqual(['W1'])
    expect(exportLog(trace).losses.emptyFlushes).toBe(1)
  })

  it('refuses a write whose data nobody knows', () => {
    const trace = story(out(1, 0).replace('}', ',"data":null}'), done(1))
    expect(() => logOf(trace)).toThrow('request 1 wrote data that the trace does not have')
  })

  it('is imported again as the same completed writes with the same data', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const assumptions = {
          sizeBytes: SECTORS * 512,
          mode: cacheModeOf('writeback'),
          ordering: orderingModeOf('drain'),
        }
        const again = readLog(memorySource(logOf(trace)), assumptions)
        expect(writeSet(again)).toEqual(writeSet(trace))
      }),
      {seed: SEED},
    )
  })
})

/** Completed writes as texts, in no order: where, how long, what, and whether stable by themselves. */
function writeSet({events, header}: TraceReading): string[] {
  const known = plain(events)
  const isUnsafe = header.mode === 'unsafe'
  return known
    .flatMap(({event}) => {
      if (event.kind !== 'complete' || event.status !== 0) return []
      const submit = known.find((other) => other.event.kind === 'submit' && other.event.id === event.id)
      if (submit?.event.kind !== 'submit') return []
      const {type, offsetBytes, lengthBytes} = submit.event
      if (![1, 11, 13].includes(type) || lengthBytes === 0) return []
      const content =
        type === 11 ? 'discarded' : Buffer.from(submit.data ?? new Uint8Array(lengthBytes)).toString('hex')
      return [`${offsetBytes}+${lengthBytes} ${content} ${event.stable && !isUnsafe ? 'stable' : ''}`]
    })
    .toSorted()
}
