import {closeSync} from 'node:fs'
import net from 'node:net'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {ERRNO} from '../../../src/base/index.js'
import {UringBackend} from '../../../src/aio/uring/backend.js'
import {RingSockets} from '../../../src/aio/uring/sockets.js'
import {loadListening, loadUring, type Listening} from '../../../src/native/index.js'
import {Scene} from '../../image/scene.js'
import {capability, itNeeds} from '../../peers.js'

const loaded = await loadUring()
const listening = await loadListening()
const needs = [capability(loaded.ok && listening.ok, loaded.ok ? '' : loaded.reason)]

describe('sockets on the ring of a backend', () => {
  let scene: Scene
  let sockets: RingSockets
  let backend: UringBackend
  let listener: number
  let calls: Listening
  beforeEach(() => {
    scene = new Scene()
    if (!loaded.ok || !listening.ok) return
    calls = listening.listening
    sockets = new RingSockets(16)
    backend = new UringBackend(loaded.uring, 0, 4, {guest: sockets})
    listener = calls.unix(scene.path('socket'), 4)
  })
  afterEach(async () => {
    if (loaded.ok) {
      await backend.close()
      closeSync(listener)
    }
    scene.close()
  })

  /** Waits, without keeping the clients of this process from their turn, until an operation has ended. @returns its result */
  const resultOf = (tag: number): Promise<number> =>
    vi.waitFor(async () => {
      await backend.submit(false)
      backend.reap()
      const index = sockets.tags.indexOf(tag)
      expect(index).toBeGreaterThanOrEqual(0)
      const result = sockets.results[index] as number
      sockets.clear()
      return result
    })

  itNeeds(needs, 'accept, receive and send several pieces, each with its tag', async () => {
    sockets.accept(1, listener)
    const client = net.connect(scene.path('socket'))
    let said = ''
    client.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const fd = await resultOf(1)
    expect(fd).toBeGreaterThan(0)
    const memory = backend.createMemory(4096)
    const page = backend.createMemory(4096)
    client.write('question')
    sockets.receive(2, fd, memory, 100, 64)
    expect(await resultOf(2)).toBe(8)
    expect(Buffer.from(memory.bytes.subarray(100, 108)).toString()).toBe('question')
    memory.bytes.set(Buffer.from('answer'), 0)
    const envelope = sockets.envelope(page)
    sockets.putPiece(envelope, 0, memory, 100, 8)
    sockets.putPiece(envelope, 1, memory, 0, 6)
    const message = sockets.message(envelope, 2)
    sockets.send(3, fd, envelope)
    expect(await resultOf(3)).toBe(14)
    await vi.waitFor(() => expect(said).toBe('questionanswer'))
    expect(calls.send(fd, message)).toBe(14)
    await vi.waitFor(() => expect(said).toBe('questionanswerquestionanswer'))
    const at = sockets.addressOf(memory)
    expect(calls.receive(fd, at, 64)).toBe(-ERRNO.EAGAIN)
    client.write('again')
    await vi.waitFor(() => expect(calls.receive(fd, at + 200, 64)).toBe(5))
    expect(Buffer.from(memory.bytes.subarray(200, 205)).toString()).toBe('again')
    client.destroy()
    sockets.receive(4, fd, memory, 0, 64)
    expect(await resultOf(4)).toBe(0)
    expect(calls.receive(fd, at, 64)).toBe(0)
    expect(calls.send(fd, message)).toBe(-ERRNO.EPIPE)
    closeSync(fd)
    memory.free()
    page.free()
  })

  itNeeds(needs, 'end a time, and what is cancelled', async () => {
    const memory = backend.createMemory(16)
    sockets.timeout(5, memory, 0, 1)
    expect(await resultOf(5)).toBe(-62) // ETIME
    sockets.accept(6, listener)
    await backend.submit(false)
    sockets.cancel(7, 6)
    expect(await resultOf(6)).toBe(-125) // ECANCELED
    await vi.waitFor(async () => {
      await backend.submit(false)
      backend.reap()
      expect(sockets.pending).toBe(0)
    })
    memory.free()
  })
})
