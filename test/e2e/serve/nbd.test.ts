import {execFileSync, spawnSync} from 'node:child_process'
import {closeSync, constants, existsSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync} from 'node:fs'
import {setTimeout} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {codeOf} from '../../../src/base/index.js'
import {Scene} from '../../image/scene.js'
import {peerIt} from '../../peers.js'
import {endOf, expectRefusal, flushpoint, lines, start, TIMEOUT_MS} from '../cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

describe('serve nbd with a command', () => {
  it('gives the command the URI, ends when it does, and with its status', async () => {
    const ended = await flushpoint(['serve', 'nbd', image, '--', 'sh', '-c', 'echo "$0 $NBD_URI"; exit 7', '{uri}'])
    expect(ended.exit).toBe(7)
    const [, first, second] = /^(nbd\+unix:\S+) (\S+)\n/.exec(ended.stdout) ?? []
    expect(first).toBe(second)
    // The private folder of the socket is gone.
    expect(existsSync((first ?? '').split('socket=')[1] ?? image)).toBe(false)
    expect(ended.stdout).toContain('0 connections served under writeback')
  })

  it('passes SIGTERM on to it, and still reports', async () => {
    const child = start(['serve', 'nbd', image, '--', 'sh', '-c', 'echo ready >&2; exec sleep 1000'])
    child.stdin?.end()
    const ended = endOf(child)
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready')) child.kill('SIGTERM')
    })
    const {exit, stdout} = await ended
    expect(exit).toBe(128 + 15)
    expect(stdout).toContain('0 connections served')
  })

  it('keeps its stdout for one document under --json', async () => {
    const ended = await flushpoint(['serve', 'nbd', image, '--json', '--', 'echo', 'hello'])
    expect(ended).toMatchObject({exit: 0, stderr: expect.stringContaining('hello') as unknown})
    expect(JSON.parse(ended.stdout)).toMatchObject({
      schema: 'flushpoint/serve@1',
      cache: {mode: 'writeback', writeCache: true},
    })
  })

  it('says under unsafe that flushes are ignored', async () => {
    const ended = await flushpoint(['serve', 'nbd', image, '--cache', 'unsafe', '--', 'true'])
    expect(ended.stderr).toContain('warning: unsafe: every FLUSH and FUA is answered and ignored')
    expect(ended.stdout).toContain('0 flushes were answered and ignored')
  })

  it('tells which command could not be started', async () => {
    const ended = await flushpoint(['serve', 'nbd', image, '--json', '--', './nobody'])
    expect(ended.exit).toBe(3)
    expect(JSON.parse(ended.stdout)).toMatchObject({error: {code: 'E_COMMAND'}})
  })
})

describe('SIGUSR1', () => {
  it('opens no debugger before the server is ready', async () => {
    const keys = scene.path('keys')
    execFileSync('mkfifo', [keys])
    const child = start(['serve', 'nbd', image, '--tls-psk', keys, '--', 'true'])
    child.stdin?.end()
    scene.onClose(() => child.kill('SIGKILL'))
    const ended = endOf(child)
    const writer = await openedForWriting(keys) // it reads its keys now, and waits for them
    child.kill('SIGUSR1')
    writeSync(writer, `client:${'00'.repeat(16)}\n`)
    closeSync(writer)
    const {exit, stderr} = await ended
    expect(exit).toBe(0)
    expect(stderr).not.toMatch(/debugger/i)
  })

  it('that came while Node was starting leaves no debugger open, and one that was asked for stays', async () => {
    const early = scene.path('early.mjs')
    writeFileSync(
      early,
      "import {url} from 'node:inspector'; process.kill(process.pid, 'SIGUSR1'); while (url() === undefined);",
    )
    /** Ends with 1 where something listens on the port. */
    const script = `
      const [port] = process.argv.slice(1)
      require('node:net').connect(port, '127.0.0.1').on('connect', () => process.exit(1)).on('error', () => process.exit(0))`
    for (const [options, isOpen] of [
      [`--import=${early} --inspect-port=0`, 0],
      ['--inspect=0', 1],
    ] as const) {
      const child = start(['serve', 'nbd', image], {env: {NODE_OPTIONS: options}})
      scene.onClose(() => child.kill('SIGKILL'))
      child.stdin?.end()
      const ended = endOf(child)
      let said = ''
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
      await vi.waitFor(() => expect(said).toContain('note: serving'), {timeout: TIMEOUT_MS})
      const port = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? ''
      expect(port).toMatch(/\d/)
      expect(spawnSync(process.execPath, ['-e', script, port]).status).toBe(isOpen)
      child.kill('SIGTERM')
      expect((await ended).exit).toBe(0)
    }
  })

  it('ends nobody who waits for the command when the server has ended', async () => {
    const script = 'trap "" TERM; kill -TERM $PPID; sleep 1; kill -USR1 $PPID; sleep 0.5; exit 5'
    const ended = await flushpoint(['serve', 'nbd', image, '--', 'sh', '-c', script])
    expect(ended).toMatchObject({exit: 5, stderr: ''})
  })
})

/** Opens a FIFO as soon as somebody reads it. */
async function openedForWriting(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (codeOf(error) !== 'ENXIO') throw error
      await setTimeout(5)
    }
  }
}

describe('a bad disk on purpose', () => {
  peerIt(['qemu-io'], 'fails the flush of a client, and the server says that nothing is sure any more', async () => {
    const client = ['qemu-io', '-t', 'writeback', '-f', 'raw', '-c', 'write 0 4k', '-c', 'flush', '{uri}']
    const ended = await flushpoint(['serve', 'nbd', image, '--error', 'flush=EIO', '--json', '--', ...client])
    expect(ended.exit).toBe(4)
    expect(JSON.parse(ended.stdout)).toMatchObject({bytesAtRisk: 4096, closingSync: 'failed'})
  })

  peerIt(['qemu-io'], 'shows in the report which kind of request was slow, and which failed', async () => {
    const client = ['qemu-io', '-t', 'writeback', '-f', 'raw', '-c', 'read 0 4k', '-c', 'write 0 4k', '{uri}']
    const spoilt = ['--delay', 'write=20ms', '--error', 'write=EIO']
    const told = async (...format: string[]): Promise<string> =>
      (await flushpoint(['serve', 'nbd', image, ...spoilt, ...format, '--', ...client])).stdout
    const {requests} = JSON.parse(await told('--json')) as {requests: {kind: string; latencyNs: {p50: number}}[]}
    expect(requests).toContainEqual(expect.objectContaining({kind: 'READ', count: 1, failed: 0}))
    expect(requests).toContainEqual(expect.objectContaining({kind: 'WRITE', count: 1, failed: 1}))
    expect(requests.find(({kind}) => kind === 'WRITE')?.latencyNs.p50).toBeGreaterThanOrEqual(20e6)
    expect(await told()).toMatch(/^How long requests took\nrequest .*\n.*\nREAD +1 +0 .*\nWRITE +1 +1 .*ms\n/m)
    expect(await told('--format', 'ndjson')).toMatch(
      /^\{"record":"requests","mode":"writeback","kind":"READ","count":1,/m,
    )
  })

  it('is there for batches too, and not for a simulated one', async () => {
    const batch = ['run', image, ...lines('OUT 0 4k', 'FLUSH'), '--json']
    const failed = await flushpoint([...batch, '--error', 'flush=EIO', '--delay', 'write=1ms'])
    expect(failed.exit).toBe(4)
    const {requests} = JSON.parse(failed.stdout) as {requests: {status: string; latencyNs: number}[]}
    expect(requests.map(({status}) => status)).toEqual(['OK', 'IOERR'])
    expect(requests[0]?.latencyNs).toBeGreaterThanOrEqual(1e6)
    const simulated = await flushpoint([...batch, '--aio', 'sim', '--error', 'flush=EIO'])
    expect(simulated.exit).toBe(2)
  })
})

describe('serve nbd refuses', () => {
  it.each([
    ['--seed', '99999999999999999999', 'E_USAGE', 'less than or equal to 9007199254740991'],
    ['--delay', 'read=1ms,read=2ms', 'E_SPOIL', '--delay read=2ms: read has a delay already'],
    ['--error', 'read=EIO,read=EIO', 'E_SPOIL', '--error read=EIO: read always fails with EIO already'],
  ])('what it would take for something else, as run does: %s %s', async (flag, value, code, says) => {
    await expectRefusal(scene, ['serve', 'nbd', image, flag, value], {exit: 2, code, says})
    await expectRefusal(scene, ['run', image, ...lines('FLUSH'), flag, value], {exit: 2, code, says})
  })

  it('to listen where other machines can connect, unless told so', async () => {
    const refusal = {exit: 2, code: 'E_SERVE_FLAGS', says: 'other machines could read and write the image'}
    await expectRefusal(scene, ['serve', 'nbd', image, '--listen', '0.0.0.0:0'], refusal)
  })

  it('an address that is none, an image that is missing, and a recording over the image', async () => {
    await expectRefusal(scene, ['serve', 'nbd', image, '--listen', 'here'], {exit: 2, code: 'E_LISTEN', says: 'here'})
    const missing = scene.path('missing.img')
    await expectRefusal(scene, ['serve', 'nbd', missing], {exit: 3, code: 'E_NO_IMAGE', says: missing})
    const trace = ['serve', 'nbd', image, '--trace', image]
    for (const copied of [[], ['--snapshot']]) {
      await expectRefusal(scene, [...trace, ...copied], {exit: 2, code: 'E_TRACE_IS_IMAGE', says: 'this is the image'})
    }
    const status = ['serve', 'nbd', image, '--status', image]
    await expectRefusal(scene, status, {exit: 2, code: 'E_STATUS_IS_IMAGE', says: 'this is the image'})
  })

  it('to record what is touched to nowhere', async () => {
    const refusal = {exit: 2, code: 'E_USAGE', says: '--touched-only: --trace'}
    await expectRefusal(scene, ['serve', 'nbd', image, '--touched-only'], refusal)
  })

  it.each([
    ['it.trace', 'it.trace'],
    ['it.trace', 'folder/../it.trace'],
    ['folder/inner', './it.trace'],
    ['there', 'to-there'],
  ])('a recording and a status in one file: %s and %s', async (trace, status) => {
    mkdirSync(scene.path('folder'))
    symlinkSync('../it.trace', scene.path('folder/inner'))
    symlinkSync(scene.file('there', 512), scene.path('to-there'))
    const refusal = {exit: 2, code: 'E_SERVE_FLAGS', says: `--status ${status}: --trace names this file, too`}
    await expectRefusal(scene, ['serve', 'nbd', image, '--trace', trace, '--status', status], refusal)
  })

  it('a status in the place of a pipe', async () => {
    const pipe = scene.path('pipe')
    execFileSync('mkfifo', [pipe])
    const refusal = {exit: 3, code: 'E_STATUS', says: `--status ${pipe}: not a regular file`}
    await expectRefusal(scene, ['serve', 'nbd', image, '--status', pipe], refusal)
  })

  it('a status file that cannot be made', async () => {
    const status = scene.path('no/status.json')
    const refusal = {exit: 3, code: 'E_STATUS', says: 'cannot be written (ENOENT)'}
    await expectRefusal(scene, ['serve', 'nbd', image, '--status', status], refusal)
  })

  it('a socket that is there already', async () => {
    const path = scene.file('taken', 0)
    const refusal = {exit: 3, code: 'E_LISTEN', says: 'EADDRINUSE'}
    await expectRefusal(scene, ['serve', 'nbd', image, '--listen', `unix:${path}`], refusal)
  })
})
