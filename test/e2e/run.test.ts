import {execFileSync} from 'node:child_process'
import {readFileSync, statSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {contents, direct, flushpoint, hashOf, lines, runJson, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const KIB = 1024

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', KIB * KIB, 0x11)
})
afterEach(() => scene.close())

function bytesAt(offsetBytes: number, lengthBytes: number): Set<number> {
  return new Set(readFileSync(image).subarray(offsetBytes, offsetBytes + lengthBytes))
}

describe('a batch', () => {
  it('changes the bytes it writes and no others', async () => {
    const batch = lines('OUT 4k 4k pattern=0xaa', 'OUT 12k 512 pattern=text:"ab"', 'WRITE_ZEROES 64k 4k', 'FLUSH')
    expect(await runJson([image, ...batch])).toMatchObject({exit: 0})
    const expected = Buffer.alloc(KIB * KIB, 0x11)
    expected.fill(0xaa, 4 * KIB, 8 * KIB)
    expected.fill('ab', 12 * KIB, 12 * KIB + 512)
    expected.fill(0, 64 * KIB, 68 * KIB)
    expect(readFileSync(image).equals(expected)).toBe(true)
  })

  it('is read from a file, from stdin and from -c with the same result', async () => {
    const batch = ['# one write', 'OUT 0 4k pattern=seed:3', '', 'FLUSH']
    const path = scene.path('batch.fp')
    writeFileSync(path, batch.join('\r\n'))
    const ways = [
      await runJson([image, path]),
      await runJson([image, '-'], {input: batch.join('\n')}),
      await runJson([image, ...lines(...batch)]),
    ]
    for (const {exit, document} of ways) {
      expect(exit).toBe(0)
      expect(document.requests.map(({id, line, kind, status}) => ({id, line, kind, status}))).toEqual([
        {id: 1, line: 2, kind: 'OUT', status: 'OK'},
        {id: 2, line: 4, kind: 'FLUSH', status: 'OK'},
      ])
    }
  })

  it('may repeat, wait and depend, at any depth', async () => {
    const batch = lines(
      'REPEAT 16',
      'OUT ${i}*4k 4k pattern=seed:${i}',
      'END',
      'WAIT',
      'FLUSH as=flushed',
      'MARK told',
      'REPEAT 16',
      'IN ${i}*4k 4k verify=seed:${i} after=flushed',
      'END',
    )
    const {exit, document} = await runJson([image, ...batch, '--depth', '8', '--require', 'stable'])
    expect(exit).toBe(0)
    expect(document.counts).toMatchObject({total: 33, ran: 33, ok: 33, verifyFailed: 0, writes: 16, stableWrites: 16})
    expect(document).toMatchObject({marks: [{name: 'told', reached: true}]})
  })

  it('cancels what depends on a request that failed', async () => {
    const {exit, document} = await runJson([
      image,
      ...lines('OUT 1M 4k as=a', 'OUT 0 4k as=b after=a', 'FLUSH after=b'),
    ])
    expect(exit).toBe(1)
    expect(document.requests.map(({status}) => status)).toEqual(['IOERR', 'CANCELED', 'CANCELED'])
    expect(bytesAt(0, 4096)).toEqual(new Set([0x11]))
  })

  for (const mode of CACHE_MODES) {
    for (const aio of ['auto', 'threads', 'sim']) {
      itNeeds(
        mode.direct ? [direct] : [],
        `B20: reads its own unflushed writes, under ${mode.name} with --aio ${aio}`,
        async () => {
          const batch = lines('OUT 4k 4k pattern=0xbb', 'IN 4k 4k verify=0xbb', 'IN 0 4k verify=0x11')
          expect(await runJson([image, ...batch, '--cache', mode.name, '--aio', aio])).toMatchObject({exit: 0})
        },
      )
    }
  }
})

describe('verify=', () => {
  const batch = lines(
    'OUT 8k 512 pattern=0xaa',
    'OUT 8704 512 pattern=0xcc',
    'IN 8k 1k verify=0xaa',
    'IN 8k 512 verify=0xaa',
  )

  it('that finds other data names the offset and both sides, and the run ends with 1', async () => {
    const {exit, stdout} = await flushpoint(['run', image, ...batch])
    expect(exit).toBe(1)
    expect(stdout).toContain('OK, data differs')
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `#3 (line 3) first differs at byte 8704: expected ${'aa'.repeat(16)}, found ${'cc'.repeat(16)}`,
    )
  })

  it('says the same to scripts; for the device the request is OK', async () => {
    const {exit, document} = await runJson([image, ...batch])
    expect(exit).toBe(1)
    expect(document.counts).toMatchObject({ok: 4, asExpected: 4, verifyFailed: 1})
    expect(document.requests[2]).toMatchObject({
      status: 'OK',
      verify: {ok: false, offsetBytes: 8704, expected: 'aa'.repeat(16), found: 'cc'.repeat(16)},
    })
    expect(document.requests[3]?.verify).toMatchObject({ok: true})
  })
})

describe('raw types', () => {
  it('A13: 0x80000001 is an OUT with the BARRIER bit', async () => {
    const {document} = await runJson([image, ...lines('TYPE 0x80000001 512 512')])
    expect(document.requests[0]).toMatchObject({kind: 'OUT', flags: ['BARRIER_BIT'], status: 'OK', offsetBytes: 512})
    expect(bytesAt(512, 512)).not.toEqual(new Set([0x11]))
    expect(bytesAt(0, 512)).toEqual(new Set([0x11]))
    expect(bytesAt(1024, 4096)).toEqual(new Set([0x11]))
  })

  it('A11: type 5 flushes as type 4 does', async () => {
    for (const type of ['4', '5']) {
      const {document} = await runJson([image, ...lines('OUT 0 512', `TYPE ${type} 0 0`)])
      expect(document.requests[0]?.stable).toMatchObject({by: 'flush', request: 2})
      expect(document.aio.syncs).toBe(1)
    }
    const {document} = await runJson([image, ...lines('TYPE 4 0 0', 'TYPE 5 0 0', 'TYPE 0x80000005 0 0')])
    expect(document.requests.map(({kind}) => kind)).toEqual(['FLUSH', 'FLUSH_OUT', 'FLUSH_OUT'])
  })

  it('A14, A27, A28: types this device does not know are UNSUPP and change nothing', async () => {
    const before = hashOf(image)
    const types = [2, 6, 7, 9, 12, 16, 17, 0x7fffffff]
    const {exit, document} = await runJson([image, ...lines(...types.map((type) => `TYPE ${type} 0 512`))])
    expect(exit).toBe(1)
    expect(document.requests.map(({status}) => status)).toEqual(types.map(() => 'UNSUPP'))
    expect(hashOf(image)).toBe(before)
  })

  it('A20: unmap on a DISCARD is UNSUPP, reserved flags too', async () => {
    const before = hashOf(image)
    const {document} = await runJson([image, ...lines('TYPE 11 0 4k flags=1', 'TYPE 13 0 4k flags=2')])
    expect(document.requests.map(({status}) => status)).toEqual(['UNSUPP', 'UNSUPP'])
    expect(hashOf(image)).toBe(before)
  })

  it('GET_ID tells the name of the device', async () => {
    const {document} = await runJson([image, ...lines('GET_ID', 'TYPE 8 0 4')])
    expect(document.requests).toMatchObject([
      {kind: 'GET_ID', status: 'OK', text: 'flushpoint'},
      {kind: 'GET_ID', status: 'OK', text: 'flus'},
    ])
  })
})

describe('--create', () => {
  it('B19: makes a sparse image whose data has been synced when the command ends with 0', async () => {
    const path = scene.path('new.img')
    const {exit, document} = await runJson([path, ...lines('OUT 512k 4k pattern=0xaa'), '--create', '64M'])
    expect(exit).toBe(0)
    expect(document).toMatchObject({image: {created: true, sizeBytes: 64 * 2 ** 20}, closingSync: 'done'})
    const {size, blocks} = statSync(path)
    expect(size).toBe(64 * 2 ** 20)
    expect(blocks * 512).toBeLessThan(2 ** 20)
    expect(new Set(readFileSync(path).subarray(512 * KIB, 516 * KIB))).toEqual(new Set([0xaa]))
  })
})

describe('--read-only', () => {
  it('A24, A25: refuses what writes with IOERR, answers the rest, and ends with 1', async () => {
    const before = contents(scene.folder)
    const batch = lines('OUT 0 512', 'WRITE_ZEROES 0 512', 'DISCARD 0 512', 'IN 0 512 verify=0x11', 'FLUSH', 'GET_ID')
    const {exit, document} = await runJson([image, ...batch, '--read-only'])
    expect(exit).toBe(1)
    expect(document.requests.map(({status}) => status)).toEqual(['IOERR', 'IOERR', 'IOERR', 'OK', 'OK', 'OK'])
    expect(document.cache.openFlags).toEqual(['O_RDONLY'])
    expect(document.image).toMatchObject({readOnly: true})
    expect(contents(scene.folder)).toEqual(before)
  })
})

describe('--snapshot', () => {
  it('lets a batch write and read on without touching the image, and leaves nothing behind', async () => {
    const before = contents(scene.folder)
    const batch = lines('OUT 0 4k pattern=0xaa', 'FLUSH', 'IN 0 4k verify=0xaa', 'IN 4k 4k verify=0x11')
    const {exit, document} = await runJson([image, ...batch, '--snapshot'])
    expect(exit).toBe(0)
    expect(document.image).toMatchObject({snapshot: true, readOnly: false})
    expect(contents(scene.folder)).toEqual(before)
  })
})

describe('--require stable', () => {
  it.each([
    {mode: 'writeback', batch: ['OUT 0 4k'], exit: 1},
    {mode: 'writeback', batch: ['OUT 0 4k', 'FLUSH'], exit: 0},
    {mode: 'writeback', batch: ['OUT 0 4k', 'FLUSH', 'OUT 4k 4k'], exit: 1},
    {mode: 'writeback', batch: ['OUT 0 4k fua'], exit: 0},
    {mode: 'writeback', batch: ['OUT 0 4k barrier'], exit: 1},
    {mode: 'writeback', batch: ['IN 0 4k'], exit: 0},
    {mode: 'writethrough', batch: ['OUT 0 4k'], exit: 0},
    {mode: 'unsafe', batch: ['OUT 0 4k', 'FLUSH'], exit: 1},
    {mode: 'unsafe', batch: ['OUT 0 4k fua', 'FLUSH'], exit: 1},
  ])('ends $batch under $mode with $exit', async ({mode, batch, exit}) => {
    const asked = await runJson([image, ...lines(...batch), '--cache', mode, '--require', 'stable'])
    expect(asked.exit).toBe(exit)
    expect(asked.document.atRisk.powerLoss.bytes > 0).toBe(exit === 1)
    // Without the flag the same risk is only reported.
    expect(await runJson([image, ...lines(...batch), '--cache', mode])).toMatchObject({exit: 0})
  })

  itNeeds([direct], 'ends an unflushed OUT under none with 1: O_DIRECT is not durable', async () => {
    const unflushed = [image, ...lines('OUT 0 4k'), '--cache', 'none', '--require', 'stable']
    expect(await runJson(unflushed)).toMatchObject({exit: 1})
    expect(await runJson([...unflushed, '-c', 'FLUSH'])).toMatchObject({exit: 0})
  })
})

describe('a cache mode', () => {
  it('B7: unsafe answers FLUSH with OK, syncs nothing, and says that FLUSH is ignored', async () => {
    const {exit, document} = await runJson([image, ...lines('OUT 0 4k', 'FLUSH', 'FLUSH'), '--cache', 'unsafe'])
    expect(exit).toBe(0)
    expect(document.aio.syncs).toBe(0)
    expect(document.requests.map(({status}) => status)).toEqual(['OK', 'OK', 'OK'])
    expect(document.requests[0]?.stable.by).toBe('none')
    expect(document.guarantees.find(({id}) => id === 'G-FLUSH')?.holds).toBe(false)
    expect(document.hazards.find(({code}) => code === 'FLUSH_IGNORED')?.requests).toEqual([2, 3])
    expect(document.atRisk).toMatchObject({
      processKill: {bytes: 0},
      osCrash: {bytes: 4096},
      powerLoss: {bytes: 4096},
    })
    expect(document.closingSync).toBe('skipped')
  })

  itNeeds([direct], 'B8: none puts a write into a hole at risk of an OS crash until a FLUSH', async () => {
    scene.file('sparse.img', 2 ** 20)
    const run = ['--cache', 'none', ...lines('OUT 64k 4k')]
    const unflushed = await runJson([scene.path('sparse.img'), ...run])
    expect(unflushed.document.atRisk).toMatchObject({osCrash: {bytes: 4096}, powerLoss: {bytes: 4096}})
    expect(unflushed.document.hazards.map(({code}) => code)).toContain('HOLE_UNDER_NONE')
    scene.file('other.img', 2 ** 20)
    const flushed = await runJson([scene.path('other.img'), ...run, '-c', 'FLUSH'])
    expect(flushed.document.atRisk).toMatchObject({osCrash: {bytes: 0}, powerLoss: {bytes: 0}})
    expect(flushed.document.requests[0]?.stable).toMatchObject({by: 'flush', request: 2})
  })

  it.each(['threads', 'auto'])('B14: writeback syncs once for two OUT and a FLUSH, with --aio %s', async (aio) => {
    const {document} = await runJson([image, ...lines('OUT 0 4k', 'OUT 8k 4k', 'FLUSH'), '--aio', aio])
    expect(document.aio.syncs).toBe(1)
    const since = {by: 'flush', request: 3}
    expect(document.requests.map(({stable}) => stable)).toMatchObject([since, since, {by: 'none'}])
  })

  itNeeds([direct], 'B15: off is another name of none', async () => {
    const {document} = await runJson([image, ...lines('IN 0 4k'), '--cache', 'off'])
    expect(document.cache).toEqual({
      mode: 'none',
      asked: 'none',
      openFlags: ['O_RDWR', 'O_DIRECT'],
      writeCacheEnabled: true,
    })
  })

  itNeeds([direct], 'none takes requests finer than O_DIRECT does, and keeps their neighbours', async () => {
    const batch = lines('OUT 512 512 pattern=0xaa', 'OUT 1536 1k pattern=0xbb', 'FLUSH')
    expect(await runJson([image, ...batch, '--cache', 'none', '--depth', '4'])).toMatchObject({exit: 0})
    const expected = Buffer.alloc(KIB * KIB, 0x11)
    expected.fill(0xaa, 512, 1024)
    expected.fill(0xbb, 1536, 2560)
    expect(readFileSync(image).equals(expected)).toBe(true)
  })
})

describe('an image that is no whole number of sectors', () => {
  it('A32: is as large as its whole sectors, and the tail is named', async () => {
    const odd = scene.file('odd.img', 1_000_000, 0x22)
    const {exit, document} = await runJson([odd, ...lines('OUT 1952s 512 pattern=0xaa', 'OUT 1953s 512 expect=IOERR')])
    expect(exit).toBe(0)
    expect(document.image.sectors).toBe(1953)
    expect(document.notes.join(' ')).toContain('The last 64 bytes of')
    const after = readFileSync(odd)
    expect(after.length).toBe(1_000_000)
    expect(new Set(after.subarray(-64))).toEqual(new Set([0x22]))
    expect(new Set(after.subarray(-64 - 512, -64))).toEqual(new Set([0xaa]))
  })
})

describe('a backend', () => {
  it('sim gives the same document for the same seed, every number included, and only reads the image', async () => {
    const before = contents(scene.folder)
    const batch = lines('REPEAT 20', 'OUT ${i}*4k 4k', 'END', 'FLUSH', 'REPEAT 5', 'IN ${i}*8k 4k', 'END')
    const run = ['run', image, ...batch, '--aio', 'sim', '--depth', '8', '--seed', '7', '--json']
    const [first, second] = await Promise.all([flushpoint(run), flushpoint(run)])
    expect(first.exit).toBe(0)
    expect(first.stdout).toBe(second.stdout)
    expect(contents(scene.folder)).toEqual(before)
  })

  it('sim needs no file at all with --create', async () => {
    const {exit, document} = await runJson([
      scene.path('no.img'),
      ...lines('OUT 0 4k'),
      '--aio',
      'sim',
      '--create',
      '1G',
    ])
    expect(exit).toBe(0)
    expect(document.notes).toContain('the disk is simulated, no file is made')
    expect(contents(scene.folder)).toHaveLength(1)
  })

  it('threads is what is left without native calls, and auto says why', async () => {
    const batch = lines('OUT 0 4k pattern=0xaa fua', 'OUT 4k 4k', 'FLUSH', 'IN 0 4k verify=0xaa')
    const env = {FLUSHPOINT_NO_NATIVE: '1'}
    const asked = await runJson([image, ...batch, '--aio', 'threads', '--require', 'stable'], {env})
    expect(asked).toMatchObject({exit: 0, document: {aio: {backend: 'threads'}}})
    const fallback = await runJson([image, ...batch, '--require', 'stable'], {env})
    expect(fallback).toMatchObject({exit: 0, document: {aio: {backend: 'threads'}}})
    expect(fallback.document.aio.reason).toContain('FLUSHPOINT_NO_NATIVE=1')
    // Without native calls there are no locks, and nothing tells whether somebody else writes.
    expect(fallback.document.notes.join(' ')).toContain('Locks unavailable')
  })
})

describe('the installed command', () => {
  it('tells its version and its help on stdout', () => {
    const bin = new URL('../../bin/run.js', import.meta.url).pathname
    expect(execFileSync(process.execPath, [bin, '--version'], {encoding: 'utf8'})).toMatch(/^flushpoint\/\d/)
    const help = execFileSync(process.execPath, [bin, 'run', '--help'], {encoding: 'utf8'})
    for (const flag of ['--cache', '--aio', '--depth', '--ordering', '--create', '--snapshot', '--require', '--json']) {
      expect(help).toContain(flag)
    }
  })
})
