import type {Memory, PagePipe} from '../aio/index.js'

/** With the usual 208 KiB of a unix socket a reply of that size is sent in steps, each of them a wake-up of client and server. */
export const SEND_BUFFER_BYTES = 1 << 20

/** A stretch of memory to be sent. */
export interface Piece {
  readonly memory: Memory
  readonly offset: number
  readonly lengthBytes: number
}

/** Who is told what became of the bytes of a connection. */
export interface PipeUser {
  /** The pipe can be used. */
  open(): void
  /** Bytes have come into the memory of receive(); 0 is the end, below 0 an errno. */
  received(count: number): void
  /** All pieces of send() are out (0), or the peer has gone (an errno below 0). */
  sent(errno: number): void
}

/** A byte stream to and from one client. One receive() and one send() at a time; memory stays where it is until the answer. */
export interface Pipe {
  /** Who is at the other end, for people. */
  readonly peer: string
  receive(memory: Memory, offset: number, lengthBytes: number): void
  /** Sends the pieces in order, at most `piecesMax` of them. */
  send(pieces: readonly (Piece | PagePipe)[]): void
  /** Among the pieces may be pages of the page cache. */
  readonly takesPages: boolean
  readonly piecesMax: number
  /**
   * Ends both directions. What is on its way is answered first, but for a receive() that nothing has come for, which may end unanswered;
   * then `whenClosed` is called, at once where nothing is on its way. May be called again.
   */
  close(whenClosed: () => void): void
}
