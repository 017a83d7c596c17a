import {closeSync, openSync, readFileSync, readSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'

import {ERRNO} from '../../src/base/index.js'
import {loadSplice, type Splice} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {SocketPair} from './socket-pair.js'

const SIZE_BYTES = 1 << 20
const bound = await loadSplice()
const splicing = capability(bound.ok, bound.ok ? '' : bound.reason)

/** Whether a descriptor waits, as the kernel tells. */
const waits = (fd: number): boolean => {
  const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? ''
  return (Number.parseInt(flags, 8) & 0o4000) === 0
}

describe('pages on their way to a socket', () => {
  let scene: Scene
  let fd: number
  let splice: Splice
  let pipe: readonly [number, number]
  let pair: SocketPair
  beforeEach(async () => {
    scene = new Scene()
    fd = openSync(scene.file('disk.img', SIZE_BYTES, 0x11), 'r+')
    if (!bound.ok || !splicing.present) return
    splice = bound.splice
    pipe = splice.pipe() as readonly [number, number]
    pair = await SocketPair.make()
  })
  afterEach(() => {
    closeSync(fd)
    if (splicing.present) {
      pair.close()
      for (const end of pipe) closeSync(end)
    }
    scene.close()
  })

  itNeeds([splicing], 'come out behind the bytes that were put ahead of them, and leave the socket as it was', () => {
    expect(splice.write(pipe[1], Buffer.from('head'))).toBe(4)
    expect(splice.fromFile(fd, 4096 + 512, pipe[1], 8192)).toBe(8192)
    expect(splice.toSocket(pipe[0], pair.fd, 4 + 8192)).toBe(4 + 8192)
    const bytes = Buffer.alloc(SIZE_BYTES)
    expect(readSync(pair.peerFd, bytes)).toBe(4 + 8192)
    expect(bytes.toString('latin1', 0, 4)).toBe('head')
    expect(bytes.subarray(4, 4 + 8192).every((byte) => byte === 0x11)).toBe(true)
    expect(waits(pair.fd)).toBe(true)
  })

  itNeeds([splicing], 'wait in their pipe when the socket takes no more, and the caller does not', () => {
    let passed = 0
    let last = 0
    while (last >= 0 && passed < 64 * SIZE_BYTES) {
      splice.fromFile(fd, 0, pipe[1], 32 * 1024)
      last = splice.toSocket(pipe[0], pair.fd, 32 * 1024)
      if (last > 0) passed += last
    }
    expect(last).toBe(-ERRNO.EAGAIN)
    expect(passed).toBeGreaterThan(0)
    expect(waits(pair.fd)).toBe(true)
    expect(readSync(pair.peerFd, Buffer.alloc(passed))).toBeGreaterThan(0)
  })

  itNeeds([splicing], 'are refused by a socket whose peer has gone, with an errno and no signal', () => {
    splice.fromFile(fd, 0, pipe[1], 4096)
    pair.hangUp()
    expect(splice.toSocket(pipe[0], pair.fd, 4096)).toBe(-ERRNO.EPIPE)
  })

  itNeeds([splicing], 'are told to be in the page cache only where all of them are', () => {
    expect(splice.isCached(fd, 0, SIZE_BYTES)).toBe(true)
    expect(splice.isCached(fd, 4096 + 512, 1024)).toBe(true)
    // Nothing is behind the end.
    expect(splice.isCached(fd, SIZE_BYTES - 4096, 8192)).toBe(false)
    // Nobody has read the hole, but for its end.
    const hole = openSync(scene.file('hole.img', SIZE_BYTES), 'r')
    readSync(hole, Buffer.alloc(4096), 0, 4096, SIZE_BYTES - 4096)
    expect(splice.isCached(hole, 0, SIZE_BYTES)).toBe(false)
    expect(splice.isCached(hole, SIZE_BYTES - 4096, 4096)).toBe(true)
    closeSync(hole)
    const closed = openSync('/dev/null', 'r')
    closeSync(closed)
    expect(splice.isCached(closed, 0, 4096)).toBe(false)
  })

  itNeeds([splicing], 'have as much room as was asked for, in whole pages', () => {
    expect(splice.resize(pipe[1], 3 * splice.pageBytes)).toBe(4 * splice.pageBytes)
    expect(splice.resize(-1, splice.pageBytes)).toBe(-ERRNO.EBADF)
  })
})
