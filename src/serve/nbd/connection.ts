import type {Memory} from '../../aio/index.js'
import type {Pipe, PipeUser} from '../pipe.js'
import type {Call} from './call.js'
import type {Exchange} from './exchange.js'
import {Handshake, type Agreed, type TlsState} from './handshake.js'
import {greeting} from './option-reply.js'
import {isLongRead, LongReads} from './long-reads.js'
import {Outbox, OUTBOX_BYTES} from './outbox.js'
import {
  NBD_CMD_BLOCK_STATUS,
  NBD_CMD_DISC,
  NBD_CMD_READ,
  NBD_EINVAL,
  NBD_ENOMEM,
  PAYLOAD_MAX_BYTES,
} from './protocol.js'
import {hasPayload, memoryBytesOf, refusalOf} from './refusal.js'
import {EXTENDED_REQUEST_BYTES, newRequestHeader, readRequestHeader, REQUEST_BYTES} from './request-header.js'

/** What one connection may have in memory: so many requests, and so many bytes, or one request of any size. */
const REQUESTS_MAX = 128
const BYTES_MAX = 16 << 20
/** Answers to options that wait for a client which does not read them: no more are read. */
const LETTERS_MAX_BYTES = 64 * 1024

const INBOX_BYTES = 64 * 1024
/** A rest of a payload from here on is received where it is wanted; a shorter one comes with what follows it. */
const DIRECT_BYTES = 16 * 1024

/**
 * One client. Takes bytes from its pipe, makes them requests for the exchange, and sends their replies. Bounded: with as much in memory
 * as it may have it stops reading until replies have left, and nobody else notices.
 */
export class Connection implements PipeUser {
  readonly id: number
  readonly pipe: Pipe
  readonly #exchange: Exchange
  readonly #handshake: Handshake
  readonly #inbox: Memory
  readonly #inboxView: DataView
  #start = 0
  #end = 0
  /** `ending`: nothing more is read, what is in flight is replied to. `dropped`: nobody is there to reply to. */
  #phase: 'handshake' | 'tls' | 'transmission' | 'ending' | 'dropped' | 'closed' = 'handshake'
  #agreed: Agreed = {style: 'simple', hasStatus: false}
  readonly #header = newRequestHeader()
  #hasHeader = false
  #wasServed = false
  /** The request whose payload is coming, and how much of it has come. */
  #arriving: Call | undefined
  #arrived = 0
  /** A request that will never be complete. */
  #orphan: Call | undefined
  /** Payload that is thrown away; its request gets an error then. */
  #skipBytes = 0
  #skipError = 0
  #requests = 0
  #bytes = 0
  readonly longReads = new LongReads()
  #receives: 'no' | 'inbox' | 'payload' = 'no'
  /** Requests the engine has. */
  #inEngine = 0
  #isSending = false
  #pipeState: 'open' | 'closing' | 'closed' = 'open'
  /** Nothing is read until replies have left, or the engine has room. */
  #isHeldBack = false
  readonly #outboxMemory: Memory
  readonly #outbox: Outbox
  /** What the client did against the protocol, if it was sent away for that. */
  fault: string | undefined

  constructor(id: number, pipe: Pipe, exchange: Exchange, tls: TlsState) {
    this.id = id
    this.pipe = pipe
    this.#exchange = exchange
    this.#handshake = new Handshake(exchange.served, tls, () => exchange.isStopping)
    this.#inbox = exchange.acquire(INBOX_BYTES)
    this.#inboxView = new DataView(this.#inbox.bytes.buffer, this.#inbox.bytes.byteOffset, INBOX_BYTES)
    this.#outboxMemory = exchange.acquire(OUTBOX_BYTES)
    this.#outbox = new Outbox(this.#outboxMemory, (bytes) => exchange.acquire(bytes))
  }

  /** It has got as far as requests. */
  get wasServed(): boolean {
    return this.#wasServed
  }

  get replyStyle(): Agreed['style'] {
    return this.#agreed.style
  }

  /** Greets the client and begins to listen. */
  open(): void {
    this.#letter(greeting(), false)
    this.#receive()
  }

  /** TLS has been set up under the pipe. */
  secured(): void {
    if (this.#phase !== 'tls') return
    this.#phase = 'handshake'
    this.#handshake.secured()
    this.#receive()
  }

  /** The engine has room again. */
  resume(): void {
    if (!this.#isHeldBack) return
    this.#isHeldBack = false
    this.#goOn()
  }

  /** Nothing more is read. What is in flight is finished and replied to, then the connection ends. */
  finish(): void {
    if (this.#phase === 'ending' || this.#phase === 'dropped' || this.#phase === 'closed') return
    this.#phase = 'ending'
    this.#forgetArriving()
    this.#settle()
  }

  /** Nobody is there any more, or has to be. What is in flight ends without a reply. */
  drop(): void {
    if (this.#phase === 'dropped' || this.#phase === 'closed') return
    this.#phase = 'dropped'
    this.#forgetArriving()
    for (const call of this.#outbox.drop()) this.#exchange.done(call)
    this.#settle()
  }

  /** It has taken too long to get as far as requests. @returns whether it was sent away: not when it has got there, or has gone */
  expire(): boolean {
    if (this.#wasServed || this.#phase === 'dropped' || this.#phase === 'closed') return false
    this.drop()
    return true
  }

  // In

  received(count: number): void {
    const into = this.#receives
    this.#receives = 'no'
    if (count <= 0) {
      // What was asked for completely is served; what was not asked for completely never happened.
      if (count < 0) this.drop()
      else this.finish()
      this.#settle()
      return
    }
    if (into === 'payload') this.#arrived += count
    else this.#end += count
    if (this.#isReading) this.#goOn()
    else this.#settle()
  }

  get #isReading(): boolean {
    return this.#phase === 'handshake' || this.#phase === 'transmission'
  }

  #goOn(): void {
    if (this.#phase === 'handshake') this.#readHandshake()
    if (this.#phase === 'transmission') this.#readRequests()
    if (this.#isReading) this.#receive()
  }

  #receive(): void {
    if (this.#receives !== 'no' || this.#isHeldBack) return
    const call = this.#arriving
    const left = call === undefined ? 0 : call.header.length - this.#arrived
    if (call && left >= DIRECT_BYTES) {
      this.#receives = 'payload'
      this.pipe.receive(call.memory as Memory, call.dataAt + this.#arrived, left)
      return
    }
    if (this.#start === this.#end) this.#start = this.#end = 0
    if (this.#start > 0) {
      this.#inbox.bytes.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    this.#receives = 'inbox'
    this.pipe.receive(this.#inbox, this.#end, INBOX_BYTES - this.#end)
  }

  #readHandshake(): void {
    if (this.#outbox.lettersBytes > LETTERS_MAX_BYTES) {
      this.#isHeldBack = true
      return
    }
    const bytes = this.#inbox.bytes.subarray(this.#start, this.#end)
    const {usedBytes, step} = this.#handshake.read(bytes, (answer) => this.#letter(answer, false))
    this.#start += usedBytes
    switch (step.kind) {
      case 'more':
        return
      case 'starttls':
        // Bytes behind it were sent in the clear: whoever put them there, they are not the client's.
        if (this.#start < this.#end) this.#break('more was sent in the clear behind STARTTLS')
        else this.#phase = 'tls'
        return
      case 'transmission':
        this.#agreed = step.agreed
        this.#phase = 'transmission'
        this.#wasServed = true
        return
      case 'close':
        if (step.why === undefined) this.finish()
        else this.#break(step.why)
    }
  }

  #readRequests(): void {
    const headBytes = this.#agreed.style === 'extended' ? EXTENDED_REQUEST_BYTES : REQUEST_BYTES
    while (this.#phase === 'transmission') {
      if (this.#skipBytes > 0 && !this.#skip()) return
      if (this.#arriving && !this.#takePayload(this.#arriving)) return
      if (!this.#hasHeader) {
        if (this.#end - this.#start < headBytes) return
        if (!readRequestHeader(this.#inboxView, this.#start, headBytes === EXTENDED_REQUEST_BYTES, this.#header)) {
          this.#break('a request does not begin with its magic')
          return
        }
        this.#start += headBytes
        this.#hasHeader = true
      }
      if (!this.#begin()) return
      this.#hasHeader = false
    }
  }

  /** Begins the request whose header has come. @returns false when there is no room for it now */
  #begin(): boolean {
    const header = this.#header
    if (header.type === NBD_CMD_DISC) {
      this.finish()
      return true
    }
    if (this.#requests >= REQUESTS_MAX) return this.#holdBack()
    const brings = hasPayload(this.#agreed, header)
    const refusal = refusalOf(header, this.#agreed, this.#exchange.served)
    const isStatusPayload = header.type === NBD_CMD_BLOCK_STATUS && brings
    if (refusal !== 0 || (isStatusPayload && (header.length < 8 || header.length > 4096))) {
      const error = refusal === 0 ? NBD_EINVAL : refusal
      if (brings && this.#agreed.style === 'extended' && header.length > PAYLOAD_MAX_BYTES) {
        this.#break(`a payload of ${header.length} bytes`)
      } else this.#refuse(brings, error)
      return true
    }
    const dataBytes = memoryBytesOf(header, brings)
    if (dataBytes > 0 && this.#bytes > 0 && this.#bytes + dataBytes > BYTES_MAX) return this.#holdBack()
    if (!this.longReads.haveRoom && this.#exchange.passesOn(this, header)) return this.#holdBack()
    if (!this.#exchange.hasRoom) {
      this.#exchange.waitForRoom(this)
      return this.#holdBack()
    }
    const call = this.#exchange.take(this, header, dataBytes)
    if (!call) {
      this.#refuse(brings, NBD_ENOMEM)
      return true
    }
    this.#requests++
    if (call.pages) this.longReads.began()
    this.#bytes += call.bytes
    if (!brings || header.length === 0) this.#submit(call)
    else {
      this.#arriving = call
      this.#arrived = 0
    }
    return true
  }

  /** Answers with an error, when the payload has come that nobody needs. */
  #refuse(brings: boolean, error: number): void {
    this.#requests++
    if (brings && this.#header.length > 0) {
      this.#skipBytes = this.#header.length
      this.#skipError = error
    } else this.#reply(error)
  }

  #holdBack(): false {
    this.#isHeldBack = true
    return false
  }

  /** Takes what has come of a payload. @returns true when it is complete, and its request on its way */
  #takePayload(call: Call): boolean {
    const count = Math.min(call.header.length - this.#arrived, this.#end - this.#start)
    if (count > 0) {
      const at = call.dataAt + this.#arrived
      call.memory?.bytes.set(this.#inbox.bytes.subarray(this.#start, this.#start + count), at)
      this.#start += count
      this.#arrived += count
    }
    if (this.#arrived < call.header.length) return false
    if (!this.#exchange.hasRoom) {
      this.#exchange.waitForRoom(this)
      return this.#holdBack()
    }
    this.#arriving = undefined
    this.#submit(call)
    return true
  }

  #submit(call: Call): void {
    this.#inEngine++
    this.#exchange.submit(call)
  }

  #skip(): boolean {
    const count = Math.min(this.#skipBytes, this.#end - this.#start)
    this.#start += count
    this.#skipBytes -= count
    if (this.#skipBytes > 0) return false
    this.#reply(this.#skipError)
    return true
  }

  /** The error reply to the request whose header was read last. */
  #reply(error: number): void {
    this.#exchange.tally.refused++
    this.#outbox.bare(this.#agreed.style, this.#header, error)
    this.#exchange.wantsToSend(this)
  }

  /** The client has broken the protocol: nothing it sends means anything any more. */
  #break(why: string): void {
    this.fault = why
    this.#exchange.faulty(this, why)
    this.drop()
  }

  #forgetArriving(): void {
    // Bytes may still be coming into its memory: that is given back at the end.
    if (this.#arriving) this.#orphan = this.#arriving
    this.#arriving = undefined
  }

  // Out

  /** A request has ended: its reply leaves with the next send. */
  ended(call: Call, error: number): void {
    this.#inEngine--
    if (this.#phase === 'dropped') {
      this.#exchange.done(call)
      this.#settle()
      return
    }
    const {header} = call
    if (error === 0 && header.type === NBD_CMD_READ && header.length > 0) {
      this.#outbox.data(call)
    } else {
      this.#outbox.bare(this.#agreed.style, header, error)
      this.#bytes -= call.bytes
      if (isLongRead(header)) this.longReads.ended(call.pages, 0)
      this.#exchange.done(call)
    }
    this.#exchange.wantsToSend(this)
  }

  /** The reply to a BLOCK_STATUS. */
  endedWith(call: Call, letter: Uint8Array): void {
    this.#inEngine--
    this.#bytes -= call.bytes
    this.#exchange.done(call)
    if (this.#phase === 'dropped') this.#settle()
    else this.#letter(letter, true)
  }

  #letter(bytes: Uint8Array, isReply: boolean): void {
    this.#outbox.letter(bytes, isReply)
    this.#exchange.wantsToSend(this)
  }

  /** Sends what is ready, unless a send is on its way. */
  flush(): void {
    if (this.#isSending || this.#outbox.isEmpty || this.#pipeState !== 'open') return
    this.#isSending = true
    this.pipe.send(this.#outbox.take(this.#agreed.style, this.pipe.piecesMax))
  }

  sent(errno: number): void {
    this.#isSending = false
    const {bare, calls, spare} = this.#outbox.sent()
    this.#requests -= bare + calls.length
    for (const call of calls) {
      this.#bytes -= call.bytes
      if (isLongRead(call.header)) this.longReads.ended(call.pages, call.header.length)
      this.#exchange.done(call)
    }
    if (spare) this.#exchange.release(spare)
    if (errno < 0) this.drop()
    if (!this.#outbox.isEmpty) this.#exchange.wantsToSend(this)
    if (this.#phase === 'tls') this.#exchange.secure(this)
    if (this.#isReading && this.#isHeldBack) this.resume()
    this.#settle()
  }

  /** Closes the pipe once nothing is left to say, and gives everything back once nothing is on its way. */
  #settle(): void {
    if (this.#phase !== 'ending' && this.#phase !== 'dropped') return
    const isBusy = this.#inEngine > 0 || this.#isSending || !this.#outbox.isEmpty
    if (this.#phase === 'ending' && isBusy) return
    if (this.#pipeState === 'open') {
      this.#pipeState = 'closing'
      this.pipe.close(() => {
        this.#pipeState = 'closed'
        this.#settle()
      })
      return
    }
    if (this.#pipeState !== 'closed' || this.#inEngine > 0) return
    this.#phase = 'closed'
    if (this.#orphan) this.#exchange.done(this.#orphan)
    this.#exchange.release(this.#inbox)
    this.#exchange.release(this.#outboxMemory)
    this.#exchange.closed(this)
  }
}
