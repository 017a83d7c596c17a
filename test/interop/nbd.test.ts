import {execFile} from 'node:child_process'
import {copyFileSync, readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {Prng} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {direct, flushpoint, hashOf, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer, type Need, type PeerName} from '../peers.js'
import {Served, uring} from '../serve/served.js'
import {CACHE, DISC, FLUSH, RawClient, READ, request, TRIM, WRITE, WRITE_ZEROES} from '../serve/nbd/client.js'
import {KernelSyncs, kernelSyncNeeds} from './kernel-syncs.js'
import {callsOn, readSystemCalls, straceOf} from './system-calls.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const SIZE_BYTES = 8 * 2 ** 20
const run = promisify(execFile)

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', SIZE_BYTES)
})
afterEach(() => scene.close())

/** A file with data in its first MiB and in one of its last blocks, and holes elsewhere. */
function source(): string {
  const path = scene.path('source.img')
  const bytes = Buffer.alloc(2 ** 20)
  new Prng(7).fill(bytes)
  writeFileSync(path, bytes)
  truncateSync(path, SIZE_BYTES)
  return path
}

describe.each(['uring', 'threads'])('clients of a server with --aio %s', (aio) => {
  const itServes = (peers: readonly PeerName[], title: string, test: () => Promise<void>): void => {
    const needs = peers.map((name) => peer(name))
    itNeeds(aio === 'uring' ? [...needs, uring] : needs, title, test, TIMEOUT_MS)
  }
  const serve = (...flags: string[]): Promise<Served> => Served.start(scene, image, ['--aio', aio, ...flags])

  itServes(['nbdinfo'], 'nbdinfo sees the size, the flags and the allocation', async () => {
    const served = await serve()
    const {stdout} = await run('nbdinfo', ['--json', served.uri])
    const {exports} = JSON.parse(stdout) as {exports: Record<string, unknown>[]}
    // Without fallocate(2) nothing is given back.
    const punches = aio === 'uring'
    expect(exports[0]).toMatchObject({
      ...{'export-size': SIZE_BYTES, can_multi_conn: true, can_flush: true, can_fua: true, can_df: true},
      ...{can_trim: punches, can_zero: true, can_fast_zero: punches, can_cache: true, is_read_only: false},
      contexts: ['base:allocation'],
    })
    const map = await run('nbdinfo', ['--map', '--json', served.uri])
    expect(JSON.parse(map.stdout)).toEqual([{offset: 0, length: SIZE_BYTES, type: 3, description: 'hole,zero'}])
    for (const what of ['connect', 'write', 'multi-conn']) await run('nbdinfo', ['--can', what, served.uri])
    await served.stop()
  })

  itServes(['nbdcopy'], 'nbdcopy brings an image in and takes it out again, over four connections', async () => {
    const from = source()
    const served = await serve()
    await run('nbdcopy', ['--flush', '--connections=4', from, served.uri])
    await run('nbdcopy', ['--connections=4', served.uri, scene.path('back.img')])
    expect(hashOf(scene.path('back.img'))).toBe(hashOf(from))
    const {document} = await served.stop()
    expect(document.counts['connections']).toBeGreaterThanOrEqual(4)
    expect(document.bytesAtRisk).toBe(0)
    expect(hashOf(image)).toBe(hashOf(from))
  })

  itServes(['nbdcopy'], 'nbdcopy with four connections is the one client of a server with --once', async () => {
    const from = source()
    const copies = [
      [from, '{uri}'],
      ['{uri}', scene.path('back.img')],
    ]
    for (const words of copies) {
      const served = await serve('--once')
      const places = words.map((word) => word.replace('{uri}', served.uri))
      // It has no more connections than threads, and no more threads than processors unless told so.
      await run('nbdcopy', ['--flush', '--threads=4', '--connections=4', ...places])
      const {ended, document} = await served.end()
      expect(ended.exit).toBe(0)
      expect(document).toMatchObject({counts: {connections: 4, refused: 0, errors: 0}, faults: [], bytesAtRisk: 0})
    }
    expect(hashOf(image)).toBe(hashOf(from))
    expect(hashOf(scene.path('back.img'))).toBe(hashOf(from))
  })

  itServes(['qemu-img'], 'qemu-img converts into it, maps it, compares it and benches it', async () => {
    const from = source()
    const served = await serve()
    await run('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'raw', from, served.uri])
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', from, served.uri])).stdout).toContain(
      'identical',
    )
    await run('qemu-img', ['bench', '-f', 'raw', '-w', '-c', '200', '-d', '8', '-s', '4k', '-o', '4M', served.uri])
    await run('qemu-img', ['bench', '-f', 'raw', '-c', '200', '-d', '8', '-s', '4k', served.uri])
    if (aio === 'uring') {
      const map = await run('qemu-img', ['map', '-f', 'raw', '--output=json', served.uri])
      expect(JSON.parse(map.stdout)).toContainEqual(expect.objectContaining({zero: true, data: false}))
    }
    await served.stop()
  })

  itServes(['qemu-io'], 'two clients of qemu-io see what each other wrote, and what was written survives', async () => {
    const served = await serve()
    const io = (...commands: string[]): ReturnType<typeof run> =>
      run('qemu-io', ['-f', 'raw', served.uri, ...commands.flatMap((command) => ['-c', command])])
    const outputs = [
      await io('write -P 0xaa 64k 64k', 'write -f -P 0xbb 1M 4k', 'write -z -u 2M 64k', 'discard 3M 64k', 'flush'),
      await io('read -P 0xaa 64k 64k', 'read -P 0xbb 1M 4k', 'read -P 0 2M 64k'),
    ]
    for (const {stdout} of outputs) expect(String(stdout)).not.toMatch(/failed|error/i)
    await served.stop()
    const bytes = readFileSync(image)
    expect(bytes.subarray(65536, 131072).every((byte) => byte === 0xaa)).toBe(true)
  })

  itServes(
    ['fio'],
    'fio verifies what it wrote at random offsets and lengths with many requests in flight',
    async () => {
      const served = await serve()
      const job = ['--rw=randwrite', '--bsrange=512-300k', '--iodepth=16', `--size=${SIZE_BYTES}`, '--verify=crc32c']
      const args = ['--name=verify', '--ioengine=nbd', `--uri=${served.uri}`, '--randseed=3', '--do_verify=1', ...job]
      const {stdout} = await run('fio', args, {cwd: scene.folder})
      expect(stdout).toContain('err= 0')
      await served.stop()
    },
  )
})

const FUA = 1
/** A request about the same 4 KiB, with data where it needs them. */
function ask(type: number, flags = 0, length = 4096): Buffer {
  if (type === WRITE) return request({type, flags, offset: 4096, data: Buffer.alloc(length, 1)})
  return request({type, flags, offset: type === FLUSH ? 0 : 4096, length})
}

describe('the host syncs of a served image, counted by strace', () => {
  /** Syncs by a call of the thread pool; those of a ring are not calls. */
  const counted = async (mode: CacheModeName, ...requests: readonly Buffer[]): Promise<number> => {
    const log = scene.path('strace.log')
    const served = await Served.start(scene, image, ['--aio', 'threads', '--cache', mode, '--once'], straceOf(log))
    const client = await RawClient.connect(served.socket)
    await client.go()
    for (const bytes of requests) {
      client.send(bytes)
      expect(await client.simple()).toMatchObject({error: 0})
    }
    // strace would keep a signal to itself.
    client.send(request({type: DISC}))
    await client.readToEnd()
    client.close()
    const {document} = await served.end()
    const syncs = callsOn(readSystemCalls(log), image).filter(({name}) => /sync/.test(name)).length
    // The one that nobody asked for, when the server ends with something at risk.
    return syncs - (document.closingSync === 'done' ? 1 : 0)
  }
  const write = (flags = 0): Buffer => ask(WRITE, flags)
  const flush = ask(FLUSH, 0, 0)

  for (const mode of CACHE_MODES) {
    const needs: Need[] = [peer('strace'), ...(mode.direct ? [direct] : [])]
    const syncsEach = mode.dsync && !mode.direct
    itNeeds(
      needs,
      `are those that ${mode.name} needs for two writes, a FLUSH, one that has nothing to do, and a write with FUA`,
      async () => {
        const {noFlush} = cacheModeOf(mode.name)
        const flushed = await counted(mode.name, write(), write(), flush, flush)
        // The first FLUSH is also for what was there before.
        expect(flushed).toBe(noFlush ? 0 : syncsEach ? 2 : 1)
        // Through the page cache FUA is a sync behind the write, under O_DIRECT a write to a descriptor with O_DSYNC.
        const withFua = await counted(mode.name, write(1))
        expect(withFua).toBe(noFlush || mode.direct ? 0 : 1)
        // What is no write of data has no such descriptor: a sync comes behind each.
        const others = await counted(mode.name, ask(TRIM, FUA), ask(WRITE_ZEROES, FUA))
        expect(others).toBe(noFlush ? 0 : 2)
        expect(await counted(mode.name, ask(CACHE, FUA), ask(TRIM, FUA, 0))).toBe(0)
      },
      TIMEOUT_MS * 2,
    )
  }
})

describe.each(['uring', 'threads'])(
  'the syncs that reach the file system, counted by the kernel, with --aio %s',
  (aio) => {
    for (const mode of CACHE_MODES) {
      const needs = [...kernelSyncNeeds(), ...(aio === 'uring' ? [uring] : []), ...(mode.direct ? [direct] : [])]
      itNeeds(needs, `are one for each FUA and each FLUSH with something to do, under ${mode.name}`, async () => {
        const syncs = new KernelSyncs(image)
        scene.onClose(() => syncs.close())
        const served = await Served.start(scene, image, ['--aio', aio, '--cache', mode.name])
        const client = await RawClient.connect(served.socket)
        await client.go()
        syncs.take()
        const each = mode.noFlush ? 0 : 1
        const ifStableAtOnce = mode.dsync ? each : 0
        // Zeroes that are written, as the thread pool has to, are stable by the descriptor and get the sync of zeroes made in place too.
        const twice = aio === 'threads' && mode.dsync && mode.direct ? 2 : undefined
        const asked: readonly [name: string, bytes: Buffer, expected: number][] = [
          ['the first FLUSH, for what was there before', ask(FLUSH, 0, 0), each],
          ['FLUSH with nothing to do', ask(FLUSH, 0, 0), 0],
          ['WRITE', ask(WRITE), ifStableAtOnce],
          ['FLUSH', ask(FLUSH, 0, 0), mode.dsync ? 0 : each],
          ['WRITE, FUA', ask(WRITE, FUA), each],
          ['TRIM', ask(TRIM), ifStableAtOnce],
          ['TRIM, FUA', ask(TRIM, FUA), each],
          ['WRITE_ZEROES', ask(WRITE_ZEROES), twice ?? ifStableAtOnce],
          ['WRITE_ZEROES, FUA', ask(WRITE_ZEROES, FUA), twice ?? each],
          ['another WRITE', ask(WRITE), ifStableAtOnce],
          ['FLUSH, FUA', ask(FLUSH, FUA, 0), mode.dsync ? 0 : each],
          ['READ, FUA', ask(READ, FUA), 0],
          ['CACHE, FUA', ask(CACHE, FUA), 0],
        ]
        const counted: [string, number][] = []
        for (const [name, bytes] of asked) {
          client.send(bytes)
          expect(await client.simple()).toMatchObject({error: 0})
          if (name === 'READ, FUA') await client.read(4096)
          counted.push([name, syncs.take()])
        }
        expect(counted).toEqual(asked.map(([name, , expected]) => [name, expected]))
        client.close()
        await served.stop()
      })
    }
  },
)

describe('a recording of clients', () => {
  itNeeds(
    [peer('mkfs.ext4'), peer('qemu-img')],
    'of qemu-img convert of a real ext4 image has no crash state that lost what was flushed',
    async () => {
      const from = scene.file('ext4.img', SIZE_BYTES)
      await run('/usr/sbin/mkfs.ext4', ['-q', '-F', from])
      const trace = scene.path('convert.trace')
      const command = ['qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', from, '{uri}']
      const served = await flushpoint(['serve', 'nbd', image, '--trace', trace, '--json', '--', ...command])
      expect(served.exit).toBe(0)
      const explored = await flushpoint(['crash', 'explore', trace, '--check', 'stable-survives', '--json'])
      expect(explored.exit, explored.stdout + explored.stderr).toBe(0)
      expect(JSON.parse(explored.stdout)).toMatchObject({violations: []})
    },
    TIMEOUT_MS,
  )

  itNeeds(
    [peer('mkfs.ext4'), peer('qemu-io')],
    'on a real ext4 image gives the same verdict whether it has all of it, or what was touched and the image as it is afterwards',
    async () => {
      const made = scene.file('ext4.img', SIZE_BYTES)
      await run('/usr/sbin/mkfs.ext4', ['-q', '-F', '-b', '1024', made])
      const recorded = async (...flags: string[]): Promise<string[]> => {
        const [disk, trace] = [scene.path(`disk${flags.length}.img`), scene.path(`disk${flags.length}.trace`)]
        copyFileSync(made, disk)
        // The table of block groups lies at 2 KiB: its checksum is wrong now, unless the write is lost.
        const commands = ['write -P 7 6M 512', 'flush', 'write -P 0x55 2k 512', 'write -P 8 6M 1k']
        const script = ['qemu-io', '-t', 'writeback', '-f', 'raw', ...commands.flatMap((line) => ['-c', line]), '{uri}']
        const served = await flushpoint(['serve', 'nbd', disk, '--trace', trace, ...flags, '--json', '--', ...script])
        expect(served.exit, served.stderr).toBe(0)
        return [trace, disk]
      }
      const explored = async (trace: string, ...flags: string[]): Promise<{exit: unknown; report: object}> => {
        const args = ['crash', 'explore', trace, '--check', 'ext4', '--json', ...flags]
        const {exit, stdout, stderr} = await flushpoint(args)
        expect(stderr).toBe('')
        return {exit, report: JSON.parse(stdout) as object}
      }
      const [whole = ''] = await recorded()
      const [touched = '', disk = ''] = await recorded('--touched-only')
      expect(statSync(touched).size).toBeLessThan(statSync(whole).size)
      const verdict = await explored(whole)
      expect(verdict).toMatchObject({exit: 1, report: {violations: [{kind: 'inconsistent'}]}})
      const told = ({exit, report}: typeof verdict): object => ({exit, report: {...report, of: undefined}})
      expect(told(await explored(touched, '--base', disk))).toEqual(told(verdict))
      expect(await explored(touched)).toMatchObject({exit: 2, report: {error: {code: 'E_NO_BASE', kind: 'usage'}}})
    },
    TIMEOUT_MS,
  )

  itNeeds(
    [peer('qemu-io')],
    'of a journal script finds the commit that overtakes its data, and nothing where a flush keeps it behind',
    async () => {
      const check = scene.path('check.mjs')
      // The commit block says what the data block holds.
      writeFileSync(
        check,
        'export default ({read, fail}) => { if (read(4096, 1)[0] === 0xcc && read(0, 1)[0] !== 0xaa) fail("commit without data") }\n',
      )
      const explore = async (...commands: string[]): Promise<number | undefined> => {
        const trace = scene.path('journal.trace')
        const script = [
          'qemu-io',
          '-t',
          'writeback',
          '-f',
          'raw',
          ...commands.flatMap((command) => ['-c', command]),
          '{uri}',
        ]
        expect((await flushpoint(['serve', 'nbd', image, '--trace', trace, '--', ...script])).exit).toBe(0)
        writeFileSync(image, '')
        truncateSync(image, SIZE_BYTES)
        return (await flushpoint(['crash', 'explore', trace, '--check', check])).exit
      }
      const [data, commit] = ['write -P 0xaa 0 512', 'write -P 0xcc 4k 512']
      expect(await explore(data, commit, 'flush')).toBe(1)
      expect(await explore(data, 'flush', commit, 'flush')).toBe(0)
    },
    TIMEOUT_MS,
  )
})
