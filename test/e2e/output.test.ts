import {spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {text} from 'node:stream/consumers'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {endOf, expectNoStack, flushpoint, hashOf, lines, runJson, start, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

const BATCH = lines(
  'OUT 0 4k pattern=0xaa fua',
  'OUT 4k 4k pattern=0xbb barrier',
  'FLUSH',
  'MARK told',
  'IN 0 4k verify=0xaa',
)

const NUMBER = expect.any(Number) as number
const TEXT = expect.stringMatching(/\S/) as string

describe('the document of a run', () => {
  it('has every field of the contract, with its type', async () => {
    const unflushed = lines('OUT 8k 512 pattern=0xcc')
    const {exit, document} = await runJson([image, ...BATCH, ...unflushed, '--aio', 'threads', '--depth', '1'])
    expect(exit).toBe(0)
    expect(document).toMatchObject({
      schema: 'flushpoint/run@1',
      image: {path: image, sizeBytes: 2 ** 20, sectors: 2048, readOnly: false, snapshot: false, created: false},
      cache: {mode: 'writeback', openFlags: ['O_RDWR'], writeCacheEnabled: true},
      ordering: 'drain',
      aio: {backend: 'threads', asked: 'threads', reason: TEXT, depth: 1, syncs: 1},
      marks: [{name: 'told', line: 4, reached: true}],
      counts: {total: 5, ran: 5, ok: 5, asExpected: 5, verifyFailed: 0, hostErrors: 0, writes: 3, stableWrites: 2},
      notes: [],
      closingSync: 'done',
      interruptedBy: null,
    })
    const lost = {bytes: 512, ranges: [{offsetBytes: 8192, lengthBytes: 512, requests: [5]}]}
    expect(document.atRisk).toEqual({processKill: {bytes: 0, ranges: []}, osCrash: lost, powerLoss: lost})
  })

  it('tells of each request what was asked, how it ended and since when it is stable', async () => {
    const {document} = await runJson([image, ...BATCH, ...lines('OUT 8k 512', 'TYPE 99 0 512')])
    const one = {errno: 0, latencyNs: NUMBER, status: 'OK'}
    expect(document.requests).toEqual([
      {
        id: 1,
        line: 1,
        kind: 'OUT',
        offsetBytes: 0,
        lengthBytes: 4096,
        flags: ['FUA'],
        ...one,
        stable: {by: 'fua', request: null, why: TEXT},
      },
      {
        id: 2,
        line: 2,
        kind: 'OUT',
        offsetBytes: 4096,
        lengthBytes: 4096,
        flags: ['BARRIER'],
        ...one,
        stable: {by: 'flush', request: 3, why: TEXT},
      },
      {
        id: 3,
        line: 3,
        kind: 'FLUSH',
        offsetBytes: 0,
        lengthBytes: 0,
        flags: [],
        ...one,
        stable: {by: 'none', request: null, why: TEXT},
      },
      {
        id: 4,
        line: 5,
        kind: 'IN',
        offsetBytes: 0,
        lengthBytes: 4096,
        flags: [],
        ...one,
        stable: {by: 'none', request: null, why: TEXT},
        verify: {ok: true},
      },
      {
        id: 5,
        line: 6,
        kind: 'OUT',
        offsetBytes: 8192,
        lengthBytes: 512,
        flags: [],
        ...one,
        stable: {by: 'none', request: null, why: TEXT},
      },
      {
        id: 6,
        line: 7,
        kind: expect.stringContaining('99') as string,
        offsetBytes: 0,
        lengthBytes: 512,
        flags: [],
        ...one,
        status: 'UNSUPP',
        reason: 'the device has no request type 99',
        stable: {by: 'none', request: null, why: TEXT},
      },
    ])
    for (const {latencyNs} of document.requests) expect(Number.isSafeInteger(latencyNs) && latencyNs >= 0).toBe(true)
  })

  it('gives each guarantee an answer and a reason, and each hazard a code, requests and a sentence', async () => {
    const {document} = await runJson([image, ...lines('OUT 0 4k', 'FLUSH', 'FLUSH', 'OUT 8k 4k')])
    expect(document.guarantees.map(({id}) => id)).toEqual([
      'G-READ',
      'G-PROC',
      'G-STABLE',
      'G-FLUSH',
      'G-FUA',
      'G-ALLOC',
      'G-NOHOSTCACHE',
      'G-ORDER-FLUSH',
      'G-ORDER-BARRIER',
      'G-ATOM-SECTOR',
      'G-ERR',
    ])
    for (const guarantee of document.guarantees) {
      expect([true, false, 'assumed']).toContain(guarantee.holds)
      expect(guarantee).toMatchObject({why: TEXT})
    }
    expect(document.hazards).toEqual([
      {code: 'NOT_FLUSHED', requests: [4], message: expect.stringContaining('#4') as string},
      {code: 'REDUNDANT_FLUSH', requests: [3], message: expect.stringContaining('#3') as string},
    ])
  })

  it('is the same with --json and --format json', async () => {
    const run = ['run', image, ...BATCH, '--aio', 'sim']
    const [short, long] = await Promise.all([flushpoint([...run, '--json']), flushpoint([...run, '--format', 'json'])])
    expect(short.exit).toBe(0)
    expect(short.stdout).toBe(long.stdout)
    expect(short.stdout.endsWith('}\n')).toBe(true)
  })
})

describe('the other formats', () => {
  const MANY = lines('REPEAT 100', 'OUT ${i}*4k 4k pattern=0xaa', 'END', 'FLUSH')
  const inFormat = async (format: string): Promise<string> => {
    const ended = await flushpoint(['run', image, ...MANY, '--format', format])
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expectNoStack(ended)
    return ended.stdout
  }

  it('csv has a row for every request and as many cells in each as in the head', async () => {
    const rows = (await inFormat('csv'))
      .trimEnd()
      .split('\n')
      .map((row) => row.trim().split(','))
    expect(rows).toHaveLength(102)
    const [head, first] = rows
    expect(head).toEqual(
      'id,line,kind,offsetBytes,lengthBytes,flags,status,errno,latencyNs,stableBy,stableRequest'.split(','),
    )
    expect(first?.toSpliced(8, 1)).toEqual(['1', '2', 'OUT', '0', '4096', '', 'OK', '0', 'flush', '101'])
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([11]))
    expect(rows.slice(1).map(([id]) => Number(id))).toEqual(Array.from({length: 101}, (_, i) => i + 1))
  })

  it('ndjson has a record a line: every request, every guarantee, a summary last', async () => {
    const records = (await inFormat('ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records.filter(({record}) => record === 'request')).toHaveLength(101)
    expect(records.filter(({record}) => record === 'guarantee')).toHaveLength(11)
    expect(records.at(-1)).toMatchObject({record: 'summary', ran: 101, syncs: 1, powerLossBytes: 0})
  })

  it('table leaves out the middle of a long batch and says where it is', async () => {
    const table = await inFormat('table')
    expect(table).toContain('61 more')
    expect(table).toContain('--format ndjson')
    expect(table).toContain('a power cut now loses nothing: all 100 completed writes are stable')
    // No colour and no frame that only a terminal shows.
    expect(table).not.toContain('\u001b')
  })

  it('markdown has a heading and tables that markdown renders', async () => {
    const markdown = await inFormat('markdown')
    expect(markdown).toMatch(/^# /)
    expect(markdown).toMatch(/^\| ---: \| ---: \| --- \| --- \| ---: \| --- \|$/m)
  })
})

describe('a reader that goes away', () => {
  const MANY = lines('REPEAT 5000', 'IN 0 512', 'END')

  it.each([
    ['keeps the status of a run that succeeded', [], 0],
    ['keeps the status of a run that has to say no', lines('OUT 1M 512'), 1],
  ] as const)('%s, and is no error', async (_title, more, exit) => {
    const child = start(['run', image, ...MANY, ...more, '--json'])
    child.stdin?.end()
    const stderr = text(child.stderr as NodeJS.ReadableStream)
    child.stdout?.once('data', () => child.stdout?.destroy()) // far more is to come than a pipe holds
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect({status, signal, stderr: await stderr}).toEqual({status: exit, signal: null, stderr: ''})
  })

  it('before the first byte does not keep the run from doing its work', async () => {
    const child = start(['run', image, ...lines('OUT 0 512 pattern=0xaa', 'FLUSH'), '--json'])
    child.stdout?.destroy()
    child.stdin?.end()
    const stderr = text(child.stderr as NodeJS.ReadableStream)
    const [status] = (await once(child, 'exit')) as [number | null]
    expect({status, stderr: await stderr}).toEqual({status: 0, stderr: ''})
    expect(hashOf(image)).not.toBe(hashOf(scene.file('before.img', 2 ** 20, 0x11)))
  })

  it.each(['table', 'json', 'ndjson', 'csv', 'markdown'])('as head does is no error in %s', (format) => {
    const bin = new URL('../../bin/run.js', import.meta.url).pathname
    const script =
      '"$0" "$1" run "$2" -c "REPEAT 5000" -c "IN 0 512" -c END --format "$3" | head -n 1; echo "${PIPESTATUS[0]}"'
    const {stdout, stderr} = spawnSync('bash', ['-c', script, process.execPath, bin, image, format], {encoding: 'utf8'})
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0')
  })
})

describe('an output that is full', () => {
  const full = capability(existsSync('/dev/full'), 'this system has no /dev/full')
  const hasShell = capability(existsSync('/bin/sh'), 'this system has no /bin/sh')

  itNeeds([full, hasShell], 'ends the command with 4 and a hint on stderr, after the run took place', async () => {
    const through = ['/bin/sh', '-c', 'exec "$0" "$@" > /dev/full']
    const ended = await endOf(start(['run', image, ...lines('OUT 0 512', 'FLUSH'), '--json'], {through}))
    expect(ended.exit).toBe(4)
    expect(ended.stderr).toMatch(/^error: writing the output failed: ENOSPC/)
    expect(ended.stderr).toContain('The run itself took place.')
    expectNoStack(ended)
  })
})

describe('without a terminal', () => {
  it('nothing but the report is printed, and nothing moves', async () => {
    const ended = await flushpoint(['run', image, ...BATCH], {env: {FORCE_COLOR: '1', CI: ''}})
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(ended.stdout).not.toContain('\u001b')
    expect(ended.stdout).not.toContain('\r')
  })

  it('no line of the table is wider than 100 columns', async () => {
    const {stdout} = await flushpoint(['run', image, ...BATCH])
    // The path of the image is the user's choice, as is its underline.
    const widths = stdout
      .split('\n')
      .slice(2)
      .map((line) => line.length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(100)
  })
})
