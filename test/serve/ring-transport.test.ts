import {closeSync, fstatSync, openSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'

import type {Backend, RingSockets} from '../../src/aio/index.js'
import type {Listening} from '../../src/native/index.js'
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
  readonly transport: RingTransport
  readonly #fds: number[] = []

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
          return {open() {}, received() {}, sent() {}}
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
