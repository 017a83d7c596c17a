import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {openTrace} from '../../src/archive/index.js'
import {loadLibc} from '../../src/native/index.js'
import {loadTrace, type Trace} from '../../src/trace/index.js'
import {direct, endOf, flushpoint, start, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds, type Need} from '../peers.js'
import {FLUSH, RawClient, READ, request, TRIM, WRITE, WRITE_ZEROES} from './nbd/client.js'
import {Served, uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

describe.each(['uring', 'threads'])('a recording that cannot be written any more, with --aio %s', (aio) => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
    writeFileSync(scene.path('disk.img'), '')
    truncateSync(scene.path('disk.img'), 2 ** 22) // a hole: nothing of it is copied into the recording first
  })
  afterEach(() => scene.close())

  const title = 'ends the server with the status of an I/O error, whatever is in flight:'
  for (const [what, ask] of [
    ['writes', () => request({type: WRITE, offset: 0, data: Buffer.alloc(2 ** 16, 1)})],
    ['reads', () => request({type: READ, offset: 0, length: 512})],
  ] as const) {
    const test = async (): Promise<void> => {
      const socket = scene.path('nbd.sock')
      const flags = ['--aio', aio, '--trace', '/dev/full', '--listen', `unix:${socket}`, '--json']
      const child = start(['serve', 'nbd', scene.path('disk.img'), ...flags])
      child.stdin?.end()
      scene.onClose(() => child.kill('SIGKILL'))
      await new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('note: serving')) resolve()
        })
      })
      const client = await RawClient.connect(socket)
      await client.go()
      // More than its buffer holds, all at once.
      client.send(...Array.from({length: 4000}, ask))
      await client.readToEnd()
      const ended = await endOf(child)
      expect(ended.exit).toBe(4)
      expect(JSON.parse(ended.stdout)).toMatchObject({error: {code: 'E_OUTPUT_FILE'}})
      expect(existsSync(socket)).toBe(false)
    }
    itNeeds(aio === 'uring' ? [uring] : [], `${title} ${what}`, test, TIMEOUT_MS)
  }
})

const SIZE_BYTES = 2 ** 22
const native = await loadLibc()
const holes = capability(native.ok, native.ok ? '' : native.reason)

function loaded(path: string): Trace {
  const {reading, close} = openTrace(path)
  try {
    return loadTrace(reading)
  } finally {
    close()
  }
}

/** Where a trace has content from before, byte for byte. */
function listedIn({before}: Trace): Uint8Array {
  const listed = new Uint8Array(SIZE_BYTES)
  for (const {offsetBytes, bytes} of before) {
    expect(bytes.every((byte) => byte === 0x11)).toBe(true)
    listed.fill(1, offsetBytes, offsetBytes + bytes.length)
  }
  return listed
}

/** Changes some of an image, all at once: over one another, finer than a sector, and some of it again. */
async function change(socket: string): Promise<void> {
  const client = await RawClient.connect(socket)
  await client.go()
  client.send(
    request({type: WRITE, offset: 4096, data: Buffer.alloc(8192, 1)}),
    request({type: WRITE, offset: 8192, data: Buffer.alloc(8192, 2)}),
    request({type: WRITE, offset: 100_000, data: Buffer.alloc(100, 3)}),
    request({type: TRIM, offset: 2 ** 20, length: 65_536}),
    request({type: WRITE_ZEROES, offset: 2 ** 20 + 32_768, length: 65_536}),
    request({type: FLUSH}),
  )
  for (let i = 0; i < 6; i++) expect(await client.simple()).toMatchObject({error: 0})
  client.send(request({type: WRITE, offset: 2 ** 20, data: Buffer.alloc(4096, 4)}))
  expect(await client.simple()).toMatchObject({error: 0})
  client.close()
}

const CHANGED = [
  [4096, 16_384],
  [Math.floor(100_000 / 512) * 512, Math.ceil(100_100 / 512) * 512],
  [2 ** 20, 2 ** 20 + 98_304],
] as const

describe.each(['uring', 'threads'])('a recording of what clients do, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>, needs: readonly Need[] = []): void =>
    itNeeds([...(aio === 'uring' ? [uring] : []), ...needs], title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  let trace: string
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', SIZE_BYTES, 0x11)
    trace = scene.path('it.trace')
  })
  afterEach(() => scene.close())

  for (const flags of [[], ['--snapshot'], ['--cache', 'none'], ['--cache', 'directsync', '--snapshot']]) {
    itServes(
      `has with --touched-only what was there before each change, and says that it has no more: serve nbd ${flags.join(' ')}`,
      async () => {
        const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace, '--touched-only', ...flags])
        await change(served.socket)
        const {ended, document} = await served.stop()
        expect(ended.exit).toBe(0)
        expect(document.notes).toContainEqual(expect.stringContaining('crash explore has the rest from --base'))
        const recorded = loaded(trace)
        expect(recorded.header.knownBefore).toBe('touched')
        const expected = new Uint8Array(SIZE_BYTES)
        for (const [from, until] of CHANGED) expected.fill(1, from, until)
        expect(Buffer.compare(listedIn(recorded), expected)).toBe(0)
        expect(recorded.events.filter(({event}) => event.kind === 'complete').length).toBeGreaterThanOrEqual(7)
        // What nobody changed is in the image still.
        const check = scene.path('check.mjs')
        writeFileSync(check, 'export default ({read, fail}) => { if (read(2 ** 21, 1)[0] !== 0x11) fail("made up") }')
        const explore = ['crash', 'explore', trace, '--check', check, '--json']
        expect(await flushpoint(explore)).toMatchObject({
          exit: 2,
          stdout: expect.stringContaining('E_NO_BASE') as string,
        })
        expect(await flushpoint([...explore, '--base', image])).toMatchObject({exit: 0, stderr: ''})
      },
      flags.includes('--cache') ? [direct] : [],
    )
  }

  itServes('goes into a pipe as it comes', async () => {
    const fifo = scene.path('fifo')
    execFileSync('mkfifo', [fifo])
    const reader = spawn('sh', ['-c', `cat ${fifo} > ${trace}`])
    scene.onClose(() => reader.kill('SIGKILL'))
    const read = once(reader, 'close')
    const served = await Served.start(scene, image, ['--aio', aio, '--trace', fifo])
    await change(served.socket)
    const {ended} = await served.stop()
    expect(ended).toMatchObject({exit: 0, stderr: expect.not.stringContaining('error') as string})
    await read
    expect(loaded(trace).events.filter(({event}) => event.kind === 'complete').length).toBeGreaterThanOrEqual(7)
  })

  itServes('has without it all that the image held, and says so', async () => {
    const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace])
    await change(served.socket)
    expect((await served.stop()).document.notes).toEqual([])
    const recorded = loaded(trace)
    expect(recorded.header.knownBefore).toBe('whole')
    expect(listedIn(recorded).every((byte) => byte === 1)).toBe(true)
  })

  itServes(
    'knows the whole of an image that held nothing, with --touched-only too',
    async () => {
      truncateSync(image, 0)
      truncateSync(image, SIZE_BYTES)
      const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace, '--touched-only'])
      await change(served.socket)
      expect((await served.stop()).document.notes).toEqual([])
      expect(loaded(trace)).toMatchObject({header: {knownBefore: 'whole'}, before: []})
    },
    [holes],
  )

  itServes('costs nothing with --touched-only for a large image that nobody writes to', async () => {
    truncateSync(image, 2 ** 40)
    const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace, '--touched-only'])
    const client = await RawClient.connect(served.socket)
    await client.go()
    client.send(request({type: FLUSH}))
    await client.simple()
    client.close()
    await served.stop()
    expect(statSync(trace).size).toBeLessThan(1024)
    expect(loaded(trace)).toMatchObject({header: {knownBefore: 'touched'}, before: []})
  })

  for (const flags of [[], ['--touched-only']]) {
    itServes(
      `of a server that is killed tells the events up to its end: ${flags.join(' ') || 'the whole'}`,
      async () => {
        const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace, ...flags])
        const client = await RawClient.connect(served.socket)
        await client.go()
        // More than is written together.
        for (let i = 0; i < 8; i++) {
          client.send(request({type: WRITE, offset: i * 65_536, data: Buffer.alloc(65_536, i)}))
          expect(await client.simple()).toMatchObject({error: 0})
        }
        served.signal('SIGKILL')
        await client.readToEnd()
        const part = readdirSync(scene.folder).find((name) => name.endsWith('.part')) ?? ''
        const {reading, close} = openTrace(scene.path(part))
        expect(reading.header.knownBefore).toBe(flags.length > 0 ? 'touched' : 'whole')
        let events = 0
        const walk = (): void => {
          for (const _event of reading.events) events++
        }
        const hint = expect.stringContaining('The recording was cut short') as string
        expect(walk).toThrow(expect.objectContaining({code: 'E_TRACE', hint}))
        expect(events).toBeGreaterThanOrEqual(3 * 7)
        close()
      },
    )
  }
})
