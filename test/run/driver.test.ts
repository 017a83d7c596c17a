import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {ERRNO, Prng} from '../../src/base/index.js'
import type {Pattern} from '../../src/batch/index.js'
import {Engine} from '../../src/engine/index.js'
import {statusName} from '../../src/request/index.js'
import {drive, type DriveResult} from '../../src/run/driver.js'
import type {TraceEvent} from '../../src/trace/index.js'
import type {ManualBackend} from '../engine/manual-backend.js'
import {engineOptions} from '../engine/rig.js'
import {statementsOf} from './batch-run.js'
import {SteppingBackend, type SteppingOptions} from './stepping-backend.js'

interface Drive extends SteppingOptions {
  readonly depth?: number
  readonly capacityBytes?: number
  readonly fileBytes?: (pattern: Pattern) => Uint8Array | undefined
  readonly signal?: AbortSignal
  readonly progress?: (done: number) => void
}

interface Driven extends DriveResult {
  readonly backend: SteppingBackend
  /** "submit 1", "start 1", "complete 1", "mark told", in order. */
  readonly log: readonly string[]
}

/** Drives a batch given as lines through an engine on a backend that ends the oldest step at each submit. */
async function driveLines(lines: readonly string[], options: Drive = {}): Promise<Driven> {
  const backend = new SteppingBackend(options)
  const sizeBytes = options.capacityBytes ?? backend.image.length
  const log: string[] = []
  const observer = (event: TraceEvent): void => {
    if (event.kind === 'mark') log.push(`mark ${event.name}`)
    if ('id' in event) log.push(`${event.kind} ${event.id}`)
  }
  const facts = engineOptions(backend, {depth: options.depth ?? 1})
  const engine = new Engine({...facts, device: {...facts.device, capacitySectors: sizeBytes / 512}, observer})
  const result = await drive({
    engine,
    backend,
    statements: statementsOf(lines),
    sizeBytes,
    fileBytes: options.fileBytes ?? (() => undefined),
    observer,
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => {}),
  })
  engine.close()
  return {...result, backend, log}
}

function endLatest(backend: ManualBackend): void {
  const latest = backend.outstanding.at(-1)
  if (latest) backend.end(latest)
}

function statusesOf({statuses, ran}: Driven): string[] {
  return Array.from(statuses.subarray(0, ran), statusName)
}

describe('the depth', () => {
  it('1 means that each request completes before the next is submitted', async () => {
    const {log} = await driveLines(['OUT 0 512', 'FLUSH', 'IN 0 512'])
    expect(log).toEqual([1, 2, 3].flatMap((id) => [`submit ${id}`, `start ${id}`, `complete ${id}`]))
  })

  it('is filled before anything is waited for, never exceeded, and filled again as requests end', async () => {
    const {backend, log, ran} = await driveLines(['REPEAT 7', 'OUT ${i}*512 512', 'END'], {depth: 3})
    expect(backend.mostOutstanding).toBe(3)
    expect(ran).toBe(7)
    const submits = log.flatMap((line, at) => (line.startsWith('submit') ? [at] : []))
    expect(log.slice(0, submits[3]).filter((line) => line.startsWith('complete'))).toEqual(['complete 1'])
  })
})

describe('WAIT', () => {
  it('holds what follows until everything before it has ended', async () => {
    const {log} = await driveLines(['OUT 0 512', 'OUT 512 512', 'WAIT', 'OUT 1k 512'], {depth: 4, onSubmit: endLatest})
    expect(log.indexOf('submit 3')).toBeGreaterThan(log.indexOf('complete 1'))
    expect(log.indexOf('submit 2')).toBeLessThan(log.indexOf('complete 1'))
  })

  it('also waits for requests that fail, and does not stop the batch', async () => {
    const onSubmit = (backend: ManualBackend): void => {
      if (backend.outstanding[0]) backend.end(backend.outstanding[0], -ERRNO.EIO)
    }
    const driven = await driveLines(['OUT 0 512', 'WAIT', 'WAIT', 'GET_ID'], {depth: 2, onSubmit})
    expect(statusesOf(driven)).toEqual(['IOERR', 'OK'])
    expect(Array.from(driven.errnos)).toEqual([ERRNO.EIO, 0])
  })
})

describe('MARK', () => {
  it('is reached when everything before it has ended, whatever of the requests behind it has', async () => {
    const lines = ['OUT 0 512', 'OUT 512 512', 'MARK told', 'OUT 1k 512']
    const {log, marksReached} = await driveLines(lines, {depth: 3, onSubmit: endLatest})
    expect(log.slice(-4)).toEqual(['complete 3', 'complete 2', 'complete 1', 'mark told'])
    expect([...marksReached]).toEqual(['told'])
  })

  it('in front of everything is reached before anything is submitted, and at the end after everything', async () => {
    const {log} = await driveLines(['MARK begin', 'OUT 0 512', 'MARK end', 'MARK really'], {depth: 2})
    expect(log).toEqual(['mark begin', 'submit 1', 'start 1', 'complete 1', 'mark end', 'mark really'])
  })

  it('is reached when a request before it failed: the application was told that, too', async () => {
    const {marksReached, statuses} = await driveLines(['OUT 0 100', 'MARK told'])
    expect(statusName(statuses[0] ?? -1)).toBe('IOERR')
    expect([...marksReached]).toEqual(['told'])
  })
})

const LINES = fc.array(
  fc.oneof(
    {weight: 6, arbitrary: fc.constantFrom('OUT', 'IN').chain((word) => fc.nat(15).map((at) => `${word} ${at}k 512`))},
    {weight: 2, arbitrary: fc.constant('FLUSH')},
    {weight: 1, arbitrary: fc.constant('OUT 0 100')},
    {weight: 2, arbitrary: fc.constant('WAIT')},
    {weight: 2, arbitrary: fc.constant('MARK')},
  ),
  {minLength: 1, maxLength: 30},
)

/** Whether a log keeps every promise about WAIT and MARK; the first that is broken, else undefined. */
function brokenPromise(lines: readonly string[], log: readonly string[]): string | undefined {
  let id = 0
  let waited = 0
  for (const line of lines) {
    const before = Array.from({length: id}, (_, i) => log.indexOf(`complete ${i + 1}`))
    if (line === 'WAIT') {
      waited = id
    } else if (line.startsWith('MARK')) {
      const at = log.indexOf(line.toLowerCase())
      if (at < 0 || before.some((end) => end > at) || log.lastIndexOf(line.toLowerCase()) !== at) return line
    } else {
      id++
      const at = log.indexOf(`submit ${id}`)
      if (at < 0 || before.slice(0, waited).some((end) => end > at)) return `${line} as #${id}`
    }
  }
  return undefined
}

describe('any batch at any depth', () => {
  it('keeps depth, WAIT and MARK, submits in order, ends every request once and gives all memory back', async () => {
    const property = fc.asyncProperty(LINES, fc.integer({min: 1, max: 6}), fc.nat(), async (some, depth, seed) => {
      const lines = [...some.map((line, i) => (line === 'MARK' ? `MARK m${i}` : line)), 'GET_ID']
      const prng = new Prng(seed)
      const onSubmit = (backend: ManualBackend): void => {
        const {outstanding} = backend
        if (outstanding.length > 0) backend.end(prng.pick(outstanding))
      }
      const {backend, log, ran} = await driveLines(lines, {depth, onSubmit})
      expect(brokenPromise(lines, log)).toBeUndefined()
      expect(backend.mostOutstanding).toBeLessThanOrEqual(depth)
      expect(log.filter((line) => line.startsWith('submit'))).toEqual(
        Array.from({length: ran}, (_, i) => `submit ${i + 1}`),
      )
      expect(new Set(log.filter((line) => line.startsWith('complete'))).size).toBe(ran)
      expect(log.filter((line) => line.startsWith('complete'))).toHaveLength(ran)
      expect(backend.memories).toBe(0)
    })
    await fc.assert(property, {seed: 20_260_701, numRuns: 200})
  })
})

describe('data', () => {
  it('of an OUT without a pattern is that of the seed with its request number', async () => {
    const {backend} = await driveLines(['OUT 0 512', 'OUT 512 1k', 'OUT 2k 512 pattern=seed:2'])
    const expected = new Uint8Array(1024)
    new Prng(2).fill(expected)
    expect(backend.image.subarray(512, 1536)).toEqual(expected)
    expect(backend.image.subarray(2048, 2560)).toEqual(expected.subarray(0, 512))
  })

  it('of a file pattern is what the file holds, repeated', async () => {
    const fileBytes = (pattern: Pattern): Uint8Array | undefined =>
      pattern.kind === 'file' ? Buffer.from(`${pattern.path}@${pattern.offsetBytes};`) : undefined
    const {backend} = await driveLines(['OUT 512 512 pattern=file:part@7'], {fileBytes})
    expect(Buffer.from(backend.image.subarray(512, 1024)).toString()).toBe('part@7;'.repeat(74).slice(0, 512))
    expect(backend.image[1024]).toBe(0)
  })

  it('is written into memory that a request before it has used', async () => {
    const {backend} = await driveLines(['OUT 0 4k pattern=0xff', 'OUT 4k 1k pattern=0x01', 'IN 4k 1k verify=0x01'])
    expect(backend.made).toEqual([4096, 4096])
    expect(backend.image.subarray(4096, 5120).every((byte) => byte === 1)).toBe(true)
  })
})

describe('verify=', () => {
  const image = (): Uint8Array => {
    const bytes = new Uint8Array(8192).fill(0xaa)
    bytes.set([1, 2, 3], 4096 + 700)
    bytes.set([9], 8190)
    return bytes
  }

  it('says that the data is as expected', async () => {
    const {verifications} = await driveLines(['IN 0 4k verify=0xaa'], {image: image()})
    expect(verifications.get(1)).toEqual({ok: true, offsetBytes: undefined, expected: undefined, found: undefined})
  })

  it('gives the first byte of the image that differs, and sixteen bytes from there as expected and found', async () => {
    const {verifications} = await driveLines(['IN 4k 1k verify=0xaa'], {image: image()})
    expect(verifications.get(1)).toEqual({
      ok: false,
      offsetBytes: 4096 + 700,
      expected: 'aa'.repeat(16),
      found: `010203${'aa'.repeat(13)}`,
    })
  })

  it('shows fewer bytes where the range ends before', async () => {
    const {verifications} = await driveLines(['IN 7680 512 verify=0xaa'], {image: image()})
    expect(verifications.get(1)).toEqual({ok: false, offsetBytes: 8190, expected: 'aaaa', found: '09aa'})
  })

  it('compares each read with what was written, at any depth', async () => {
    const lines = ['REPEAT 8', 'OUT ${i}*1k 1k pattern=seed:${i}', 'END', 'WAIT']
    lines.push('REPEAT 8', 'IN ${i}*1k 1k verify=seed:${i}', 'END', 'IN 0 1k verify=seed:1')
    const {verifications} = await driveLines(lines, {depth: 5, onSubmit: endLatest})
    expect([...verifications].filter(([, {ok}]) => !ok).map(([id]) => id)).toEqual([17])
    expect(verifications.size).toBe(9)
  })

  it('is silent about a read that failed', async () => {
    const {verifications, statuses} = await driveLines(['IN 0 100 verify=0xaa'])
    expect(statusName(statuses[0] ?? -1)).toBe('IOERR')
    expect(verifications.size).toBe(0)
  })
})

describe('GET_ID', () => {
  it('gives the text of the device up to its first NUL, cut to the length that was asked for', async () => {
    const {texts} = await driveLines(['GET_ID', 'TYPE 8 0 3', 'TYPE 8 0 0'])
    expect([...texts]).toEqual([
      [1, 'disk'],
      [2, 'dis'],
    ])
  })

  it('is answered wherever its header points, as the device does not look', async () => {
    expect((await driveLines(['TYPE 8 1E 20'])).texts.get(1)).toBe('disk')
  })
})

describe('the signal', () => {
  const lines = ['OUT 0 512 as=a', 'OUT 1k 512 after=a', 'OUT 2k 512', 'OUT 3k 512', 'MARK all', 'OUT 4k 512']

  it('stops submission, cancels what has not started and waits for what is in flight', async () => {
    const controller = new AbortController()
    const progress = (done: number): void => void (done === 1 && controller.abort('SIGINT'))
    const onSubmit = (backend: ManualBackend): void => {
      // #3 ends first; #1, on which #2 waits, only when the signal was seen.
      const step = backend.outstanding.find(({offsetBytes}) => offsetBytes === 2048) ?? backend.outstanding[0]
      if (step) backend.end(step)
    }
    const driven = await driveLines(lines, {depth: 3, signal: controller.signal, progress, onSubmit})
    expect(statusesOf(driven)).toEqual(['OK', 'CANCELED', 'OK'])
    expect(driven.backend.steps.map(({offsetBytes}) => offsetBytes)).toEqual([0, 2048])
    expect(driven.marksReached.size).toBe(0)
    expect(driven.backend.memories).toBe(0)
  })

  it('before the start means that nothing runs', async () => {
    const {ran, backend} = await driveLines(lines, {signal: AbortSignal.abort('SIGTERM')})
    expect(ran).toBe(0)
    expect(backend.steps).toEqual([])
  })
})

const M = 2 ** 20

describe('memory', () => {
  const capacityBytes = 4096 * M

  it('of requests in flight is limited to 256 MiB, whatever the depth', async () => {
    const {backend, ran} = await driveLines(['REPEAT 4', 'IN 0 100M', 'END'], {depth: 8, capacityBytes})
    expect(backend.mostOutstanding).toBe(2)
    expect(ran).toBe(4)
    expect(backend.memories).toBe(0)
  })

  it('lets a request larger than that run, with no other data beside it', async () => {
    const sizes: number[] = []
    const onSubmit = (backend: ManualBackend): void => {
      sizes.push(backend.outstanding.reduce((sum, step) => sum + step.lengthBytes, 0) / M)
      if (backend.outstanding[0]) backend.end(backend.outstanding[0])
    }
    await driveLines(['IN 0 1M', 'IN 0 300M', 'IN 0 1M'], {depth: 8, capacityBytes, onSubmit})
    expect(sizes).toEqual([1, 300, 1])
  })

  it('is not taken for a request that the device refuses because it ends beyond the last sector', async () => {
    const driven = await driveLines(['OUT 0 1G', 'IN 1E 1G', 'TYPE 77 0 1G'], {capacityBytes: M})
    expect(statusesOf(driven)).toEqual(['IOERR', 'IOERR', 'UNSUPP'])
    expect(driven.backend.made).toEqual([])
  })

  it('is used again instead of made anew, and given back at the end', async () => {
    const {backend} = await driveLines(['REPEAT 50', 'OUT 0 4k pattern=0xaa', 'IN 0 4k verify=0xaa', 'END'], {depth: 2})
    expect(backend.made.length).toBeLessThanOrEqual(3) // two in flight, one to compare with
    expect(backend.memories).toBe(0)
  })
})

describe('what is reported', () => {
  it('is the time from submission to completion of each request', async () => {
    const onSubmit = (backend: ManualBackend): void => {
      backend.clockNs += 100 * backend.steps.length
      if (backend.outstanding[0]) backend.end(backend.outstanding[0])
    }
    const {latenciesNs} = await driveLines(['OUT 0 512', 'OUT 0 512'], {onSubmit})
    expect(Array.from(latenciesNs)).toEqual([100, 200])
  })

  it('is how many requests have ended, never fewer than before', async () => {
    const seen: number[] = []
    await driveLines(['REPEAT 5', 'OUT 0 512', 'END'], {depth: 2, progress: (done) => void seen.push(done)})
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBe(5)
  })
})
