import {closeSync} from 'node:fs'

import type {Backend, Memory, RingSockets} from '../aio/index.js'
import type {Listening} from '../native/index.js'
import {SEND_BUFFER_BYTES, type Pipe, type PipeUser} from './pipe.js'
import {RingPipe, type PipeOwner} from './ring-pipe.js'

/** Tags: one for the clock, then one for each listening socket, then two for each connection. */
const TAG_CLOCK = 1
const TAG_ACCEPT = 2
const TAG_CANCEL = 15
const FIRST_CONNECTION = 8
/** The clock wakes a loop that waits in the kernel, so that Node's own events never wait longer. */
const CLOCK_MS = 100
/** Sockets that are looked at before the thread sleeps; the kernel tells of the others. */
const LOOKED_AT_MAX = 4

/** What a transport tells its server. */
export interface TransportUser {
  /** Somebody has connected. @returns who is told of the bytes of the connection */
  connected(pipe: Pipe): PipeUser
}

/**
 * Connections whose sockets share the ring of a backend, so that one wait is for the sockets and the image. Before it waits, the server
 * looks at those that have just been served.
 */
export class RingTransport {
  readonly #sockets: RingSockets
  readonly #listening: Listening
  readonly #backend: Backend
  readonly #listeners: readonly number[]
  readonly #max: number
  readonly #user: TransportUser
  readonly #pipes: (RingPipe | undefined)[] = []
  readonly #accepting: boolean[]
  /** Descriptors of those who came by one socket when others had taken the last place: they wait, as those in the queues do. */
  readonly #waiting: number[] = []
  readonly #clock: Memory
  /** Connections whose last send is over; they are told when something is dispatched. */
  readonly #over: RingPipe[] = []
  /** Connections that want bytes and have not asked the ring for them, and those that have got some. */
  readonly #wanting: RingPipe[] = []
  readonly #came: RingPipe[] = []
  #count = 0
  #isStopping = false
  #hasClock = false
  /** Nobody could be accepted (no descriptor is free): not again before the clock. */
  #rests = false

  constructor(options: {
    sockets: RingSockets
    listening: Listening
    backend: Backend
    listeners: readonly number[]
    max: number
    user: TransportUser
  }) {
    this.#sockets = options.sockets
    this.#listening = options.listening
    this.#backend = options.backend
    this.#listeners = options.listeners
    this.#max = options.max
    this.#user = options.user
    this.#accepting = options.listeners.map(() => false)
    this.#clock = options.backend.createMemory(16)
  }

  /** Connections that are open. */
  get count(): number {
    return this.#count
  }

  /** Starts what has to be on its way before the loop waits: connections that may begin, accepts, and the clock. */
  arm(): void {
    if (!this.#hasClock) {
      this.#hasClock = true
      this.#sockets.timeout(TAG_CLOCK, this.#clock, 0, CLOCK_MS)
    }
    while (this.#count < this.#max) {
      const fd = this.#waiting.shift()
      if (fd === undefined) break
      this.#open(fd)
    }
    if (this.#isStopping || this.#rests || this.#count >= this.#max) return
    this.#listeners.forEach((fd, index) => {
      if (this.#accepting[index]) return
      this.#accepting[index] = true
      this.#sockets.accept(TAG_ACCEPT + index, fd)
    })
  }

  /** Something is there to be handed on: no time to wait. */
  get hasEnded(): boolean {
    return this.#sockets.tags.length > 0 || this.#over.length > 0 || this.#came.length > 0
  }

  /** Takes what has come for connections that want bytes: for who has just been served that is faster than to ask the ring. */
  look(): void {
    const wanting = this.#wanting
    for (let i = wanting.length - 1; i >= 0; i--) {
      const pipe = wanting[i] as RingPipe
      if (!pipe.receiveNow()) continue
      wanting.splice(i, 1)
      this.#came.push(pipe)
    }
  }

  /** Asks the ring for what connections want: the loop is going to wait. */
  askRing(): void {
    for (const pipe of this.#wanting.splice(0)) pipe.askRing()
  }

  /** Hands on what has ended. */
  dispatch(): void {
    const {tags, results} = this.#sockets
    // Whoever is told may start new operations, but none of them ends before the backend reaps again.
    for (let i = 0; i < tags.length; i++) this.#ended(tags[i] as number, results[i] as number)
    this.#sockets.clear()
    for (const pipe of this.#over.splice(0)) pipe.tellSent()
    for (const pipe of this.#came.splice(0)) pipe.tellReceived()
  }

  /** Accepts nobody any more. */
  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    for (const fd of this.#waiting.splice(0)) closeSync(fd)
    this.#accepting.forEach((isOn, index) => {
      if (isOn) this.#sockets.cancel(TAG_CANCEL, TAG_ACCEPT + index)
    })
  }

  /** Ends the clock, waits until nothing is on its way and gives everything back. There are no connections any more. */
  async close(): Promise<void> {
    this.stop()
    if (this.#hasClock) this.#sockets.cancel(TAG_CANCEL, TAG_CLOCK)
    this.#hasClock = true
    this.dispatch()
    while (this.#sockets.pending > 0) {
      await this.#backend.submit(true)
      this.#backend.reap()
      this.dispatch()
    }
    this.#clock.free()
  }

  #ended(tag: number, result: number): void {
    if (tag === TAG_CLOCK) this.#hasClock = this.#rests = false
    else if (tag === TAG_CANCEL) return
    else if (tag < FIRST_CONNECTION * 2) this.#accepted(tag - TAG_ACCEPT, result)
    else this.#pipes[tag >>> 1]?.ended((tag & 1) === 1, result)
  }

  #accepted(listener: number, result: number): void {
    this.#accepting[listener] = false
    if (result < 0) {
      this.#rests = true
      return
    }
    if (this.#isStopping) closeSync(result)
    else if (this.#count < this.#max && this.#waiting.length === 0) this.#open(result)
    else this.#waiting.push(result)
  }

  #open(fd: number): void {
    let id = FIRST_CONNECTION
    while (this.#pipes[id] !== undefined) id++
    this.#listening.noDelay(fd)
    this.#listening.sendBuffer(fd, SEND_BUFFER_BYTES)
    const owner: PipeOwner = {
      over: (ended) => this.#over.push(ended),
      wants: (wanting) => {
        this.#wanting.push(wanting)
        if (this.#wanting.length > LOOKED_AT_MAX) this.#wanting.shift()?.askRing()
      },
      wantsNot: (wanting) => {
        this.#wanting.splice(this.#wanting.indexOf(wanting), 1)
      },
      gone: () => {
        this.#pipes[id] = undefined
        this.#count--
      },
    }
    const [sockets, listening, backend] = [this.#sockets, this.#listening, this.#backend]
    const peer = `connection ${id - FIRST_CONNECTION + 1}`
    const pipe = new RingPipe({sockets, listening, backend, fd, tag: id * 2, peer, owner})
    this.#pipes[id] = pipe
    this.#count++
    pipe.user = this.#user.connected(pipe)
    pipe.user.open()
  }
}
