import type net from 'node:net'

import type {Memory} from '../aio/index.js'
import {ERRNO, errnoOf} from '../base/index.js'
import type {Listening} from '../native/index.js'
import {SEND_BUFFER_BYTES, type Piece, type Pipe, type PipeUser} from './pipe.js'
import type {TransportUser} from './ring-transport.js'

/** Does what a turn of the event loop has brought; whatever has to be done whenever there was one is done by it too. */
export type InTurn = (work: () => void) => void

/** Connections of node:net, where sockets cannot share the ring: without io_uring, or with TLS. */
export class NetTransport {
  readonly #servers: readonly net.Server[]
  readonly #max: number
  readonly #pipes = new Set<NetPipe>()
  readonly #user: TransportUser
  readonly #listening: Pick<Listening, 'sendBuffer'> | undefined
  readonly #inTurn: InTurn

  /**
   * @param options.servers that listen, or will
   * @param options.listening native calls, where they can be had
   */
  constructor(options: {
    servers: readonly net.Server[]
    listening: Pick<Listening, 'sendBuffer'> | undefined
    max: number
    user: TransportUser
    inTurn: InTurn
  }) {
    const {servers, listening, max, user, inTurn} = options
    this.#listening = listening
    this.#servers = servers
    this.#max = max
    this.#user = user
    this.#inTurn = inTurn
    for (const server of servers) {
      server.maxConnections = max
      server.on('connection', (socket) => inTurn(() => this.#connected(socket)))
    }
  }

  get count(): number {
    return this.#pipes.size
  }

  /** Accepts nobody any more. */
  stop(): void {
    for (const server of this.#servers) server.close()
  }

  /** Hangs up on whoever is still there. */
  close(): void {
    this.stop()
    for (const pipe of this.#pipes) pipe.socket.destroy()
  }

  #connected(socket: net.Socket): void {
    if (this.#pipes.size >= this.#max) {
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    // node:net has no word for it, nor for the descriptor.
    const fd = (socket as {_handle?: {readonly fd?: number} | null})._handle?.fd
    if (fd !== undefined && fd >= 0) this.#listening?.sendBuffer(fd, SEND_BUFFER_BYTES)
    const pipe = new NetPipe(socket, this.#inTurn, () => this.#pipes.delete(pipe))
    this.#pipes.add(pipe)
    pipe.user = this.#user.connected(pipe)
    pipe.user.open()
  }
}

/** One socket of node:net. Bytes nobody has asked for stay in the kernel, but for one chunk. */
export class NetPipe implements Pipe {
  user: PipeUser | undefined
  readonly peer: string
  readonly piecesMax = 512
  readonly takesPages = false
  #socket: net.Socket
  readonly #inTurn: InTurn
  readonly #gone: () => void
  #chunk: Uint8Array | undefined
  #used = 0
  #target: {readonly memory: Memory; readonly offset: number; readonly lengthBytes: number} | undefined
  #hasEnded = false
  #sends = false
  #isDelivering = false
  #whenClosed: (() => void) | undefined
  #isClosed = false

  constructor(socket: net.Socket, inTurn: InTurn, gone: () => void) {
    this.#socket = socket
    this.#inTurn = inTurn
    this.peer = socket.remoteAddress === undefined ? 'a client' : `${socket.remoteAddress}:${socket.remotePort}`
    this.#gone = gone
    this.#listen(socket)
  }

  get socket(): net.Socket {
    return this.#socket
  }

  /** Goes on over another socket, which wraps the first. */
  replace(make: (plain: net.Socket) => net.Socket): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('end')
    this.#socket = make(plain)
    this.#listen(this.#socket)
  }

  #listen(socket: net.Socket): void {
    const inTurn = this.#inTurn
    socket.pause()
    socket.on('data', (chunk: Uint8Array) => inTurn(() => this.#came(socket, chunk)))
    socket.on('end', () => {
      this.#hasEnded = true
      inTurn(() => this.#deliver())
    })
    socket.on('error', (error) => inTurn(() => this.#failed(-errnoOf(error))))
    socket.on('close', () => inTurn(() => this.#failed(-ERRNO.ECONNRESET)))
  }

  #came(socket: net.Socket, chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#used = 0
    this.#deliver()
    // To stop and to start again takes system calls and a turn: not for somebody who wants to go on.
    if (this.#chunk !== undefined || this.#target === undefined) socket.pause()
  }

  receive(memory: Memory, offset: number, lengthBytes: number): void {
    this.#target = {memory, offset, lengthBytes}
    this.#deliver()
  }

  /** In a loop: whoever receives asks for more at once. */
  #deliver(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    try {
      while (this.#target !== undefined && (this.#chunk !== undefined || this.#hasEnded)) {
        const {memory, offset, lengthBytes} = this.#target
        this.#target = undefined
        if (this.#chunk === undefined) {
          this.user?.received(0)
          break
        }
        const count = Math.min(lengthBytes, this.#chunk.length - this.#used)
        memory.bytes.set(this.#chunk.subarray(this.#used, this.#used + count), offset)
        this.#used += count
        if (this.#used === this.#chunk.length) this.#chunk = undefined
        this.user?.received(count)
      }
    } finally {
      this.#isDelivering = false
    }
    const wants = this.#target !== undefined && this.#chunk === undefined && !this.#hasEnded
    if (wants && this.#socket.isPaused()) this.#socket.resume()
    this.#closeWhenIdle()
  }

  send(pieces: readonly Piece[]): void {
    this.#sends = true
    const socket = this.#socket
    socket.cork()
    pieces.forEach(({memory, offset, lengthBytes}, index) => {
      const bytes = memory.bytes.subarray(offset, offset + lengthBytes)
      if (index < pieces.length - 1) socket.write(bytes)
      else socket.write(bytes, (error) => this.#inTurn(() => this.#sent(error ? -errnoOf(error) : 0)))
    })
    socket.uncork()
  }

  #sent(errno: number): void {
    if (!this.#sends) return
    this.#sends = false
    this.user?.sent(errno)
    this.#closeWhenIdle()
  }

  close(whenClosed: () => void): void {
    if (this.#isClosed) return
    this.#whenClosed = whenClosed
    if (this.#sends) this.#socket.destroy()
    else this.#socket.end(() => this.#socket.destroy())
    this.#hasEnded = true
    // Not from inside: whoever closes is not expecting answers yet.
    setImmediate(() => this.#inTurn(() => this.#deliver()))
  }

  /** The socket has gone: whatever waits is answered. */
  #failed(errno: number): void {
    this.#hasEnded = true
    this.#chunk = undefined
    this.#sent(errno)
    if (this.#target !== undefined) {
      this.#target = undefined
      this.user?.received(errno)
    }
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (!this.#whenClosed || this.#target !== undefined || this.#sends || this.#isClosed || this.#isDelivering) return
    this.#isClosed = true
    this.#gone()
    this.#whenClosed()
  }
}
