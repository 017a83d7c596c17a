import {readFileSync, realpathSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {CACHE_MODES, type CacheMode} from '../../src/cache-mode/index.js'
import {direct, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer} from '../peers.js'
import {RawClient, request, WRITE} from '../serve/nbd/client.js'
import {Served, uring} from '../serve/served.js'
import {KernelSyncs, kernelSyncNeeds} from './kernel-syncs.js'
import {callsOn, descriptorOf, openingsOf, readSystemCalls, straceOf} from './system-calls.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const SIZE_BYTES = 2 ** 20
const WRITES = 32
const WRITE_BYTES = 4096

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = realpathSync(scene.file('disk.img', SIZE_BYTES, 0x11)) // as strace prints it
})
afterEach(() => scene.close())

/**
 * Ends a server with SIGTERM while a slow disk has 32 writes and half of another has come. All that were complete have to be answered
 * and written, and nothing of the other.
 *
 * @returns whether the server says that it synced at its end
 */
async function endWithWritesInFlight(aio: string, mode: CacheMode, through: readonly string[] = []): Promise<string> {
  const status = scene.path('status.json')
  // Less than clients have to take their replies when a server ends.
  const flags = ['--aio', aio, '--cache', mode.name, '--delay', 'write=3s', '--status', status]
  const served = await Served.start(scene, image, flags, through)
  const client = await RawClient.connect(served.socket)
  await client.go()
  const writeAt = (cookie: number): Buffer => {
    return request({type: WRITE, cookie, offset: cookie * WRITE_BYTES, data: Buffer.alloc(WRITE_BYTES, 0x22 + cookie)})
  }
  const complete = Array.from({length: WRITES}, (_, cookie) => writeAt(cookie))
  client.send(...complete, writeAt(WRITES).subarray(0, WRITE_BYTES / 2))
  await vi.waitFor(
    () => {
      served.signal('SIGUSR1')
      expect(JSON.parse(readFileSync(status, 'utf8'))).toMatchObject({requests: WRITES})
    },
    {timeout: TIMEOUT_MS},
  )
  expect(client.hasReceived).toBe(false)
  const stopping = served.stop()
  const replies: {readonly error: number; readonly cookie: number}[] = []
  for (let i = 0; i < WRITES; i++) replies.push(await client.simple())
  expect(replies.toSorted((a, b) => a.cookie - b.cookie)).toEqual(complete.map((_, cookie) => ({error: 0, cookie})))
  expect(await client.readToEnd()).toHaveLength(0)
  client.close()
  const {ended, document} = await stopping
  expect(ended.exit, ended.stderr).toBe(0)
  expect(document).toMatchObject({counts: {writes: WRITES, errors: 0}, faults: []})
  const written = Buffer.concat(complete.map((bytes) => bytes.subarray(-WRITE_BYTES)))
  const rest = Buffer.alloc(SIZE_BYTES - written.length, 0x11)
  expect(readFileSync(image).equals(Buffer.concat([written, rest]))).toBe(true)
  return document.closingSync
}

for (const mode of CACHE_MODES) {
  const needs = mode.direct ? [direct] : []
  const isSynced = !mode.dsync && !mode.noFlush

  describe(`SIGTERM with 32 writes in flight under ${mode.name}`, () => {
    itNeeds(
      [...needs, peer('strace')],
      mode.noFlush ? 'answers each, and syncs nothing' : 'answers each, and leaves each stable, in the calls of strace',
      async () => {
        const log = scene.path('strace.log')
        const [strace = '', ...options] = straceOf(log)
        // As a grandchild, so that the signals reach the server.
        const closing = await endWithWritesInFlight('threads', mode, [strace, '--daemonize', ...options])
        expect(closing).toBe(isSynced ? 'done' : 'skipped')
        const calls = readSystemCalls(log)
        const onImage = callsOn(calls, image)
        const writes = onImage.filter(({name}) => name.includes('write'))
        const syncs = onImage.filter(({name}) => name.includes('sync'))
        expect(writes).toHaveLength(WRITES)
        if (mode.noFlush) expect(syncs).toEqual([])
        const openings = openingsOf(calls, image)
        const stable = writes.filter((write) => {
          const flags = openings.find(({descriptor}) => descriptor === descriptorOf(write))?.flags ?? []
          const isAtOnce = flags.includes('O_DSYNC') && flags.includes('O_DIRECT')
          return isAtOnce || syncs.some(({begin, result}) => begin > write.end && result === '0')
        })
        expect(stable).toHaveLength(mode.noFlush ? 0 : WRITES)
      },
      TIMEOUT_MS,
    )

    itNeeds(
      [...needs, uring, ...kernelSyncNeeds()],
      mode.noFlush ? 'answers each through io_uring, and syncs nothing' : 'answers each through io_uring, and syncs',
      async () => {
        const syncs = new KernelSyncs(image)
        scene.onClose(() => syncs.close())
        expect(await endWithWritesInFlight('uring', mode)).toBe(isSynced ? 'done' : 'skipped')
        const count = syncs.take()
        if (isSynced) expect(count).toBe(1)
        else expect(count > 0).toBe(mode.dsync)
      },
      TIMEOUT_MS,
    )
  })
}
