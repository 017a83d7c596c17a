import {readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {tool} from '../interop/made-images.js'
import {expectRefusal, flushpoint, lines, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const FROM = 64 * 512
const SECTORS = 64

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.path('disk.img')
  const disk = new Disk(256).record(0, [
    {type: 0x83, firstLba: FROM / 512, sectors: SECTORS},
    {type: 0x83, firstLba: 200, sectors: 1000},
  ])
  writeFileSync(image, disk.bytes)
})
afterEach(() => scene.close())

/** The image with bytes of a partition changed. */
function changed(
  before: Buffer,
  ...changes: readonly [offsetBytes: number, fill: number, lengthBytes: number][]
): Buffer {
  const after = Buffer.from(before)
  for (const [at, fill, length] of changes) after.fill(fill, FROM + at, FROM + at + length)
  return after
}

/** What of the image is not in the first partition. */
function outside(content: Buffer): Buffer {
  return Buffer.concat([content.subarray(0, FROM), content.subarray(FROM + SECTORS * 512)])
}

describe('run on a partition', () => {
  it.each(CACHE_MODES.flatMap(({name}) => [[name, 'auto'] as const, [name, 'threads'] as const]))(
    'changes nothing but what it writes there, under %s with --aio %s',
    async (mode, aio) => {
      const before = readFileSync(image)
      const batch = ['OUT 0 4k pattern=0x11', 'OUT 28k 4k pattern=0x22', 'FLUSH', 'IN 28k 4k verify=0x22']
      const lines = batch.flatMap((line) => ['-c', line])
      const {exit, stdout} = await flushpoint([
        ...['run', `${image}#p1`, ...lines, '--cache', mode, '--aio', aio, '--json'],
      ])
      expect([exit, (JSON.parse(stdout) as {image: {sizeBytes: number}}).image.sizeBytes]).toEqual([0, SECTORS * 512])
      expect(readFileSync(image).equals(changed(before, [0, 0x11, 4096], [28 * 1024, 0x22, 4096]))).toBe(true)
    },
  )

  it('ends where the partition does', async () => {
    const {exit, stdout} = await flushpoint(['run', `${image}#p1`, '-c', `OUT ${SECTORS}s 1s`, '--json'])
    expect(exit).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({requests: [{status: 'IOERR'}]})
  })

  it('sees and records what is there, on a copy and on a simulated disk too', async () => {
    const before = readFileSync(image)
    before.write('what was there', FROM + 512)
    writeFileSync(image, before)
    for (const more of [['--snapshot'], ['--aio', 'sim']]) {
      const trace = scene.path(`${more.length}.trace`)
      const batch = ['-c', 'IN 512 512', '-c', 'OUT 512 512 pattern=0x33']
      expect((await flushpoint(['run', `${image}#p1`, ...batch, ...more, '--trace', trace])).exit).toBe(0)
      const text = await flushpoint(['trace', 'export', trace, '--to', 'ndjson', '-o', '-'])
      expect(text.stdout).toContain('"sizeBytes":32768')
      expect(text.stdout).toContain(Buffer.from('what was there').toString('base64').slice(0, 12))
    }
    expect(readFileSync(image).equals(before)).toBe(true)
  })

  it('refuses one that is not there, or reaches beyond the end', async () => {
    const run = (name: string): string[] => ['run', name, '-c', 'OUT 0 4k']
    await expectRefusal(scene, run(`${image}#p9`), {exit: 2, code: 'E_NO_PARTITION', says: 'has no partition 9'})
    await expectRefusal(scene, run(`${image}#p2`), {exit: 3, code: 'E_PART', says: 'does not hold'})
  })
})

describe('a batch that names partitions', () => {
  peerIt(['sfdisk'], 'writes where they begin, on the whole image and from a partition of it', async () => {
    const disk = scene.file('made.img', 4 * 2 ** 20)
    tool('sfdisk', ['-q', disk], 'label: gpt\nstart=2048,size=2048\nstart=4096,size=2048\n')
    const run = (name: string, ...batch: readonly string[]) => flushpoint(['run', name, ...lines(...batch)])
    expect(await run(disk, 'OUT p1+4k 4k pattern=0x11', 'OUT p2 4k pattern=0x22', 'FLUSH')).toMatchObject({exit: 0})
    expect(await run(`${disk}#p2`, 'IN p2 4k verify=0x22', 'OUT p2+1s 512 pattern=0x33')).toMatchObject({exit: 0})
    const written = readFileSync(disk)
    const at = [2 ** 20, 2 ** 20 + 4096, 2 ** 21, 2 ** 21 + 512].map((offset) => written[offset])
    expect(at).toEqual([0, 0x11, 0x22, 0x33])
  })

  it('is refused with its line and column, before anything is written', async () => {
    const run = (batch: string, ...more: string[]) => ['run', image, ...lines('OUT 0 4k', batch), ...more]
    const refused = {exit: 2, code: 'E_BATCH'}
    await expectRefusal(scene, run('OUT p9 4k'), {...refused, says: `-c:2:5: ${image} has no partition 9`})
    await expectRefusal(scene, run('OUT p1+1 4k'), {...refused, says: '-c:2:5: offset is byte 32769, within a sector'})
    await expectRefusal(scene, ['run', scene.path('new.img'), ...lines('OUT p1 4k'), '--create', '1M'], {
      ...refused,
      says: '-c:1:5: p1 is a partition, and the image is to be made: it has none',
    })
  })
})

describe('bench on a partition', () => {
  const ONCE = ['--loops', '1']
  const cases: (readonly [mode: string, path: readonly string[]])[] = [
    ...CACHE_MODES.map(({name}) => [name, ['auto', ...ONCE]] as const),
    ['none', ['threads', ...ONCE]],
    ['writeback', ['threads', '--numjobs', '2', ...ONCE]],
    ['none', ['auto', '--submit', 'ring', ...ONCE]],
    ['none', ['auto', '--submit', 'inline', ...ONCE]],
    ['writethrough', ['auto', '--numjobs', '2', ...ONCE]],
    ['writeback', ['auto', '--runtime', '50ms']], // long enough for both ways to be tried first
  ]
  const ALL = ['--rw', 'randwrite', '--flush-every', '4', '--rounds', '1', '--allow-write', '--json']

  it.each(cases)('writes every block of it and none beside it, under %s with --aio %j', async (mode, path) => {
    const before = readFileSync(image)
    const {exit, stdout} = await flushpoint(['bench', `${image}#p1`, ...ALL, '--cache', mode, '--aio', ...path])
    expect([exit, JSON.parse(stdout)]).toMatchObject([
      0,
      {flushpoint: {image: `${image}#p1`, sizeBytes: SECTORS * 512}},
    ])
    const after = readFileSync(image)
    expect(outside(after).equals(outside(before))).toBe(true)
    for (let at = 0; at < SECTORS * 512; at += 4096) {
      expect(after.subarray(FROM + at, FROM + at + 4096).every((byte) => byte === 0)).toBe(false)
    }
  })

  it('verifies, records, preallocates and times syncs there, and nowhere else', async () => {
    const before = readFileSync(image)
    const words = ['--rw', 'randwrite', '--loops', '1']
    const at = (...more: string[]) => flushpoint(['bench', `${image}#p1`, ...more])
    expect(await at(...words, '--verify', '--rounds', '1', '--allow-write', '--preallocate')).toMatchObject({exit: 0})
    expect(await at(...words, '--verify-only')).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('all 8 blocks'),
    })
    expect(
      readFileSync(image)
        .subarray(FROM, FROM + 8)
        .toString(),
    ).toBe('fpverify')
    expect(await at('--sync-methods', '--runtime', '5ms', '--rounds', '1', '--allow-write')).toMatchObject({exit: 0})
    expect(
      readFileSync(image)
        .subarray(FROM, FROM + 4096)
        .every((byte) => byte === 0x5a),
    ).toBe(true)
    const trace = scene.path('p.trace')
    expect(await at(...words, '--record', trace, '--allow-write')).toMatchObject({exit: 0})
    const text = await flushpoint(['trace', 'export', trace, '--to', 'ndjson', '-o', '-'])
    expect(text.stdout).toContain('"sizeBytes":32768')
    expect(text.stdout).toContain(Buffer.alloc(48, 0x5a).toString('base64'))
    expect(outside(readFileSync(image)).equals(outside(before))).toBe(true)
  })

  it('takes starts of partitions in --offset', async () => {
    const before = readFileSync(image)
    const flags = ['--offset', 'p1+8k', '--size', '4k', '--loops', '1', '--rounds', '1', '--rw', 'write']
    for (const name of [image, `${image}#p1`]) {
      writeFileSync(image, before)
      expect(await flushpoint(['bench', name, ...flags, '--allow-write'])).toMatchObject({exit: 0})
      const after = readFileSync(image)
      const at = FROM + 8192
      expect(after.subarray(at, at + 4096).equals(before.subarray(at, at + 4096))).toBe(false)
      after.set(before.subarray(at, at + 4096), at)
      expect(after.equals(before)).toBe(true)
    }
  })

  it('names it where consent is asked for, and refuses one that is not there or does not fit', async () => {
    const bench = (name: string, ...more: string[]): string[] => ['bench', name, '--rw', 'write', ...more]
    await expectRefusal(scene, bench('disk.img#p1'), {
      exit: 2,
      code: 'E_BENCH_OVERWRITE',
      says: `overwrites what disk.img#p1 holds, bytes ${FROM} to ${FROM + SECTORS * 512} of disk.img`,
    })
    const allowed = ['--allow-write']
    await expectRefusal(scene, bench('disk.img#p9', ...allowed), {
      exit: 2,
      code: 'E_NO_PARTITION',
      says: 'has no partition 9',
    })
    await expectRefusal(scene, bench('disk.img#p2', ...allowed), {exit: 3, code: 'E_PART', says: 'does not hold'})
    await expectRefusal(scene, bench('disk.img#p1', '--size', '64k', ...allowed), {
      exit: 2,
      code: 'E_BENCH_SIZE',
      says: 'disk.img#p1 has 32 KiB',
    })
  })
})

describe('serve nbd on a partition', () => {
  peerIt(['qemu-io'], 'gives clients the partition, and leaves its neighbours alone', async () => {
    const before = readFileSync(image)
    const {exit} = await flushpoint([
      ...['serve', 'nbd', `${image}#p1`, '--'],
      ...['qemu-io', '-f', 'raw', '-c', 'write -P 0x44 8k 4k', '-c', 'write -z 16k 4k', '-c', 'flush', '{uri}'],
    ])
    expect(exit).toBe(0)
    expect(readFileSync(image).equals(changed(before, [8192, 0x44, 4096], [16_384, 0, 4096]))).toBe(true)
  })
})
