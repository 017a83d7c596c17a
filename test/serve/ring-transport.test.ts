import {closeSync, fstatSync, openSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'

import {PagePipe, type Backend, type Memory, type RingSockets} from '../../src/aio/index.js'
import {ERRNO} from '../../src/base/index.js'
import type {Listening, Splice} from '../../src/native/index.js'
import type {Pipe} from '../../src/serve/pipe.js'
import {RingTransport} from '../../src/serve/ring-transport.js'

const LISTENERS = [100, 101, 102]

/** A ring on which nothing happens but that clients come. */
class Ring {
  readonly tags: number[] = []
  readonly results: number[] = []
  readonly pending = 0
  readonly piecesMax = 8
  /** Tags of accepts on their way, by their listener. */
  readonly accepting = new Map<number, number>()
  readonly opened: Pipe[] = []
  /** What was asked of the ring and of sockets for replies, and what connections were told, in order. */
  readonly said: string[] = []
  readonly transport: RingTransport
  readonly #fds: number[] = []
  #sendTag = 0

  constructor(max: number) {
    const memory = {bytes: new Uint8Array(4096), free() {}}
    this.transport = new RingTransport({
      sockets: this as unknown as RingSockets,
      listening: {noDelay() {}, sendBuffer() {}, shutdown() {}} as unknown as Listening,
      backend: {createMemory: () => memory} as unknown as Backend,
      listeners: LISTENERS,
      max,
      user: {
        connected: (pipe) => {
          this.opened.push(pipe)
          return {open() {}, received() {}, sent: (errno) => this.said.push(`sent ${errno}`)}
        },
      },
    })
  }

  timeout(): void {}
  cancel(): void {}
  envelope(memory: unknown): unknown {
    return {memory}
  }
  accept(tag: number, listener: number): void {
    this.accepting.set(listener, tag)
  }
  putPiece(_envelope: unknown, index: number, _memory: Memory, offset: number, lengthBytes: number): void {
    this.said.push(`piece ${index}: ${offset}+${lengthBytes}`)
  }
  send(tag: number, _fd: number, _envelope: unknown, count: number): void {
    this.#sendTag = tag
    this.said.push(`send ${count}`)
  }
  untilWritable(tag: number): void {
    this.#sendTag = tag
    this.said.push('wait')
  }
  /** What was asked for last ends. */
  ends(result: number): void {
    this.tags.push(this.#sendTag)
    this.results.push(result)
    this.transport.dispatch()
  }
  clear(): void {
    this.tags.length = this.results.length = 0
  }

  /** Somebody comes by each listener that accepts. @returns their descriptors */
  come(): readonly number[] {
    const fds = [...this.accepting].map(([listener, tag]) => {
      this.accepting.delete(listener)
      this.tags.push(tag)
      const fd = openSync('/dev/null', 'r')
      this.results.push(fd)
      return fd
    })
    this.#fds.push(...fds)
    this.transport.dispatch()
    this.transport.arm()
    return fds
  }

  close(): void {
    for (const fd of this.#fds.filter(isOpen)) closeSync(fd)
  }
}

function isOpen(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch {
    return false
  }
}

let ring: Ring
afterEach(() => ring.close())

describe('clients that come by several sockets at once', () => {
  it('are served as many at a time as there may be, and the next when one has gone', () => {
    ring = new Ring(2)
    ring.transport.arm()
    ring.come()
    expect(ring.opened).toHaveLength(2)
    expect(ring.transport.count).toBe(2)
    expect(ring.accepting.size).toBe(0)
    ring.opened[0]?.close(() => {})
    ring.transport.arm()
    expect(ring.opened).toHaveLength(3)
    expect(ring.transport.count).toBe(2)
    expect(ring.accepting.size).toBe(0)
    ring.opened[1]?.close(() => {})
    ring.transport.arm()
    expect(ring.accepting.size).toBe(LISTENERS.length)
  })

  it('are left when nobody is served any more, be they accepted or not', () => {
    ring = new Ring(1)
    ring.transport.arm()
    const fds = ring.come()
    ring.transport.stop()
    expect(fds.map(isOpen)).toEqual([true, false, false])
    ring.opened[0]?.close(() => {})
    ring.transport.arm()
    expect(ring.opened).toHaveLength(1)
    expect(ring.transport.count).toBe(0)
  })
})

describe('replies of a connection', () => {
  const HEAD_BYTES = 16
  const PAGES_BYTES = 65_536
  const memory = {bytes: new Uint8Array(0), free() {}}
  const piece = (offset: number, lengthBytes: number): {memory: Memory; offset: number; lengthBytes: number} => ({
    ...{memory, offset, lengthBytes},
  })
  /** Pages that a socket takes in steps: bytes, or errnos below 0. */
  const pagesTaken = (...steps: number[]): PagePipe => {
    const splice: Splice = {
      ...{pageBytes: 4096, pipe: () => [3, 4], resize: (_, bytes) => bytes, isCached: () => true},
      ...{write: (_, bytes) => bytes.length, fromFile: (_fd, _offset, _pipe, lengthBytes) => lengthBytes},
      toSocket(_pipe, _socket, lengthBytes) {
        const step = steps.shift() ?? lengthBytes
        ring.said.push(`pages ${step}`)
        return step
      },
    }
    const pages = new PagePipe(splice, [{readFd: 3, writeFd: 4, heldBytes: 0}], new Uint8Array(HEAD_BYTES), PAGES_BYTES)
    pages.take(0, 0, PAGES_BYTES)
    return pages
  }
  const open = (): Pipe => {
    ring = new Ring(1)
    ring.transport.arm()
    ring.come()
    return ring.opened[0] as Pipe
  }

  it('leave in order, from memory by the ring and pages at once, also where a send ends within a piece', () => {
    const pipe = open()
    pipe.send([piece(0, 10), piece(100, 20), pagesTaken(), pagesTaken(), piece(200, 30)])
    expect(ring.said.splice(0)).toEqual(['piece 0: 0+10', 'piece 1: 100+20', 'send 2'])
    ring.ends(15)
    expect(ring.said.splice(0)).toEqual(['piece 0: 105+15', 'send 1'])
    ring.ends(15)
    const all = `pages ${HEAD_BYTES + PAGES_BYTES}`
    expect(ring.said.splice(0)).toEqual([all, all, 'piece 0: 200+30', 'send 1'])
    ring.ends(30)
    expect(ring.said).toEqual(['sent 0'])
  })

  it('wait where the socket takes no more pages, and end at once where it takes all', () => {
    const pipe = open()
    pipe.send([pagesTaken(1000, -ERRNO.EAGAIN, -ERRNO.EAGAIN, 500)])
    expect(ring.said.splice(0)).toEqual(['pages 1000', `pages ${-ERRNO.EAGAIN}`, 'wait'])
    ring.ends(4)
    expect(ring.said.splice(0)).toEqual([`pages ${-ERRNO.EAGAIN}`, 'wait'])
    ring.ends(4)
    expect(ring.said.splice(0)).toEqual(['pages 500', `pages ${HEAD_BYTES + PAGES_BYTES - 1500}`, 'sent 0'])
    pipe.send([pagesTaken()])
    // Told in the turn of the loop, which has no time to wait before.
    expect(ring.said).toEqual([`pages ${HEAD_BYTES + PAGES_BYTES}`])
    expect(ring.transport.hasEnded).toBe(true)
    ring.transport.dispatch()
    expect(ring.said.at(-1)).toBe('sent 0')
    expect(ring.transport.hasEnded).toBe(false)
  })

  it('are no more where the client has gone while pages were leaving, or were waiting', () => {
    const pipe = open()
    pipe.send([pagesTaken(1000, -ERRNO.EPIPE), piece(0, 10)])
    ring.transport.dispatch()
    expect(ring.said.splice(0)).toEqual(['pages 1000', `pages ${-ERRNO.EPIPE}`, `sent ${-ERRNO.EPIPE}`])
    pipe.send([pagesTaken(-ERRNO.EAGAIN), piece(0, 10)])
    ring.said.length = 0
    ring.ends(-ERRNO.ECANCELED)
    expect(ring.said).toEqual([`sent ${-ERRNO.ECANCELED}`])
  })

  it('are out before their connection is closed, and its place is free again', () => {
    const pipe = open()
    pipe.send([pagesTaken()])
    let isClosed = false
    pipe.close(() => (isClosed = true))
    expect([isClosed, ring.transport.count]).toEqual([false, 1])
    ring.transport.dispatch()
    expect([isClosed, ring.transport.count]).toEqual([true, 0])
  })
})
