import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import tls from 'node:tls'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {ToolError} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {inheritedAddress, isLocal, parseListenAddress, uriOf} from '../../src/serve/index.js'
import {addressBytes} from '../../src/serve/address.js'
import {parseKeys} from '../../src/serve/tls.js'
import {flushingWords, statusLine} from '../../src/serve/document.js'
import {statusBySeeking} from '../../src/serve/nbd/block-status.js'
import {transmissionFlags, type ExportFacts} from '../../src/serve/nbd/export.js'
import {fileSystemOf} from '../../src/image/file-system.js'
import {BIN, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds, peerIt} from '../peers.js'
import {FLUSH, infoData, option, RawClient, request, WRITE} from './nbd/client.js'
import {Served, uring} from './served.js'

const SHM = '/dev/shm'
const shm = capability(existsSync(SHM) && fileSystemOf(SHM).name === 'tmpfs', `${SHM} is no tmpfs here`)

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

/** What a terminal is told to clear its line. */
const WIPED = '\r\x1b[K'

/**
 * Runs the tool on a terminal of 80 columns.
 *
 * @param act told how to read what the terminal shows so far, and the process id of the tool
 * @returns all that was shown
 */
async function onTerminal(
  scene: Scene,
  args: readonly string[],
  act: (said: () => string, child: () => number) => Promise<void>,
): Promise<string> {
  const pidFile = scene.path('pid')
  const words = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ')
  const command = `stty cols 80; echo $$ > '${pidFile}'; exec ${words}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {stdio: ['pipe', 'pipe', 'ignore']})
  scene.onClose(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = once(child, 'close')
  await act(
    () => said,
    () => Number(readFileSync(pidFile, 'utf8')),
  )
  await closed
  return said
}

describe('an address to listen on', () => {
  it.each([
    ['unix:/run/disk.sock', {kind: 'unix', path: '/run/disk.sock'}],
    ['127.0.0.1:10809', {kind: 'tcp', host: '127.0.0.1', port: 10809}],
    ['[::1]:0', {kind: 'tcp', host: '::1', port: 0}],
  ])('is read from %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address)
  })

  it.each([
    '',
    'unix:',
    `unix:/${'x'.repeat(108)}`,
    'localhost:10809',
    '127.0.0.1',
    '127.0.0.1:65536',
    '[127.0.0.1]:1',
  ])('is not read from "%s"', (text) => {
    expect(() => parseListenAddress(text)).toThrow(ToolError)
  })

  it('is of this machine alone for sockets in the file system and loopback addresses', () => {
    const local = (text: string): boolean => isLocal(parseListenAddress(text))
    expect(['unix:/x', '127.0.0.9:1', '[::1]:1', '0.0.0.0:1', '[::]:1', '192.0.2.1:1'].map(local)).toEqual([
      ...[true, true, true],
      ...[false, false, false],
    ])
  })

  it('has the bytes that the kernel is given', () => {
    expect([...addressBytes('192.0.2.1')]).toEqual([192, 0, 2, 1])
    expect(Buffer.from(addressBytes('2001:db8::7')).toString('hex')).toBe('20010db8000000000000000000000007')
    expect(Buffer.from(addressBytes('::ffff:192.0.2.1')).toString('hex')).toBe('00000000000000000000ffffc0000201')
  })

  it('comes from LISTEN_FDS where it is meant for this process', () => {
    expect(inheritedAddress({LISTEN_FDS: '2', LISTEN_PID: '7'}, 7)).toEqual({kind: 'inherited', fds: [3, 4]})
    expect(inheritedAddress({LISTEN_FDS: '2', LISTEN_PID: '8'}, 7)).toBeUndefined()
    expect(inheritedAddress({}, 7)).toBeUndefined()
    expect(() => inheritedAddress({LISTEN_FDS: '99', LISTEN_PID: '7'}, 7)).toThrow('LISTEN_FDS=99')
  })

  it('becomes the URI that clients take', () => {
    expect(uriOf(parseListenAddress('unix:/run/a b.sock'), '', 'no')).toBe('nbd+unix:///?socket=/run/a%20b.sock')
    expect(uriOf(parseListenAddress('[::1]:10809'), 'x/y', 'psk')).toBe('nbds://[::1]:10809/x%2Fy')
  })
})

describe('the keys of a file', () => {
  it('are names with bytes, and a line that is none is named', () => {
    expect(parseKeys('alice:00ff\n\nbob:01\n', 'keys')).toEqual(
      new Map([
        ['alice', Buffer.from([0, 255])],
        ['bob', Buffer.from([1])],
      ]),
    )
    expect(() => parseKeys('alice:00ff\nbob=1\n', 'keys')).toThrow('keys:2')
    expect(() => parseKeys('\n', 'keys')).toThrow('holds no key')
  })
})

describe('what clients are told of an export', () => {
  const FACTS = {mode: cacheModeOf('writeback'), readOnly: false, givesBack: true, zeroesFast: true, shared: true}

  it.each([
    ['writable, simple', false, 'simple', false, 0b1101_0110_1101],
    ['writable, structured', false, 'structured', false, 0b1101_1110_1101],
    ['writable, structured, with a context', false, 'structured', true, 0b1101_1110_1101],
    ['writable, extended', false, 'extended', false, 0b1101_1110_1101],
    ['writable, extended, with a context', false, 'extended', true, 0b1_1101_1110_1101],
    ['read-only, simple', true, 'simple', false, 0b0101_0000_1111],
    ['read-only, extended, with a context', true, 'extended', true, 0b1_0101_1000_1111],
  ] as const)('is what the protocol has bits for: %s', (_name, readOnly, style, hasStatus, flags) => {
    expect(transmissionFlags({...FACTS, readOnly}, style, hasStatus).toString(2)).toBe(flags.toString(2))
  })

  // Bits by the protocol: 0 flags, 1 read-only, 2 FLUSH, 3 FUA, 5 TRIM, 6 WRITE_ZEROES, 8 multi-conn, 10 CACHE, 11 FAST_ZERO.
  const ALWAYS = ['flags', 'FLUSH', 'FUA', 'multi-conn']
  const BITS = {
    flags: 0,
    'read-only': 1,
    FLUSH: 2,
    FUA: 3,
    TRIM: 5,
    WRITE_ZEROES: 6,
    'multi-conn': 8,
    CACHE: 10,
    FAST_ZERO: 11,
  }
  const PUNCHES = {givesBack: true, zeroesFast: true}
  const DEVICE = {givesBack: true, zeroesFast: false}
  const WRITES = {givesBack: false, zeroesFast: false}
  const CACHED = [...ALWAYS, 'CACHE']

  it.each([
    ['writethrough', CACHED],
    ['writeback', CACHED],
    ['none', ALWAYS],
    ['directsync', ALWAYS],
    ['unsafe', CACHED],
  ] as const)('follows from what %s, the backend and the image can do', (name, offered) => {
    const flagsOf = (facts: Partial<ExportFacts>): string[] => {
      const flags = transmissionFlags({...FACTS, mode: cacheModeOf(name), ...facts}, 'simple', false)
      const names = Object.entries(BITS).filter(([, bit]) => (flags & (1 << bit)) !== 0)
      expect(flags).toBe(names.reduce((sum, [, bit]) => sum | (1 << bit), 0))
      return names.map(([text]) => text).toSorted()
    }
    const sorted = (...more: readonly string[]): string[] => [...offered, ...more].toSorted()
    expect(flagsOf(PUNCHES)).toEqual(sorted('TRIM', 'WRITE_ZEROES', 'FAST_ZERO'))
    expect(flagsOf(DEVICE)).toEqual(sorted('TRIM', 'WRITE_ZEROES'))
    expect(flagsOf(WRITES)).toEqual(sorted('WRITE_ZEROES'))
    for (const backend of [PUNCHES, DEVICE, WRITES]) {
      expect(flagsOf({...backend, readOnly: true})).toEqual(sorted('read-only'))
      expect(flagsOf({...backend, shared: false})).not.toContain('multi-conn')
    }
  })

  it('is said in words of its write cache', () => {
    expect(CACHE_MODES.map((mode) => [mode.name, flushingWords(mode)])).toEqual(
      expect.arrayContaining([
        ['writethrough', 'write cache off'],
        ['writeback', 'write cache on, clients have to FLUSH'],
        ['none', 'write cache on, clients have to FLUSH'],
        ['directsync', 'write cache off'],
        ['unsafe', 'write cache on, a FLUSH is ignored'],
      ]),
    )
  })

  it('is where the image holds data, and everything where nobody can tell', () => {
    const ENXIO = 6
    // Data in [4096, 8192) and from 16384 on, in a file of 20480 bytes.
    const seek = (at: number, to: 'data' | 'hole'): number => {
      if (to === 'hole') return at < 8192 ? 8192 : 20480
      return at < 4096 ? 4096 : at < 8192 ? at : at < 16384 ? 16384 : at < 20480 ? at : -ENXIO
    }
    const source = statusBySeeking(seek, ENXIO)
    expect(source.extents(0, 20480, false)).toEqual([
      {lengthBytes: 4096, flags: 3},
      {lengthBytes: 4096, flags: 0},
      {lengthBytes: 8192, flags: 3},
      {lengthBytes: 4096, flags: 0},
    ])
    expect(source.extents(5000, 1000, true)).toEqual([{lengthBytes: 1000, flags: 0}])
    expect(statusBySeeking(undefined, ENXIO).extents(0, 4096, false)).toEqual([{lengthBytes: 4096, flags: 0}])
  })
})

describe('the status of a server', () => {
  it('says in one line what a power cut would take', () => {
    const status = {connections: 1, requests: 9, bytesAtRisk: 4096, secondsSinceFlush: 3.9, flushes: 0}
    expect(statusLine({...status, writeCache: true, flushesIgnored: 2, poisoned: true}, 12.4)).toBe(
      '1 connection, 12 requests/s, 4 KiB lost if power went now, 3 s since the last flush, 2 flushes ignored, a sync has failed',
    )
    expect(statusLine({...status, flushesIgnored: 0, writeCache: false, poisoned: false}, 0)).toContain(
      ', no write cache',
    )
  })
})

describe('a server as a process', () => {
  let scene: Scene
  let image: string
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', 2 ** 20, 0x11)
  })
  afterEach(() => scene.close())

  for (const aio of ['uring', 'threads']) {
    itNeeds(
      aio === 'uring' ? [uring] : [],
      `keeps its status in a file, and tells it on SIGUSR1, with --aio ${aio}`,
      async () => {
        const file = scene.path('status.json')
        const served = await Served.start(scene, image, ['--aio', aio, '--status', file])
        const client = await RawClient.connect(served.socket)
        await client.go()
        client.send(request({type: WRITE, data: Buffer.alloc(8192, 1)}))
        expect(await client.simple()).toMatchObject({error: 0})
        rmSync(file)
        served.signal('SIGUSR1')
        await vi.waitFor(() => readFileSync(file), {timeout: TIMEOUT_MS})
        const status = JSON.parse(readFileSync(file, 'utf8')) as object
        expect(status).toMatchObject({schema: 'flushpoint/serve-status@1', connections: 1, bytesAtRisk: 8192})
        expect(status).toMatchObject({uri: served.uri, writeCache: true})
        client.close()
        const {ended} = await served.stop()
        expect(ended.stderr).toContain('8 KiB lost if power went now')
        expect(ended.stderr).toContain(`at ${served.uri} (write cache on, clients have to FLUSH)`)
      },
      TIMEOUT_MS,
    )
  }

  peerIt(['script'], 'shows its status on a terminal in one line, which gives way to what else is said', async () => {
    const ended = await onTerminal(scene, ['serve', 'nbd', image], async (said, child) => {
      await vi.waitFor(() => expect(said()).toContain('0 bytes lost if power went now'), {timeout: TIMEOUT_MS})
      process.kill(child(), 'SIGUSR1')
      await vi.waitFor(() => expect(said()).toContain(`${WIPED}note: 0 connections`), {timeout: TIMEOUT_MS})
      process.kill(child(), 'SIGTERM')
    })
    const shown = ended.split(WIPED).slice(1)
    expect(shown.length).toBeGreaterThan(1)
    // Each is wiped before the next, and the report begins on a line of its own.
    expect(shown.filter((text) => /lost if power/.test(text) && !text.startsWith('note: ')).join('')).not.toContain(
      '\n',
    )
    const beforeReport = ended.slice(0, ended.indexOf('disk.img: 0 connections served') - dirname(image).length - 1)
    expect(beforeReport.endsWith(WIPED) || beforeReport.endsWith('\n')).toBe(true)
  })

  it('goes on when its status cannot be kept any more, and says so once', async () => {
    const folder = scene.path('status')
    mkdirSync(folder)
    const served = await Served.start(scene, image, ['--status', join(folder, 'status.json')])
    rmSync(folder, {recursive: true})
    served.signal('SIGUSR1')
    const client = await RawClient.connect(served.socket)
    await client.go()
    client.close()
    const {ended} = await served.stop()
    expect(ended.exit).toBe(0)
    expect(ended.stderr.match(/status\.json: cannot be written \(ENOENT\)/g)).toHaveLength(1)
  })

  peerIt(['openssl'], 'speaks TLS with a certificate, and tells who does not that it has to', async () => {
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'ec']
    const key = ['-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', scene.path('server-key.pem')]
    const made = ['req', '-x509', ...subject, ...key, '-out', scene.path('server-cert.pem')]
    execFileSync('openssl', made, {stdio: 'ignore'})
    const served = await Served.start(scene, image, ['--tls', scene.folder])
    const client = await RawClient.connect(served.socket)
    await client.greet()
    client.send(option(7, infoData('')))
    expect((await client.replies()).types).toEqual([2 ** 31 + 5])
    client.send(option(5))
    expect((await client.replies()).types).toEqual([1])
    client.socket.removeAllListeners('data')
    const secured = tls.connect({socket: client.socket, rejectUnauthorized: false})
    const chunks: Buffer[] = []
    secured.on('data', (chunk: Buffer) => chunks.push(chunk))
    secured.write(option(3))
    await vi.waitFor(() => expect(Buffer.concat(chunks)).toHaveLength(20 + 4 + 20), {timeout: TIMEOUT_MS})
    expect(Buffer.concat(chunks).readUInt32BE(12)).toBe(2)
    secured.destroy()
    // What comes in the clear behind STARTTLS is nobody's; what is no TLS behind it ends that client alone.
    const injected = await RawClient.connect(served.socket)
    await injected.greet()
    injected.send(option(5), option(3))
    await injected.readToEnd()
    const clear = await RawClient.connect(served.socket)
    await clear.greet()
    clear.send(option(5))
    expect((await clear.replies()).types).toEqual([1])
    clear.send(option(7, infoData('')))
    await clear.readToEnd()
    const cut = await RawClient.connect(served.socket)
    await cut.greet()
    cut.send(option(5))
    expect((await cut.replies()).types).toEqual([1])
    cut.send(Buffer.from([0x16, 3, 1]))
    cut.close()
    const {ended, document} = await served.stop()
    expect(ended.exit).toBe(0)
    expect(document.faults.map(({why}) => why)).toContainEqual(expect.stringContaining('STARTTLS'))
  })

  peerIt(['nbdinfo'], 'speaks TLS with a pre-shared key, to who knows it', async () => {
    const [keys, others] = [scene.path('keys'), scene.path('others')]
    writeFileSync(keys, `alice:${'0123456789abcdef'.repeat(4)}\n`)
    writeFileSync(others, `alice:${'00'.repeat(32)}\n`)
    const served = await Served.start(scene, image, ['--tls-psk', keys])
    const info = (file: string): string =>
      spawnSync('nbdinfo', ['--size', `nbds+unix://alice@/?socket=${served.socket}&tls-psk-file=${file}`], {
        encoding: 'utf8',
      }).stdout
    expect([info(keys), info(others)]).toEqual(['1048576\n', ''])
    await served.stop()
  })

  itNeeds([shm], 'says that nothing lasts of what was flushed to an image in memory', async () => {
    const folder = mkdtempSync(join(SHM, 'flushpoint-served-'))
    scene.onClose(() => rmSync(folder, {recursive: true}))
    const inMemory = join(folder, 'disk.img')
    writeFileSync(inMemory, Buffer.alloc(2 ** 20))
    const served = await Served.start(scene, inMemory)
    const client = await RawClient.connect(served.socket)
    await client.go()
    client.send(request({type: WRITE, flags: 1, data: Buffer.alloc(4096, 1)}))
    expect(await client.simple()).toMatchObject({error: 0})
    client.send(request({type: FLUSH}))
    expect(await client.simple()).toMatchObject({error: 0})
    client.close()
    const {document} = await served.stop()
    expect(document).toMatchObject({bytesAtRisk: 4096, hazards: [{code: 'NOTHING_LASTS'}]})
  })

  it('ends with 6 when the only client that it was to serve breaks the protocol', async () => {
    const served = await Served.start(scene, image, ['--once'])
    const early = await RawClient.connect(served.socket)
    early.close() // got nowhere: the server waits for another
    const client = await RawClient.connect(served.socket)
    await client.go()
    client.send(Buffer.alloc(28, 0xff))
    await client.readToEnd()
    const {ended, document} = await served.end()
    expect(ended.exit).toBe(6)
    expect(document.faults).toHaveLength(1)
  })
})
