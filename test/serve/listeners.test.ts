import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {loadListening} from '../../src/native/index.js'
import {uriOf} from '../../src/serve/index.js'
import {endOf, start, TIMEOUT_MS, type Ended} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {DISC, FLUSH, RawClient, READ, request} from './nbd/client.js'
import {uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const native = await loadListening()
const sockets = capability(native.ok, native.ok ? '' : native.reason)

/**
 * A service manager: listens at paths or ports, with sockets that do not block as those of systemd, and becomes the command with
 * them as descriptors from 3 on. It accepts nobody, since it waits for the command without looking at anything else.
 */
const MANAGER = `
const {spawnSync} = require('node:child_process')
const [where, ...command] = process.argv.slice(1)
const listening = where.split(',').map((at) => new Promise((resolve) => {
  const server = require('node:net').createServer()
  server.listen(/^[0-9.]+$/.test(at) ? {host: at, port: 0} : {path: at}, () => resolve(server._handle.fd))
}))
Promise.all(listening).then((fds) => {
  const become = ['-c', 'LISTEN_FDS=' + fds.length + ' LISTEN_PID=$$ exec "$@"', 'sh', ...command]
  process.exit(spawnSync('sh', become, {stdio: [0, 1, 2, ...fds]}).status)
})`

describe.each(['uring', 'threads'])('a server that is passed its sockets, with --aio %s', (aio) => {
  const needs = aio === 'uring' ? [sockets, uring] : [sockets]
  const itServes = (title: string, test: () => Promise<void>): void => itNeeds(needs, title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', 2 ** 20, 0x11)
  })
  afterEach(() => scene.close())

  /** @param told called with all that was said on stderr, each time that more is */
  function activate(
    through: readonly string[],
    flags: readonly string[],
    told = (_said: string) => {},
  ): Promise<Ended> {
    const child = start(['serve', 'nbd', image, '--aio', aio, '--json', ...flags], {through})
    child.stdin?.end()
    scene.onClose(() => child.kill('SIGKILL'))
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      told(said)
    })
    return endOf(child)
  }

  const manager = (...where: readonly string[]): string[] => [process.execPath, '-e', MANAGER, where.join(',')]

  itServes('serves who connects to them, and tells where they are', async () => {
    const path = scene.path('activated.sock')
    const uri = uriOf({kind: 'unix', path}, '', 'no')
    let clients: Promise<void> | undefined
    const talk = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const client = await RawClient.connect(path)
        if (i === 2) await client.go()
        else await client.read(18)
        if (i === 2) client.send(request({type: READ, cookie: 7, length: 512}), request({type: DISC}))
        if (i === 2) expect(await client.simple()).toEqual({error: 0, cookie: 7})
        client.close()
      }
    }
    const ended = await activate(manager(path), ['--once'], (said) => {
      if (said.includes(uri)) clients ??= talk()
    })
    await clients
    expect(clients).toBeDefined()
    expect(ended.exit, ended.stderr).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({counts: {connections: 3, reads: 1}})
  })

  itServes('serves no more clients at a time than it may, whichever socket they come by', async () => {
    const [first, second] = [scene.path('first.sock'), scene.path('second.sock')]
    let clients: Promise<void> | undefined
    const talk = async (): Promise<void> => {
      const [stays, goes] = [await RawClient.connect(first), await RawClient.connect(second)]
      await stays.go()
      await goes.go()
      const beyond = [await RawClient.connect(first), await RawClient.connect(second)]
      for (let cookie = 0; cookie < 10; cookie++) {
        stays.send(request({type: FLUSH, cookie}))
        expect(await stays.simple()).toEqual({error: 0, cookie})
      }
      expect(beyond.some(({hasReceived}) => hasReceived)).toBe(false)
      goes.send(request({type: DISC}))
      await goes.readToEnd()
      // node:net turns those beyond away at once; a ring lets them wait until there is room.
      const next = (aio === 'uring' && beyond[0]) || (await RawClient.connect(second))
      await next.go()
      next.send(request({type: FLUSH, cookie: 11}))
      expect(await next.simple()).toEqual({error: 0, cookie: 11})
      for (const client of [stays, goes, next, ...beyond]) client.close()
    }
    const ended = await activate(manager(first, second), ['--max-connections', '2', '--once'], (said) => {
      if (said.includes('serving')) clients ??= talk()
    })
    await clients
    expect(clients).toBeDefined()
    expect(ended.exit, ended.stderr).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({counts: {flushes: 11}})
  })

  itServes('refuses those that other machines reach, unless told so', async () => {
    const refused = await activate(manager('0.0.0.0'), [])
    expect(refused.exit).toBe(2)
    expect(JSON.parse(refused.stdout)).toMatchObject({error: {code: 'E_SERVE_FLAGS'}})
    const local = await activate(manager('127.0.0.1'), ['--', 'sh', '-c', 'echo "at $NBD_URI"'])
    expect(local.exit).toBe(0)
    expect(local.stderr).toMatch(/^at nbd:\/\/127\.0\.0\.1:\d+\/$/m)
  })

  itServes('refuses a descriptor that does not listen, or is not there', async () => {
    for (const how of ['exec "$@" 3</dev/null', 'exec "$@" 3>&-']) {
      const refused = await activate(['sh', '-c', `export LISTEN_FDS=1 LISTEN_PID=$$; ${how}`, 'sh'], [])
      expect(refused.exit).toBe(3)
      expect(JSON.parse(refused.stdout)).toMatchObject({error: {code: 'E_LISTEN_FDS'}})
    }
  })
})
