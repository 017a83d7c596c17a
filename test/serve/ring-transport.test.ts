import {closeSync, fstatSync, openSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'

import {PagePipe, type Backend, type Memory, type RingSockets} from '../../src/aio/index.js'
import {ERRNO} from '../../src/base/index.js'
import type {Listening, Splice} from '../../src/native/index.js'
import type {Pipe} from '../../src/serve/pipe.js'
import {RingTransport} from '../../src/serve/ring-transport.js'

const LISTENERS = [100, 101, 102]

/** A ring on which nothing happens but that clients come, and sockets that take and give what a test says. */
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
  /** What sockets answer when they are sent a message, and when they are asked for bytes; all of it, and nothing, when left out. */
  readonly taken: number[] = []
  readonly given: number[] = []
  #sendTag = 0
  #receiveTag = 0
  #messageBytes = 0

  constructor(max: number) {
    const memory = {bytes: new Uint8Array(4096), free() {}}
    this.transport = new RingTransport({
      sockets: this as unknown as RingSockets,
      listening: {
        ...{noDelay() {}, sendBuffer() {}, shutdown() {}},
        send: () => this.taken.shift() ?? this.#messageBytes,
        receive: () => this.given.shift() ?? -ERRNO.EAGAIN,
      } as unknown as Listening,
      backend: {createMemory: () => memory} as unknown as Backend,
      listeners: LISTENERS,
      max,
      user: {
        connected: (pipe) => {
          this.opened.push(pipe)
          return {
            open() {},
            received: (count) => this.said.push(`received ${count}`),
            sent: (errno) => this.said.push(`sent ${errno}`),
          }
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
  addressOf(): number {
    return 0
  }
  receive(tag: number, _fd: number, _memory: Memory, offset: number, lengthBytes: number): void {
    this.#receiveTag = tag
    this.said.push(`receive ${offset}+${lengthBytes}`)
  }
  putPiece(_envelope: unknown, index: number, _memory: Memory, offset: number, lengthBytes: number): void {
    if (index === 0) this.#messageBytes = 0
    this.#messageBytes += lengthBytes
    this.said.push(`piece ${index}: ${offset}+${lengthBytes}`)
  }
  message(_envelope: unknown, count: number): number {
    this.said.push(`message of ${count}`)
    return 0
  }
  send(tag: number): void {
    this.#sendTag = tag
    this.said.push('send')
  }
  untilWritable(tag: number): void {
    this.#sendTag = tag
    this.said.push('wait')
  }
  /** The send that was asked for last ends. */
  ends(result: number): void {
    this.#end(this.#sendTag, result)
  }
  /** The receive that was asked for last ends. */
  comes(result: number): void {
    this.#end(this.#receiveTag, result)
  }
  #end(tag: number, result: number): void {
    this.tags.push(tag)
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

  const ALL_PAGES = `pages ${HEAD_BYTES + PAGES_BYTES}`

  it('leave at once, in order, from memory and as pages, also where a socket takes a part of a piece', () => {
    const pipe = open()
    ring.taken.push(15)
    pipe.send([piece(0, 10), piece(100, 20), pagesTaken(), pagesTaken(), piece(200, 30)])
    expect(ring.said.splice(0)).toEqual([
      ...['piece 0: 0+10', 'piece 1: 100+20', 'message of 2'],
      ...['piece 0: 105+15', 'message of 1', ALL_PAGES, ALL_PAGES],
      ...['piece 0: 200+30', 'message of 1'],
    ])
    ring.transport.dispatch()
    expect(ring.said).toEqual(['sent 0'])
  })

  it('go on by the ring where the socket is full, and at once again when that has ended', () => {
    const pipe = open()
    ring.taken.push(15, -ERRNO.EAGAIN)
    pipe.send([piece(0, 10), piece(100, 20), pagesTaken()])
    expect(ring.said.splice(0).slice(-3)).toEqual(['piece 0: 105+15', 'message of 1', 'send'])
    expect(ring.transport.hasEnded).toBe(false)
    ring.ends(8)
    expect(ring.said.splice(0)).toEqual(['piece 0: 113+7', 'message of 1', ALL_PAGES, 'sent 0'])
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

  it('are no more where the client has gone while they were leaving from memory', () => {
    const pipe = open()
    ring.taken.push(-ERRNO.EPIPE)
    pipe.send([piece(0, 10), pagesTaken()])
    ring.said.length = 0
    ring.transport.dispatch()
    expect(ring.said).toEqual([`sent ${-ERRNO.EPIPE}`])
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

describe('bytes of a client', () => {
  const memory = {bytes: new Uint8Array(0), free() {}}
  const open = (clients: number): readonly Pipe[] => {
    ring = new Ring(clients)
    ring.transport.arm()
    while (ring.opened.length < clients) ring.come()
    return ring.opened
  }

  it('that are there are taken without the ring, and told in the turn of the loop', () => {
    const [pipe] = open(1)
    pipe?.receive(memory, 28, 100)
    ring.given.push(-ERRNO.EAGAIN, 64)
    ring.transport.look()
    expect(ring.transport.hasEnded).toBe(false)
    ring.transport.look()
    expect([ring.transport.hasEnded, ring.said]).toEqual([true, []])
    ring.transport.dispatch()
    expect([ring.transport.hasEnded, ring.said]).toEqual([false, ['received 64']])
  })

  it('are asked of the ring before the loop waits, once', () => {
    const [pipe] = open(1)
    pipe?.receive(memory, 28, 100)
    ring.transport.askRing()
    ring.transport.askRing()
    ring.given.push(64)
    ring.transport.look()
    expect(ring.said.splice(0)).toEqual(['receive 28+100'])
    ring.comes(64)
    expect(ring.said).toEqual(['received 64'])
  })

  it('are looked for on four sockets at most, so that many clients cost no more; the ring tells of the others', () => {
    const pipes = open(6)
    pipes.forEach((pipe, i) => pipe.receive(memory, i, 100))
    expect(ring.said.splice(0)).toEqual(['receive 0+100', 'receive 1+100'])
    ring.given.push(...pipes.map(() => 64))
    ring.transport.look()
    ring.transport.dispatch()
    expect(ring.said).toEqual(Array.from({length: 4}, () => 'received 64'))
  })

  it('are the end, or an error, when the client has gone', () => {
    const [pipe] = open(1)
    for (const result of [0, -ERRNO.ECONNRESET]) {
      pipe?.receive(memory, 0, 100)
      ring.given.push(result)
      ring.transport.look()
      ring.transport.dispatch()
      expect(ring.said.splice(0)).toEqual([`received ${result}`])
    }
  })

  it('that nobody has asked the ring for do not keep a connection from being closed; those that have come are told first', () => {
    const [pipe, other] = open(2)
    let closed = 0
    pipe?.receive(memory, 0, 100)
    pipe?.close(() => closed++)
    expect([closed, ring.transport.count]).toEqual([1, 1])
    ring.given.push(64)
    ring.transport.look()
    expect(ring.said).toEqual([])
    other?.receive(memory, 0, 100)
    ring.transport.look()
    other?.close(() => closed++)
    expect(closed).toBe(1)
    ring.transport.dispatch()
    expect([closed, ring.said]).toEqual([2, ['received 64']])
  })
})
