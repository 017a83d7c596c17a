import {describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {DISCARD, FLAG_FUA, FLAG_PREFLUSH, FLUSH, OUT} from '../../src/request/index.js'
import {isLog, memorySource, readLog, type TraceReading} from '../../src/trace/index.js'
import {plain} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

/** Numbers as they lie on the disk, little-endian, in a sector of their own; then the bytes behind them. */
function sector(numbers: readonly (number | bigint)[], text = '', sectorBytes = 512): Uint8Array {
  const bytes = Buffer.alloc(sectorBytes)
  numbers.forEach((number, i) => bytes.writeBigUInt64LE(BigInt(number), 8 * i))
  bytes.write(text, 8 * numbers.length)
  return bytes
}

const MAGIC = 0x6a736677736872n

/** A log whose superblock counts these entries unless told otherwise. */
function log(
  entries: readonly Uint8Array[],
  count = entries.filter(({length}) => length > 0).length,
  sectorBytes = 512,
): Uint8Array {
  return Buffer.concat([sector([MAGIC, 1, count, sectorBytes], '', sectorBytes), ...entries])
}

function entry(sectorNumber: number, sectors: number, flags: number, dataBytes = 0, text = ''): Uint8Array {
  return sector([sectorNumber, sectors, flags, dataBytes], text)
}

/** An entry with its data. */
function write(at: number, sectors: number, flags: number, fill: number): Uint8Array {
  return Buffer.concat([entry(at, sectors, flags), Buffer.alloc(sectors * 512, fill)])
}

function read(bytes: Uint8Array, sizeBytes?: number, mode = 'writeback'): TraceReading {
  return readLog(memorySource(bytes, 'it'), {sizeBytes, mode: cacheModeOf(mode), ordering: orderingModeOf('drain')})
}

describe('a log of dm-log-writes', () => {
  it('is known by its magic', () => {
    expect(isLog(log([]))).toBe(true)
    expect(isLog(Buffer.from('rhswfsj\0'))).toBe(true)
    expect(isLog(new Uint8Array(512))).toBe(false)
  })

  it('becomes requests that come and go one after the other, in the order of the log', () => {
    const bytes = log([
      write(8, 2, 0, 0xaa),
      entry(0, 0, 1),
      write(0, 1, 2, 0xbb),
      write(1, 1, 1 | 2 | 16, 0xcc),
      entry(16, 8, 4),
      entry(0, 0, 8, 4, 'told'),
    ])
    const events = plain(read(bytes, 16384).events)
    const submits = events.flatMap(({event, data}) => (event.kind === 'submit' ? [{...event, data: data?.[0]}] : []))
    expect(
      submits.map(({type, flags, offsetBytes, lengthBytes, data}) => [type, flags, offsetBytes, lengthBytes, data]),
    ).toEqual([
      [OUT.type, 0, 4096, 1024, 0xaa],
      [FLUSH.type, 0, 0, 0, undefined],
      [OUT.type, FLAG_FUA, 0, 512, 0xbb],
      [OUT.type, FLAG_PREFLUSH | FLAG_FUA, 512, 512, 0xcc],
      [DISCARD.type, 0, 8192, 4096, undefined],
    ])
    expect(events.map(({event}) => event.kind).slice(0, 6)).toEqual([
      'submit',
      'start',
      'complete',
      'submit',
      'start',
      'complete',
    ])
    expect(events.at(-1)?.event).toMatchObject({kind: 'mark', name: 'told'})
    const stable = events.flatMap(({event}) => (event.kind === 'complete' && event.stable ? [event.id] : []))
    expect(stable).toEqual([3, 4])
  })

  it('does not say how large the image was: it ends where the log does, unless somebody knows', () => {
    const bytes = log([write(8, 2, 0, 1), entry(100, 8, 4)])
    expect(read(bytes).header).toMatchObject({sizeBytes: 108 * 512, mode: 'writeback', source: 'log-writes'})
    expect(read(bytes, 2 ** 20).header.sizeBytes).toBe(2 ** 20)
    expect(() => read(bytes, 4096)).toThrow('it: the log writes up to byte 55296, beyond an image of 4 KiB')
  })

  it('counts in the sectors that its superblock names', () => {
    const bytes = log([sector([2, 1, 0, 0], '', 4096), Buffer.alloc(4096, 7)], 1, 4096)
    const [{event, data} = {event: undefined, data: undefined}] = plain(read(bytes).events)
    expect(event).toMatchObject({offsetBytes: 8192, lengthBytes: 4096})
    expect(data).toEqual(new Uint8Array(4096).fill(7))
  })

  it('ends with the last entry the superblock counts', () => {
    expect(plain(read(log([write(0, 1, 0, 1), write(1, 1, 0, 2)], 1)).events)).toHaveLength(3)
  })

  it('has very long writes, which become several in flight together', () => {
    const sectors = (2 ** 24 + 512) / 512
    const events = plain(read(log([write(0, sectors, 2, 9)], 1)).events)
    expect(events.map(({event}) => event.kind)).toEqual(['submit', 'submit', 'start', 'start', 'complete', 'complete'])
    expect(events.map(({data}) => data?.length ?? 0).slice(0, 2)).toEqual([2 ** 24, 512])
    expect(events.slice(4).map(({event}) => event.kind === 'complete' && event.stable)).toEqual([true, true])
  })
})

describe('a log that cannot be', () => {
  it.each([
    ['is empty', new Uint8Array(), 'it: byte 0: this is not a log of dm-log-writes'],
    ['is something else', Buffer.alloc(4096, 0x41), 'it: byte 0: this is not a log of dm-log-writes'],
    ['was never flushed', new Uint8Array(4096), 'it: byte 0: the log has no superblock: its first bytes are zero'],
    ['is of another version', sector([MAGIC, 2, 0, 512]), 'it: byte 8: the log is of version 2, not 1'],
    ['has sectors of no size', sector([MAGIC, 1, 0, 0]), 'it: byte 24: a log has no sectors of 0 bytes'],
    ['has sectors of 513 bytes', sector([MAGIC, 1, 0, 513]), 'it: byte 24: a log has no sectors of 513 bytes'],
    ['has sectors of 2 GiB', sector([MAGIC, 1, 0, 2 ** 31]), 'it: byte 24: a log has no sectors of 2147483648 bytes'],
    [
      'counts more entries than it has room for',
      log([], 1),
      'it: byte 16: the log has room for 0 entries, and counts 1',
    ],
    ['counts 2^64-1 entries', sector([MAGIC, 1, 2n ** 64n - 1n, 512]), 'counts 18446744073709551615'],
    [
      'is cut in an entry',
      log([write(0, 1, 0, 1), entry(0, 0, 1).subarray(0, 20)], 2),
      'byte 1536: the log ends before entry 1',
    ],
    [
      'is cut in data',
      log([write(0, 4, 0, 1)]).subarray(0, 1500),
      'byte 512: the data of entry 0 (2048 bytes) reaches beyond',
    ],
    ['has data longer than any file', log([entry(0, 2 ** 40, 0)]), 'reaches beyond the end of the log'],
    [
      'has a sector beyond any image',
      log([sector([2n ** 63n, 1, 4, 0])]),
      'byte 512: entry 0 reaches to sector 9223372036854775809',
    ],
    ['has sectors that overflow', log([sector([2n ** 64n - 1n, 2n ** 64n - 1n, 4, 0])]), 'beyond any image'],
    ['has flags of no meaning', log([entry(0, 1, 32)]), 'byte 512: entry 0 has flags 0x20 that are not known'],
    ['has a mark longer than its sector', log([entry(0, 0, 8, 481)]), 'the mark of entry 0 has 481 bytes'],
    ['has an entry that does nothing', log([entry(5, 0, 0)]), 'entry 0 is of no sectors, and no flush or mark'],
  ])('because it %s is refused, with the byte', (_what, bytes, message) => {
    expect(() => plain(read(bytes).events)).toThrow(
      expect.objectContaining({code: 'E_TRACE', kind: 'format', message: expect.stringContaining(message) as string}),
    )
  })
})
