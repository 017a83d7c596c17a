import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {loadListening} from '../../src/native/index.js'
import {uriOf} from '../../src/serve/index.js'
import {endOf, start, TIMEOUT_MS, type Ended} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {DISC, RawClient, READ, request} from './nbd/client.js'
import {uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const native = await loadListening()
const sockets = capability(native.ok, native.ok ? '' : native.reason)

/**
 * A service manager: listens at a path or a port, with a socket that does not block as those of systemd, and becomes the command
 * with it as descriptor 3. It accepts nobody, since it waits for the command without looking at anything else.
 */
const MANAGER = `
const {spawnSync} = require('node:child_process')
const [where, ...command] = process.argv.slice(1)
const server = require('node:net').createServer()
server.listen(/^[0-9.]+$/.test(where) ? {host: where, port: 0} : {path: where}, () => {
  const become = ['-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', 'sh', ...command]
  process.exit(spawnSync('sh', become, {stdio: [0, 1, 2, server._handle.fd]}).status)
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

  const manager = (where: string): string[] => [process.execPath, '-e', MANAGER, where]

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
