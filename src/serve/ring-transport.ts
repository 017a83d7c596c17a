import {closeSync} from 'node:fs'

import {PagePipe, type Backend, type Envelope, type Memory, type RingSockets} from '../aio/index.js'
import {ERRNO} from '../base/index.js'
import type {Listening} from '../native/index.js'
import {SEND_BUFFER_BYTES, type Piece, type Pipe, type PipeUser} from './pipe.js'

/** Tags: one for the clock, then one for each listening socket, then two for each connection. */
const TAG_CLOCK = 1
const TAG_ACCEPT = 2
const TAG_CANCEL = 15
const FIRST_CONNECTION = 8
/** The clock wakes a loop that waits in the kernel, so that Node's own events never wait longer. */
const CLOCK_MS = 100
const ENVELOPE_BYTES = 4096

/** What a transport tells its server. */
export interface TransportUser {
  /** Somebody has connected. @returns who is told of the bytes of the connection */
  connected(pipe: Pipe): PipeUser
}

/** Connections whose sockets share the ring of a backend: the kernel is entered once for the sockets and the image. */
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
    return this.#sockets.tags.length > 0 || this.#over.length > 0
  }

  /** Hands on what has ended. */
  dispatch(): void {
    const {tags, results} = this.#sockets
    // Whoever is told may start new operations, but none of them ends before the backend reaps again.
    for (let i = 0; i < tags.length; i++) this.#ended(tags[i] as number, results[i] as number)
    this.#sockets.clear()
    for (const pipe of this.#over.splice(0)) pipe.tell()
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
    const pipe = new RingPipe(this.#sockets, this.#listening, this.#backend, fd, id, {
      over: (ended) => this.#over.push(ended),
      gone: () => {
        this.#pipes[id] = undefined
        this.#count--
      },
    })
    this.#pipes[id] = pipe
    this.#count++
    pipe.user = this.#user.connected(pipe)
    pipe.user.open()
  }
}

/** What a connection tells its transport. */
interface PipeOwner {
  /** Its last send is over. */
  over(pipe: RingPipe): void
  gone(): void
}

class RingPipe implements Pipe {
  user: PipeUser | undefined
  readonly peer: string
  readonly piecesMax: number
  readonly takesPages = true
  readonly #sockets: RingSockets
  readonly #listening: Listening
  readonly #fd: number
  readonly #tag: number
  readonly #envelope: Envelope
  readonly #owner: PipeOwner
  #receives = false
  /** Pieces on their way, from the first that is not out. */
  #pieces: readonly (Piece | PagePipe)[] = []
  #first = 0
  /** Bytes of the first that are out. */
  #done = 0
  #sends = false
  /** How the last send has ended. */
  #errno = 0
  #whenClosed: (() => void) | undefined
  #isClosed = false

  constructor(sockets: RingSockets, listening: Listening, backend: Backend, fd: number, id: number, owner: PipeOwner) {
    this.#sockets = sockets
    this.piecesMax = sockets.piecesMax
    this.#listening = listening
    this.#fd = fd
    this.#tag = id * 2
    this.peer = `connection ${id - FIRST_CONNECTION + 1}`
    this.#envelope = sockets.envelope(backend.createMemory(ENVELOPE_BYTES))
    this.#owner = owner
  }

  receive(memory: Memory, offset: number, lengthBytes: number): void {
    this.#receives = true
    this.#sockets.receive(this.#tag, this.#fd, memory, offset, lengthBytes)
  }

  send(pieces: readonly (Piece | PagePipe)[]): void {
    this.#pieces = pieces
    this.#first = 0
    this.#done = 0
    this.#sends = true
    this.#sendRest()
  }

  close(whenClosed: () => void): void {
    if (this.#isClosed) return
    this.#whenClosed = whenClosed
    this.#listening.shutdown(this.#fd)
    this.#closeWhenIdle()
  }

  ended(isSend: boolean, result: number): void {
    if (isSend) this.#sent(result)
    else {
      this.#receives = false
      this.user?.received(result)
    }
    this.#closeWhenIdle()
  }

  /** Pages leave at once, as far as the socket takes them; what lies in memory goes by the ring, up to the next pages. */
  #sendRest(): void {
    let piece = this.#pieces[this.#first]
    while (piece instanceof PagePipe) {
      const errno = piece.moveTo(this.#fd)
      if (errno === -ERRNO.EAGAIN) {
        this.#sockets.untilWritable(this.#tag + 1, this.#fd)
        return
      }
      if (errno < 0) {
        this.#end(errno)
        return
      }
      piece = this.#pieces[++this.#first]
    }
    if (piece === undefined) this.#end(0)
    else this.#sendMemory()
  }

  #sendMemory(): void {
    let count = 0
    for (let i = this.#first; i < this.#pieces.length; i++) {
      const piece = this.#pieces[i] as Piece | PagePipe
      if (piece instanceof PagePipe) break
      const done = count === 0 ? this.#done : 0
      this.#sockets.putPiece(this.#envelope, count++, piece.memory, piece.offset + done, piece.lengthBytes - done)
    }
    this.#sockets.send(this.#tag + 1, this.#fd, this.#envelope, count)
  }

  /** @param result bytes of pieces in memory, what poll(2) tells where pages wait, or a negative errno */
  #sent(result: number): void {
    if (result <= 0) {
      this.#end(result === 0 ? -ERRNO.EPIPE : result)
      return
    }
    let piece = this.#pieces[this.#first]
    if (!(piece instanceof PagePipe)) this.#done += result
    while (piece !== undefined && !(piece instanceof PagePipe) && this.#done >= piece.lengthBytes) {
      this.#done -= piece.lengthBytes
      piece = this.#pieces[++this.#first]
    }
    this.#sendRest()
  }

  #end(errno: number): void {
    this.#pieces = []
    this.#errno = errno
    this.#owner.over(this)
  }

  /** Tells the user how the last send has ended. */
  tell(): void {
    this.#sends = false
    this.user?.sent(this.#errno)
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (!this.#whenClosed || this.#receives || this.#sends || this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#fd)
    this.#envelope.memory.free()
    this.#owner.gone()
    this.#whenClosed()
  }
}
