import {closeSync, statSync} from 'node:fs'
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
    expect(answer.listening.portOf(fd)).toBe(0)
    closeSync(fd)
  })

  itNeeds(needs, 'listen on an address, and tell the port that was free', async () => {
    if (!answer.ok) return
    const fd = answer.listening.inet(Uint8Array.from([127, 0, 0, 1]), 0, 1)
    expect(fd).toBeGreaterThan(0)
    const port = answer.listening.portOf(fd)
    expect(port).toBeGreaterThan(0)
    const socket = net.connect(port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
    answer.listening.noDelay(fd)
    answer.listening.shutdown(fd)
    closeSync(fd)
  })
})
