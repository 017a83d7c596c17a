import type {Memory, PagePipe} from '../../aio/index.js'
import type {Piece} from '../pipe.js'
import type {Call} from './call.js'
import {bareReply, readHead, readHeadBytes, type Replied, type ReplyStyle} from './reply.js'

/** Room for a reply without data to each request a connection may have, twice: while one half leaves, the other fills. */
const HALF_BYTES = 8 * 1024
export const OUTBOX_BYTES = 2 * HALF_BYTES

/** What leaves on one connection: everything that is ready goes in one send, and replies have no order among them. */
export class Outbox {
  readonly #memory: Memory
  readonly #view: DataView
  readonly #acquire: (bytes: number) => Memory
  readonly #views = new WeakMap<Memory, DataView>()
  #half = 0
  #used = 0
  #bareCount = 0
  #letters: Uint8Array[] = []
  #lettersBytes = 0
  #letterReplies = 0
  #calls: Call[] = []
  // On its way.
  #sentBare = 0
  #sentCalls: Call[] = []
  #sentLetters: Memory | undefined

  /** @param memory of OUTBOX_BYTES */
  constructor(memory: Memory, acquire: (bytes: number) => Memory) {
    this.#memory = memory
    this.#view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, OUTBOX_BYTES)
    this.#acquire = acquire
  }

  get isEmpty(): boolean {
    return this.#used === 0 && this.#calls.length === 0 && this.#letters.length === 0
  }

  /** Bytes of answers that are not replies to requests of the transmission. */
  get lettersBytes(): number {
    return this.#lettersBytes
  }

  /** A reply without data. */
  bare(style: ReplyStyle, to: Replied, error: number): void {
    this.#used += bareReply(this.#view, this.#half * HALF_BYTES + this.#used, style, to, error)
    this.#bareCount++
  }

  /** An answer of its own length. It leaves before the replies. @param isReply it is the reply to a request */
  letter(bytes: Uint8Array, isReply: boolean): void {
    this.#letters.push(bytes)
    this.#lettersBytes += bytes.length
    if (isReply) this.#letterReplies++
  }

  /** The reply to a READ that went well. Its memory is needed until it has left. */
  data(call: Call): void {
    this.#calls.push(call)
  }

  /** The pieces of the next send. What they are made of is on its way until sent(). */
  take(style: ReplyStyle, piecesMax: number): (Piece | PagePipe)[] {
    const pieces: (Piece | PagePipe)[] = []
    this.#sentBare = this.#bareCount + this.#letterReplies
    if (this.#letters.length > 0) pieces.push(this.#envelop())
    if (this.#used > 0) {
      pieces.push({memory: this.#memory, offset: this.#half * HALF_BYTES, lengthBytes: this.#used})
      this.#half = 1 - this.#half
      this.#used = 0
    }
    this.#bareCount = 0
    this.#letterReplies = 0
    const calls = this.#calls
    const count = Math.min(calls.length, piecesMax - pieces.length)
    for (let i = 0; i < count; i++) pieces.push(this.#piece(style, calls[i] as Call))
    const rest = calls.splice(count)
    this.#sentCalls = calls
    this.#calls = rest
    return pieces
  }

  /** The last send has ended. @returns replies without data in it, replies with data in it, memory nobody needs any more */
  sent(): {readonly bare: number; readonly calls: readonly Call[]; readonly spare: Memory | undefined} {
    const ended = {bare: this.#sentBare, calls: this.#sentCalls, spare: this.#sentLetters}
    this.#sentBare = 0
    this.#sentCalls = []
    this.#sentLetters = undefined
    return ended
  }

  /** Forgets what has not been given away. @returns calls whose memory is free */
  drop(): readonly Call[] {
    const calls = this.#calls
    this.#calls = []
    this.#letters = []
    this.#lettersBytes = 0
    this.#used = 0
    this.#bareCount = 0
    this.#letterReplies = 0
    return calls
  }

  #piece(style: ReplyStyle, call: Call): Piece | PagePipe {
    if (call.pages?.isFilled) return call.pages
    const memory = call.memory as Memory
    const {length} = call.header
    const headBytes = readHeadBytes(style)
    const offset = call.dataAt - headBytes
    let view = this.#views.get(memory)
    if (view === undefined) {
      view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.byteLength)
      this.#views.set(memory, view)
    }
    readHead(view, offset, style, call.header, length)
    return {memory, offset, lengthBytes: headBytes + length}
  }

  /** Letters come from anywhere; what is sent has to lie where the kernel may take it from. */
  #envelop(): Piece {
    const memory = this.#acquire(this.#lettersBytes)
    let at = 0
    for (const letter of this.#letters) {
      memory.bytes.set(letter, at)
      at += letter.length
    }
    this.#letters = []
    this.#lettersBytes = 0
    this.#sentLetters = memory
    return {memory, offset: 0, lengthBytes: at}
  }
}
