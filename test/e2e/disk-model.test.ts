import {execFileSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {
  contents,
  expectNoStack,
  expectRefusal,
  flushpoint,
  lines,
  runJson,
  TIMEOUT_MS,
  type RunDocument,
} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

function batchFile(name: string, ...batch: readonly string[]): string {
  const path = scene.path(name)
  writeFileSync(path, batch.join('\n'))
  return path
}

const FLUSHING = ['REPEAT 8', 'OUT ${i}*4k 4k pattern=0xaa', 'FLUSH', 'END']
const WRITING = ['REPEAT 16', 'OUT ${i}*64k 4k pattern=0xbb', 'END']
const onModel = (model: string): string[] => ['--aio', 'sim', '--disk', model]

interface Guest {
  readonly batch: string
  readonly alone: Readonly<Record<string, number>>
  readonly beside: Readonly<Record<string, number>>
  readonly run: RunDocument
}

describe('--disk', () => {
  it.each(['hdd', 'ssd', 'nvme'])('%s costs the same each time, and the image is only read', async (model) => {
    const before = contents(scene.folder)
    const args = ['run', image, ...lines(...FLUSHING), ...onModel(model), '--cache', 'none', '--depth', '4', '--json']
    const first = await flushpoint(args)
    const second = await flushpoint(args)
    expect(first.exit).toBe(0)
    expect(second.stdout).toBe(first.stdout)
    const {aio} = JSON.parse(first.stdout) as RunDocument
    expect(aio.reason).toContain(model)
    expect(aio.elapsedNs).toBeGreaterThan(0)
    expect(contents(scene.folder)).toEqual(before)
  })

  it('a file changes a model by its fields', async () => {
    const slow = scene.path('slow.json')
    writeFileSync(slow, '{"like": "ssd", "name": "slow", "flushNs": 50000000}')
    const elapsed = async (model: string): Promise<number> =>
      (await runJson([image, ...lines('OUT 0 4k', 'FLUSH'), ...onModel(model), '--cache', 'none'])).document.aio
        .elapsedNs
    expect(await elapsed(slow)).toBeGreaterThan(50_000_000)
    expect(await elapsed('ssd')).toBeLessThan(50_000_000)
  })

  it('policies are compared in simulated time: a barrier that drains takes no less than one with tags', async () => {
    const batch = lines('REPEAT 16', 'OUT ${i}*8k 4k', 'OUT ${i}*8k+4k 4k barrier', 'END')
    const args = ['run', image, ...batch, ...onModel('ssd'), '--cache', 'none', '--depth', '8']
    const {stdout, exit} = await flushpoint([...args, '--ordering', 'drain-flush,tag-flush', '--json'])
    expect(exit).toBe(0)
    const {runs} = JSON.parse(stdout) as {runs: RunDocument[]}
    expect(runs.map(({ordering}) => ordering)).toEqual(['drain-flush', 'tag-flush'])
    const [drain, tag] = runs.map(({aio}) => aio.elapsedNs)
    expect(drain).toBeGreaterThan(tag ?? 0)
    const table = await flushpoint([...args, '--ordering', 'drain-flush,tag-flush'])
    expect(table.stdout).toMatch(/from first to last +[\d.]+ ms +[\d.]+ ms/)
  })

  it.each([
    ['{"like": "ssd", "flushNs": -1}', 'flushNs is -1'],
    ['{"like": "ssd", "flush": 1}', 'no field "flush"'],
    ['{"like": "floppy"}', 'floppy'],
    ['{"like": "ssd", "channels": "many"}', 'channels'],
    ['{"like":', 'not JSON'],
    ['[1]', 'not an object'],
    ['', 'not JSON'],
  ])('a file with %s is refused with the field, and without a stack', async (text, says) => {
    const path = scene.path('bad.json')
    writeFileSync(path, text)
    const args = ['run', image, ...lines('OUT 0 4k'), ...onModel(path)]
    const ended = await flushpoint(args)
    expect(ended).toMatchObject({exit: 5, stdout: ''})
    expect(ended.stderr).toContain(says)
    expect(ended.stderr).toMatch(/^ {2}hint: \S/m)
    expectNoStack(ended)
    const {error} = JSON.parse((await flushpoint([...args, '--json'])).stdout) as {error: Record<string, unknown>}
    expect(error).toMatchObject({exit: 5, message: expect.stringContaining(says) as unknown})
  })
})

describe('--beside', () => {
  let flushing: string
  let writing: string
  beforeEach(() => {
    flushing = batchFile('flushing.fp', ...FLUSHING)
    writing = batchFile('writing.fp', ...WRITING)
  })

  const beside = (...flags: readonly string[]): string[] => {
    return ['run', image, flushing, ...onModel('ssd'), '--cache', 'none', '--beside', writing, ...flags]
  }

  it('runs two guests on one drive, the same each time, and only reads the image', async () => {
    const before = contents(scene.folder)
    const first = await flushpoint(beside('--json'))
    expect(first).toMatchObject({exit: 0, stderr: ''})
    expect((await flushpoint(beside('--json'))).stdout).toBe(first.stdout)
    const {schema, guests} = JSON.parse(first.stdout) as {schema: string; guests: Guest[]}
    expect(schema).toBe('flushpoint/beside@1')
    expect(guests.map(({batch}) => batch)).toEqual([flushing, writing])
    for (const guest of guests) {
      expect(guest.beside['elapsedNs']).toBeGreaterThanOrEqual(guest.alone['elapsedNs'] ?? 0)
      expect(guest.run.counts['ok']).toBe(16)
    }
    expect(contents(scene.folder)).toEqual(before)
  })

  it('a guest that flushes beside makes the writes of the other take longer', async () => {
    const {stdout, exit} = await flushpoint(beside())
    expect(exit).toBe(0)
    expect(stdout).toContain('Two guests on one drive: simulated ssd disk')
    const said = stdout.replaceAll(/\s+/g, ' ')
    expect(said).toMatch(/writing\.fp: 16 writes; the longest takes [\d.]+ times as long beside the other\./)
    expect(stdout).toContain('✓ ok: ')
  })

  it('ends with 1 when a guest did not end as its batch expects, or is not stable as required', async () => {
    const stable = await flushpoint(beside('--require', 'stable'))
    expect(stable.exit).toBe(1)
    expect(stable.stdout.replaceAll(/\s+/g, ' ')).toContain(`✗ not ok: ${writing}: a power cut now may lose 64 KiB`)
    const failing = batchFile('failing.fp', 'OUT 64M 4k')
    const args = ['run', image, flushing, ...onModel('ssd'), '--beside', failing]
    const failed = await flushpoint(args)
    expect(failed.exit).toBe(1)
    expect(failed.stdout.replaceAll(/\s+/g, ' ')).toContain('1 of 1 requests did not end as the batch expects: #1')
    const scripted = await flushpoint([...args, '--json'])
    expect(scripted.exit).toBe(1)
    expect(JSON.parse(scripted.stdout)).toMatchObject({schema: 'flushpoint/beside@1'})
  })

  it('has four rows of plain numbers as csv and four records as ndjson', async () => {
    const csv = (await flushpoint(beside('--format', 'csv'))).stdout.trimEnd().split('\n')
    expect(csv[0]).toBe('batch,ordering,when,writeMeanNs,writeLongestNs,elapsedNs')
    expect(
      csv.slice(1).map((row) =>
        row
          .split(',')
          .slice(3)
          .every((cell) => /^\d+$/.test(cell)),
      ),
    ).toEqual(Array.from({length: 4}, () => true))
    const records = (await flushpoint(beside('--format', 'ndjson'))).stdout.trimEnd().split('\n')
    expect(records.map((line) => JSON.parse(line) as object)).toMatchObject([
      {batch: flushing, when: 'alone'},
      {batch: flushing, when: 'beside'},
      {batch: writing, when: 'alone'},
      {batch: writing, when: 'beside'},
    ])
    expect((await flushpoint(beside('--format', 'markdown'))).stdout).toMatch(/^# Two guests on one drive/)
  })

  it('takes one of the two batches from stdin', async () => {
    const args = ['run', image, '-', ...onModel('ssd'), '--beside', writing]
    expect(await flushpoint(args, {input: FLUSHING.join('\n')})).toMatchObject({exit: 0})
  })

  it.each(['table', 'json', 'ndjson', 'csv', 'markdown'])('as head reads it is no error in %s', (format) => {
    const script = '"$0" "$@" | head -n 1; echo "${PIPESTATUS[0]}"'
    const args = [BIN, ...beside('--format', format)]
    const said = execFileSync('bash', ['-c', script, process.execPath, ...args], {encoding: 'utf8'})
    expect(said.trimEnd().split('\n').at(-1)).toBe('0')
  })
})

describe('a simulated drive that cannot be', () => {
  it.each([
    [['--disk', 'ssd'], 'E_RUN_FLAGS', '--disk is the cost of a simulated drive'],
    [['--disk', 'ssd', '--aio', 'threads'], 'E_RUN_FLAGS', '--disk is the cost of a simulated drive'],
    [['--disk', 'tape', '--aio', 'sim'], 'E_DISK_MODEL', '--disk tape: no model has this name'],
    [['--disk', '.', '--aio', 'sim'], 'E_DISK_MODEL', '(EISDIR)'],
    [['--beside', 'two.fp'], 'E_RUN_FLAGS', '--beside needs a simulated drive'],
    [['--beside', 'two.fp', '--aio', 'sim'], 'E_RUN_FLAGS', '--beside needs a simulated drive'],
    [[...onModel('ssd'), '--beside', 'none.fp'], 'E_BATCH', 'none.fp: the batch cannot be read (ENOENT)'],
    [[...onModel('ssd'), '--beside', 'bad.fp'], 'E_BATCH', 'bad.fp:1:6'],
    [
      [...onModel('ssd'), '--beside', 'two.fp', '--cache', 'none,writeback'],
      'E_RUN_FLAGS',
      '--beside compares two guests',
    ],
    [
      [...onModel('ssd'), '--beside', 'two.fp', '--ordering', 'drain,tag'],
      'E_RUN_FLAGS',
      '--beside compares two guests',
    ],
  ])('%o is refused before anything is touched', async (flags, code, says) => {
    batchFile('two.fp', 'OUT 0 4k')
    batchFile('bad.fp', 'SCSI zz')
    await expectRefusal(scene, ['run', 'disk.img', ...lines('OUT 0 4k'), ...flags], {exit: 2, code, says})
  })

  it('stdin is no batch of both guests', async () => {
    const args = ['run', 'disk.img', '-', ...onModel('ssd'), '--beside', '-']
    await expectRefusal(scene, args, {exit: 2, code: 'E_RUN_FLAGS', says: 'stdin is named as the batch of both guests'})
  })
})
