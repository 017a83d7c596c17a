import {closeSync} from 'node:fs'

import {PagePipe, type Backend, type Envelope, type Memory, type RingSockets} from '../aio/index.js'
import {ERRNO} from '../base/index.js'
import type {Listening} from '../native/index.js'
import type {Piece, Pipe, PipeUser} from './pipe.js'

const ENVELOPE_BYTES = 4096

/** What a connection tells its transport. */
export interface PipeOwner {
  /** Its last send is over. */
  over(pipe: RingPipe): void
  /** It wants bytes, and has not asked the ring for them. */
  wants(pipe: RingPipe): void
  /** It does not want them any more. */
  wantsNot(pipe: RingPipe): void
  /** It is closed. */
  gone(): void
}

/**
 * One connection on the ring. What the socket takes or has is moved at once, by a system call: where a client waits for each reply that is
 * faster than an entry of the ring. The ring is asked where that would be to wait.
 */
export class RingPipe implements Pipe {
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
  /** Where bytes are wanted, while the ring has not been asked for them. */
  #wanted: {memory: Memory; offset: number; lengthBytes: number} | undefined
  /** What has come there: bytes, or an errno. */
  #received = 0
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

  /** @param options `tag` is that of what it receives; what it sends has the next one */
  constructor(options: {
    sockets: RingSockets
    listening: Listening
    backend: Backend
    fd: number
    tag: number
    peer: string
    owner: PipeOwner
  }) {
    const {sockets, listening, backend, fd, tag, peer, owner} = options
    this.#sockets = sockets
    this.piecesMax = sockets.piecesMax
    this.#listening = listening
    this.#fd = fd
    this.#tag = tag
    this.peer = peer
    this.#envelope = sockets.envelope(backend.createMemory(ENVELOPE_BYTES))
    this.#owner = owner
  }

  receive(memory: Memory, offset: number, lengthBytes: number): void {
    this.#receives = true
    this.#wanted = {memory, offset, lengthBytes}
    this.#owner.wants(this)
  }

  /** Takes the bytes that are wanted, if any have come. @returns whether they have, or will not */
  receiveNow(): boolean {
    if (!this.#wanted) return false
    const {memory, offset, lengthBytes} = this.#wanted
    const result = this.#listening.receive(this.#fd, this.#sockets.addressOf(memory) + offset, lengthBytes)
    if (result === -ERRNO.EAGAIN || result === -ERRNO.EINTR) return false
    this.#wanted = undefined
    this.#received = result
    return true
  }

  /** Asks the ring for them. */
  askRing(): void {
    if (!this.#wanted) return
    const {memory, offset, lengthBytes} = this.#wanted
    this.#wanted = undefined
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
    if (this.#wanted) {
      this.#wanted = undefined
      this.#receives = false
      this.#owner.wantsNot(this)
    }
    this.#closeWhenIdle()
  }

  ended(isSend: boolean, result: number): void {
    if (isSend) this.#sent(result)
    else {
      this.#received = result
      this.tellReceived()
    }
  }

  /** Tells the user what has come. */
  tellReceived(): void {
    this.#receives = false
    this.user?.received(this.#received)
    this.#closeWhenIdle()
  }

  /** Sends as much as the socket takes at once. Then pages wait for it to take more, and what lies in memory goes by the ring. */
  #sendRest(): void {
    for (let piece = this.#pieces[this.#first]; piece !== undefined; piece = this.#pieces[this.#first]) {
      const pages = piece instanceof PagePipe ? piece : undefined
      const result = pages ? pages.moveTo(this.#fd) : this.#listening.send(this.#fd, this.#message())
      if (result === -ERRNO.EAGAIN) {
        if (pages) this.#sockets.untilWritable(this.#tag + 1, this.#fd)
        else this.#sockets.send(this.#tag + 1, this.#fd, this.#envelope)
        return
      }
      if (result < 0) {
        this.#end(result)
        return
      }
      if (pages) this.#first++
      else this.#advance(result)
    }
    this.#end(0)
  }

  /** The message of what lies in memory, up to the next pages. @returns its address */
  #message(): number {
    let count = 0
    for (let i = this.#first; i < this.#pieces.length; i++) {
      const piece = this.#pieces[i] as Piece | PagePipe
      if (piece instanceof PagePipe) break
      const done = count === 0 ? this.#done : 0
      this.#sockets.putPiece(this.#envelope, count++, piece.memory, piece.offset + done, piece.lengthBytes - done)
    }
    return this.#sockets.message(this.#envelope, count)
  }

  /** So many bytes of pieces in memory are out. */
  #advance(bytes: number): void {
    this.#done += bytes
    let piece = this.#pieces[this.#first]
    while (piece !== undefined && !(piece instanceof PagePipe) && this.#done >= piece.lengthBytes) {
      this.#done -= piece.lengthBytes
      piece = this.#pieces[++this.#first]
    }
  }

  /** @param result bytes of pieces in memory, what poll(2) tells where pages wait, or a negative errno */
  #sent(result: number): void {
    if (result <= 0) {
      this.#end(result === 0 ? -ERRNO.EPIPE : result)
      return
    }
    if (!(this.#pieces[this.#first] instanceof PagePipe)) this.#advance(result)
    this.#sendRest()
  }

  #end(errno: number): void {
    this.#pieces = []
    this.#errno = errno
    this.#owner.over(this)
  }

  /** Tells the user how the last send has ended. */
  tellSent(): void {
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
