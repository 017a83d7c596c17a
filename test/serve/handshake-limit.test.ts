import {execFileSync} from 'node:child_process'
import tls from 'node:tls'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {HandshakeLimit, parseHandshakeLimit, type Newcomer} from '../../src/serve/handshake-limit.js'
import {TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer} from '../peers.js'
import {infoData, option, RawClient, READ, request, u32} from './nbd/client.js'
import {Served, uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

class Guest implements Newcomer {
  wasServed = false
  isGone = false

  expire(): boolean {
    this.isGone = !this.wasServed
    return this.isGone
  }
}

/** A client that has been greeted: the place of one that was sent away is free a moment after that one has seen the end. */
function admitted(served: Served): Promise<RawClient> {
  return vi.waitFor(
    async () => {
      const client = await RawClient.connect(served.socket)
      await client.greet()
      return client
    },
    {timeout: TIMEOUT_MS},
  )
}

describe('the time a handshake may take', () => {
  it('is over for each newcomer so long after it has connected, and for nobody who was served or has gone', () => {
    const limit = new HandshakeLimit(100)
    const guests = Array.from({length: 5}, () => new Guest()) as [Guest, Guest, Guest, Guest, Guest]
    const [slow, served, left, late, servedLate] = guests
    guests.forEach((guest, index) => limit.connected(guest, index < 3 ? 1000 : 1050))
    limit.gone(left)
    served.wasServed = true
    expect(limit.enforce(1099)).toBe(0)
    expect(limit.enforce(1100)).toBe(1)
    servedLate.wasServed = true
    expect(limit.enforce(5000)).toBe(1)
    expect(limit.enforce(9000)).toBe(0)
    expect(guests.map(({isGone}) => isGone)).toEqual([true, false, false, true, false])
    expect([slow.isGone, late.isGone]).toEqual([true, true])
  })

  it('has no end where the limit is 0', () => {
    const limit = new HandshakeLimit(0)
    const guest = new Guest()
    limit.connected(guest, 0)
    expect(limit.enforce(1e12)).toBe(0)
    expect(guest.isGone).toBe(false)
  })

  it('is written with a unit, or in seconds', () => {
    expect(['10s', '10', '250ms', '0', '1m'].map(parseHandshakeLimit)).toEqual([10_000, 10_000, 250, 0, 60_000])
    expect(() => parseHandshakeLimit('soon')).toThrow('--handshake-limit soon: not a time')
  })
})

describe.each(['uring', 'threads'])('a client that takes too long, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>): void =>
    itNeeds(aio === 'uring' ? [uring] : [], title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  const start = (...flags: readonly string[]): Promise<Served> =>
    Served.start(scene, image, ['--aio', aio, '--handshake-limit', '300ms', ...flags])
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', 2 ** 20, 0x11)
  })
  afterEach(() => scene.close())

  itServes('to say anything, or to come to an end with its options, is sent away', async () => {
    const served = await start()
    const [silent, greeted, dripping, asking] = (await Promise.all(
      Array.from({length: 4}, () => RawClient.connect(served.socket)),
    )) as [RawClient, RawClient, RawClient, RawClient]
    await Promise.all([greeted, dripping, asking].map((client) => client.greet()))
    const name = option(7, infoData(''))
    let at = 0
    const drip = setInterval(() => {
      // It never comes to the last byte.
      if (at < name.length - 1) dripping.send(name.subarray(at, ++at))
      asking.send(option(3))
    }, 20)
    await Promise.all([silent, greeted, dripping, asking].map((client) => client.readToEnd()))
    clearInterval(drip)
    const {ended, document} = await served.stop()
    expect(ended.exit).toBe(0)
    expect(document).toMatchObject({counts: {connections: 4, timedOut: 4}, faults: []})
  })

  itServes('to take answers it has asked for, and has hung up already, is sent away', async () => {
    const served = await start()
    const client = await RawClient.connect(served.socket)
    client.socket.pause()
    client.send(u32(3), ...Array.from({length: 60_000}, () => option(3)))
    client.socket.end()
    const other = await RawClient.connect(served.socket)
    await other.readToEnd()
    expect((await served.stop()).document.counts).toMatchObject({timedOut: 2})
    client.close()
  })

  itServes('keeps no place from those that come after it', async () => {
    const served = await start('--max-connections', '1')
    const slow = await RawClient.connect(served.socket)
    await slow.readToEnd()
    const next = await admitted(served)
    next.send(option(7, infoData('')))
    expect((await next.replies()).types.at(-1)).toBe(1)
    next.close()
    expect((await served.stop()).document.counts).toMatchObject({connections: 2, timedOut: 1})
  })

  itServes('is not the one client that a server with --once is for', async () => {
    const served = await start('--once')
    const slow = await RawClient.connect(served.socket)
    await slow.readToEnd()
    const next = await RawClient.connect(served.socket)
    await next.go()
    next.close()
    const {ended, document} = await served.end()
    expect(ended.exit).toBe(0)
    expect(document).toMatchObject({counts: {connections: 2, timedOut: 1}, faults: []})
  })

  itServes('between its requests is served all the same', async () => {
    const served = await start()
    const idle = await RawClient.connect(served.socket)
    await idle.go()
    // Whoever has come later is sent away: the time of the idle one is over too.
    const later = await RawClient.connect(served.socket)
    await later.readToEnd()
    idle.send(request({type: READ, length: 512}))
    expect(await idle.simple()).toMatchObject({error: 0})
    idle.close()
    await served.stop()
  })
})

describe('TLS', () => {
  itNeeds(
    [peer('openssl')],
    'has to be set up in the time of the handshake, and requests to follow in it',
    async () => {
      const scene = new Scene()
      const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'ec']
      const key = ['-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', scene.path('server-key.pem')]
      const made = ['req', '-x509', ...subject, ...key, '-out', scene.path('server-cert.pem')]
      execFileSync('openssl', made, {stdio: 'ignore'})
      const image = scene.file('disk.img', 2 ** 20)
      const flags = ['--tls', scene.folder, '--handshake-limit', '1s', '--max-connections', '2']
      const served = await Served.start(scene, image, flags)
      const [clear, secure] = (await Promise.all(
        Array.from({length: 2}, async () => {
          const client = await RawClient.connect(served.socket)
          await client.greet()
          client.send(option(5))
          await client.replies()
          return client
        }),
      )) as [RawClient, RawClient]
      secure.socket.removeAllListeners('data')
      const secured = tls.connect({socket: secure.socket, rejectUnauthorized: false})
      secured.on('error', () => {})
      await new Promise((resolve) => secured.once('secureConnect', resolve))
      await Promise.all([clear.readToEnd(), new Promise((resolve) => secured.resume().once('end', resolve))])
      // Both places are free again.
      const next = await Promise.all([admitted(served), admitted(served)])
      for (const client of next) client.close()
      expect((await served.stop()).document.counts).toMatchObject({timedOut: 2})
      scene.close()
    },
  )
})
