import {once} from 'node:events'
import {closeSync, openSync, statSync} from 'node:fs'
import net from 'node:net'
import {afterEach, beforeEach, describe, expect} from 'vitest'

import {loadListening} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

const answer = await loadListening()
const needs = [capability(answer.ok, answer.ok ? '' : answer.reason)]

describe('sockets without node:net', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itNeeds(needs, 'listen at a path that only its owner can connect to, and that must be free', () => {
    if (!answer.ok) return
    const path = scene.path('socket')
    const fd = answer.listening.unix(path, 1)
    expect(fd).toBeGreaterThan(0)
    expect(statSync(path).mode & 0o077).toBe(0)
    expect(answer.listening.unix(path, 1)).toBe(-98) // EADDRINUSE
    expect(answer.listening.boundTo(fd)).toEqual({kind: 'unix', path})
    expect(answer.listening.listens(fd)).toBe(true)
    closeSync(fd)
  })

  itNeeds(needs, 'are told from descriptors that are none, and bear the addresses they were given', () => {
    if (!answer.ok) return
    const {listening} = answer
    const file = openSync(scene.file('a file', 1), 'r')
    expect([listening.listens(file), listening.boundTo(file)]).toEqual([false, undefined])
    expect([listening.listens(2 ** 20), listening.boundTo(2 ** 20)]).toEqual([false, undefined])
    closeSync(file)
    const fd = listening.inet(
      Uint8Array.from({length: 16}, (_, i) => (i === 15 ? 1 : 0)),
      0,
      1,
    )
    if (fd === -99 || fd === -97) return // EADDRNOTAVAIL, EAFNOSUPPORT: a host without IPv6
    expect(listening.boundTo(fd)).toMatchObject({kind: 'tcp', host: '::1'})
    closeSync(fd)
  })

  itNeeds(needs, 'listen on an address, and tell the port that was free', async () => {
    if (!answer.ok) return
    const fd = answer.listening.inet(Uint8Array.from([127, 0, 0, 1]), 0, 1)
    expect(fd).toBeGreaterThan(0)
    const bound = answer.listening.boundTo(fd)
    expect(bound).toMatchObject({kind: 'tcp', host: '127.0.0.1'})
    const port = bound?.kind === 'tcp' ? bound.port : 0
    expect(port).toBeGreaterThan(0)
    const socket = net.connect(port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
    answer.listening.noDelay(fd)
    answer.listening.shutdown(fd)
    closeSync(fd)
  })

  itNeeds(needs, 'hold more bytes that wait to be read when they are told to', async () => {
    if (!answer.ok) return
    const {listening} = answer
    /** What the kernel did not take of 300 KiB that nobody reads. */
    const left = async (prepare: (fd: number) => void): Promise<number> => {
      const path = scene.path('socket')
      const server = net.createServer().listen(path)
      const accepted = once(server, 'connection') as Promise<[net.Socket & {_handle: {fd: number}}]>
      const client = net.connect(path)
      client.pause()
      const [socket] = await accepted
      prepare(socket._handle.fd)
      socket.write(Buffer.alloc(300 * 1024))
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      const {writableLength} = socket
      client.destroy()
      socket.destroy()
      server.close()
      await once(server, 'close')
      return writableLength
    }
    expect(await left(() => {})).toBeGreaterThan(0)
    expect(await left((fd) => listening.sendBuffer(fd, 1 << 20))).toBe(0)
  })
})
