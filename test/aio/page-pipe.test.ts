import {closeSync, openSync, readdirSync, readSync, truncateSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {PagePipes} from '../../src/aio/page-pipe.js'
import {ERRNO} from '../../src/base/index.js'
import {loadSplice, type Splice} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {SocketPair} from '../native/socket-pair.js'
import {capability, itNeeds} from '../peers.js'

const MIB = 1 << 20
const HEAD = Buffer.from('head')
const bound = await loadSplice()
const splicing = capability(bound.ok, bound.ok ? '' : bound.reason)

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('pages that are passed on', () => {
  let scene: Scene
  let path: string
  let fd: number
  let pair: SocketPair
  let pipes: PagePipes
  let before: number
  beforeEach(async () => {
    scene = new Scene()
    path = scene.file('disk.img', 4 * MIB, 0x11)
    fd = openSync(path, 'r+')
    if (!bound.ok) return
    pair = await SocketPair.make()
    before = descriptors()
    pipes = new PagePipes(bound.splice)
  })
  afterEach(() => {
    closeSync(fd)
    if (bound.ok) {
      pipes.close()
      pair.close()
    }
    scene.close()
  })

  /** Everything a client gets while the pages leave. */
  const drained = (move: () => number, bytes: number): Buffer => {
    const all = Buffer.alloc(bytes)
    let at = 0
    let last = -ERRNO.EAGAIN
    while (last === -ERRNO.EAGAIN) {
      last = move()
      while (last === 0 && at < bytes) at += readSync(pair.peerFd, all, at, bytes - at, null)
      if (last === -ERRNO.EAGAIN) at += readSync(pair.peerFd, all, at, bytes - at, null)
    }
    expect([last, at]).toEqual([0, bytes])
    return all
  }

  itNeeds([splicing], 'come behind their head, from anywhere in the file, and as many as several pipes hold', () => {
    for (const [offsetBytes, lengthBytes] of [
      [0, 64 * 1024],
      [512, 64 * 1024],
      [4096 + 512, MIB],
      [MIB - 512, 2 * MIB],
    ] as const) {
      writeSync(fd, Buffer.from([0x22]), 0, 1, offsetBytes)
      writeSync(fd, Buffer.from([0x33]), 0, 1, offsetBytes + lengthBytes - 1)
      const pages = pipes.acquire(HEAD, lengthBytes)
      expect(pages?.take(fd, offsetBytes, lengthBytes)).toBe(true)
      expect(pages?.isFilled).toBe(true)
      const bytes = drained(() => pages?.moveTo(pair.fd) ?? 0, HEAD.length + lengthBytes)
      expect(bytes.toString('latin1', 0, 4)).toBe('head')
      expect([bytes[4], bytes.at(-1)]).toEqual([0x22, 0x33])
      expect(bytes.subarray(5, -1).every((byte) => byte === 0x11)).toBe(true)
      if (pages) pipes.release(pages)
      writeSync(fd, Buffer.alloc(1, 0x11), 0, 1, offsetBytes)
      writeSync(fd, Buffer.alloc(1, 0x11), 0, 1, offsetBytes + lengthBytes - 1)
    }
  })

  itNeeds([splicing], 'are those of the cache and no copy: what is written before they are read is in them', () => {
    const pages = pipes.acquire(HEAD, 64 * 1024)
    expect(pages?.take(fd, 0, 64 * 1024)).toBe(true)
    expect(pages?.moveTo(pair.fd)).toBe(0)
    writeSync(fd, Buffer.alloc(4096, 0x44), 0, 4096, 8192)
    const bytes = drained(() => 0, HEAD.length + 64 * 1024)
    expect(bytes.subarray(4 + 8192, 4 + 12_288).every((byte) => byte === 0x44)).toBe(true)
    if (pages) pipes.release(pages)
  })

  itNeeds(
    [splicing],
    'are not taken for a transfer that is not the whole one, nor twice, nor from behind the end',
    () => {
      const pages = pipes.acquire(HEAD, 64 * 1024)
      expect(pages?.take(fd, 0, 32 * 1024)).toBe(false)
      expect(pages?.take(fd, 4 * MIB - 4096, 64 * 1024)).toBe(false)
      expect(pages?.isFilled).toBe(false)
      expect(pages?.take(fd, 0, 64 * 1024)).toBe(true)
      expect(pages?.take(fd, 0, 64 * 1024)).toBe(false)
      if (pages) pipes.release(pages)
    },
  )

  itNeeds([splicing], 'are all there in a file that becomes shorter: old, or the zeroes it was cut with', () => {
    const pages = pipes.acquire(HEAD, 64 * 1024)
    expect(pages?.take(fd, 0, 64 * 1024)).toBe(true)
    truncateSync(path, 4096)
    const bytes = drained(() => pages?.moveTo(pair.fd) ?? 0, HEAD.length + 64 * 1024)
    expect(bytes.subarray(4, 4 + 4096).every((byte) => byte === 0x11)).toBe(true)
    expect(new Set(bytes.subarray(4 + 4096))).toEqual(new Set([bytes.at(-1) === 0 ? 0 : 0x11]))
    if (pages) pipes.release(pages)
  })

  itNeeds([splicing], 'cannot be moved to a client that has gone', () => {
    const pages = pipes.acquire(HEAD, 64 * 1024)
    pages?.take(fd, 0, 64 * 1024)
    pair.hangUp()
    expect(pages?.moveTo(pair.fd)).toBe(-ERRNO.EPIPE)
    if (pages) pipes.release(pages)
  })

  itNeeds([splicing], 'have 64 pipes, which are used again when empty and closed when not', () => {
    const taken = Array.from({length: 64}, () => pipes.acquire(HEAD, 64 * 1024))
    expect(taken).not.toContain(undefined)
    expect(pipes.acquire(HEAD, 64 * 1024)).toBeUndefined()
    expect(descriptors()).toBe(before + 128)
    const [full] = taken
    expect(full?.take(fd, 0, 64 * 1024)).toBe(true)
    for (const pages of taken) if (pages) pipes.release(pages)
    expect(descriptors()).toBe(before + 126)
    const again = pipes.acquire(HEAD, 64 * 1024)
    // Nothing of what was left in a pipe comes with what is put into it next.
    expect(again?.take(fd, 0, 64 * 1024)).toBe(true)
    expect(drained(() => again?.moveTo(pair.fd) ?? 0, HEAD.length + 64 * 1024)[4]).toBe(0x11)
    if (again) pipes.release(again)
    pipes.close()
    expect(descriptors()).toBe(before)
  })
})

describe('pages that cannot be passed on', () => {
  const splice: Splice = {
    pageBytes: 4096,
    pipe: () => -ERRNO.EMFILE,
    resize: (_, bytes) => bytes,
    isCached: () => true,
    write: (_, bytes) => bytes.length,
    fromFile: (_fd, _offset, _pipe, lengthBytes) => lengthBytes,
    toSocket: (_pipe, _socket, lengthBytes) => lengthBytes,
  }
  const somePipe = (): readonly [number, number] => [openSync('/dev/null', 'r'), openSync('/dev/null', 'w')]

  it('are copied where there is no descriptor left for a pipe, or a user has too much in pipes', () => {
    expect(new PagePipes(splice).acquire(HEAD, 65_536)).toBeUndefined()
    const before = descriptors()
    for (const allowed of [-ERRNO.EPERM, 65_536]) {
      let opened = 0
      const pipe = (): readonly [number, number] => (opened++, somePipe())
      const small = new PagePipes({...splice, pipe, resize: () => allowed})
      for (let i = 0; i < 3; i++) expect(small.acquire(HEAD, 65_536)).toBeUndefined()
      // It is not tried again for every read.
      expect(opened).toBe(1)
    }
    expect(descriptors()).toBe(before)
  })

  it('give back the pipes that were there when there are too few', () => {
    let opened = 0
    const pipes = new PagePipes({...splice, pipe: () => (opened++ === 0 ? somePipe() : -ERRNO.EMFILE)})
    expect(pipes.acquire(HEAD, 2 * MIB)).toBeUndefined()
    const pages = pipes.acquire(HEAD, 65_536)
    expect(pages).toBeDefined()
    if (pages) pipes.release(pages)
    pipes.close()
  })

  it('are not taken by half: what has come is thrown away with its pipe', () => {
    const before = descriptors()
    for (const broken of [{fromFile: () => -ERRNO.EIO}, {fromFile: () => 0}, {write: () => -ERRNO.EAGAIN}]) {
      const pipes = new PagePipes({...splice, pipe: somePipe, ...broken})
      const pages = pipes.acquire(HEAD, 65_536)
      expect(pages?.take(0, 0, 65_536)).toBe(false)
      expect(pages?.isFilled).toBe(false)
      if (pages) pipes.release(pages)
      pipes.close()
    }
    expect(descriptors()).toBe(before)
  })

  it('are an error of the connection when a pipe turns out to be empty', () => {
    const pipes = new PagePipes({...splice, pipe: somePipe, toSocket: () => 0})
    const pages = pipes.acquire(HEAD, 65_536)
    pages?.take(0, 0, 65_536)
    expect(pages?.moveTo(0)).toBe(-ERRNO.EIO)
    if (pages) pipes.release(pages)
    pipes.close()
  })
})
