import {MemoryPool, type Backend, type Memory, type PagePipes} from '../../aio/index.js'
import {invariant, type Range} from '../../base/index.js'
import type {CacheMode} from '../../cache-mode/index.js'
import type {Engine} from '../../engine/index.js'
import {DISCARD, FLAG_FUA, FLAG_UNMAP, FLUSH, IN, OUT, STATUS_OK, WRITE_ZEROES} from '../../request/index.js'
import {RiskMeter} from '../risk-meter.js'
import type {Tally} from '../tally.js'
import type {StatusSource} from './block-status.js'
import {CallPool, HEAD_ROOM_BYTES, type Call} from './call.js'
import type {Connection} from './connection.js'
import type {Export} from './export.js'
import {BASE_ALLOCATION_ID} from './handshake.js'
import {isLongRead} from './long-reads.js'
import {
  NBD_CMD_BLOCK_STATUS,
  NBD_CMD_CACHE,
  NBD_CMD_FLAG_FAST_ZERO,
  NBD_CMD_FLAG_FUA,
  NBD_CMD_FLAG_NO_HOLE,
  NBD_CMD_FLAG_PAYLOAD_LEN,
  NBD_CMD_FLAG_REQ_ONE,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
  NBD_EINVAL,
  NBD_EIO,
  NBD_ENOTSUP,
  NBD_EOVERFLOW,
  PAYLOAD_MAX_BYTES,
} from './protocol.js'
import {blockStatusReply, readHead, readHeadBytes} from './reply.js'
import {copyRequestHeader, type RequestHeader} from './request-header.js'
import {wireError} from './refusal.js'
import {alignedIn, alignedOut, isAligned, Rewrite} from './rewrite.js'

/** So much is read or written before what is done is answered: a client works on the first replies while the rest is read. */
const TURN_BYTES = 512 * 1024

/** A segment of the engine's requests counts its sectors in 32 bits (virtio-blk); a client may ask for more in extended headers. */
const PART_BYTES = 2 ** 40

/** What an exchange is made of. */
export interface ExchangeOptions {
  readonly engine: Engine
  readonly backend: Backend
  /** What is synced outlives the host. */
  readonly lasts: boolean
  readonly served: Export
  readonly status: StatusSource
  readonly tally: Tally
  /** Pass on what the page cache holds; everything is copied when left out. */
  readonly pagePipes?: PagePipes | undefined
  /** Told what the next request that is submitted writes; for a recording. */
  readonly offer?: ((bytes: Uint8Array | undefined) => void) | undefined
  /** A connection has ended. */
  readonly closed: (connection: Connection) => void
  /** A connection is to be secured. */
  readonly secure: (connection: Connection) => void
}

/**
 * What all connections share: the engine, memory, and the list of those with something to say. A request of a client becomes one
 * of the engine, or a few where its ends are finer than a sector. A FLUSH is submitted when it has come: whatever was answered before, on
 * any connection, had ended then, so the engine's FLUSH covers it. Nothing is answered before it has ended.
 */
export class Exchange {
  readonly served: Export
  readonly meter = new RiskMeter()
  readonly tally: Tally
  /** Clients are told that the server is going. */
  isStopping = false
  readonly #options: ExchangeOptions
  readonly #engine: Engine
  readonly #mode: CacheMode
  /** A sync makes something stable. */
  readonly #syncsLast: boolean
  readonly #pool: MemoryPool
  readonly #calls = new CallPool()
  readonly #callOf: (Call | undefined)[] = []
  /** A request with ends finer than a sector that has everything to itself, and what waits behind it. */
  #rewrite: Rewrite | undefined
  #behind: Call[] = []
  /** Bytes of requests that have been taken since the last replies left. */
  #turnBytes = 0
  #sending: Connection[] = []
  #waiting: Connection[] = []

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.served = options.served
    this.tally = options.tally
    this.#engine = options.engine
    this.#mode = options.served.mode
    this.#syncsLast = options.lasts && !options.served.mode.noFlush
    this.#pool = new MemoryPool((bytes) => options.backend.createMemory(bytes))
  }

  // For connections

  acquire(bytes: number): Memory {
    return this.#pool.acquire(bytes)
  }

  release(memory: Memory): void {
    this.#pool.release(memory)
  }

  /** What waits behind a rewrite will need the engine's room too. */
  get hasRoom(): boolean {
    return this.#engine.room > this.#behind.length && this.#turnBytes < TURN_BYTES
  }

  /** Resumes a connection when the engine has room; in turn, so that nobody is forgotten. */
  waitForRoom(connection: Connection): void {
    this.#waiting.push(connection)
  }

  wantsToSend(connection: Connection): void {
    if (this.#sending.at(-1) !== connection) this.#sending.push(connection)
  }

  closed(connection: Connection): void {
    this.#options.closed(connection)
  }

  secure(connection: Connection): void {
    this.#options.secure(connection)
  }

  faulty(connection: Connection, why: string): void {
    this.tally.faults.push({peer: connection.pipe.peer, why})
    if (this.tally.faults.length > 100) this.tally.faults.shift()
  }

  /** A call for a request whose header has come, with room for its data. */
  take(connection: Connection, header: RequestHeader, dataBytes: number): Call {
    const call = this.#calls.take(connection)
    copyRequestHeader(header, call.header)
    // Data keep their place within a sector, so that a request with finer ends can be completed around them.
    call.dataAt = HEAD_ROOM_BYTES + (header.offset % 512)
    if (dataBytes > 0) {
      call.bytes = dataBytes
      this.#turnBytes += dataBytes
      call.memory = this.#pool.acquire(call.dataAt + dataBytes + 512)
      if (isLongRead(header) && connection.longReads.passesPages) this.#offerPages(call, connection)
    }
    return call
  }

  /** Lets the backend pass pages of the page cache on, with the head of the reply ahead of them. */
  #offerPages(call: Call, {pipe, replyStyle}: Connection): void {
    const {header, memory} = call
    const {pagePipes} = this.#options
    if (!pagePipes || !pipe.takesPages || !memory || !isAligned(header)) return
    const head = new Uint8Array(readHeadBytes(replyStyle))
    readHead(new DataView(head.buffer), 0, replyStyle, header, header.length)
    call.pages = memory.pages = pagePipes.acquire(head, header.length)
  }

  /** Nobody needs a call any more. */
  done(call: Call): void {
    const {memory, pages} = call
    if (memory) {
      memory.pages = undefined
      this.#pool.release(memory)
    }
    if (pages) this.#options.pagePipes?.release(pages)
    this.#calls.give(call)
  }

  // Requests

  /** Starts a request; its connection is told when it has ended. */
  submit(call: Call): void {
    this.tally.count(call.header)
    if (this.#rewrite) {
      this.#behind.push(call)
      return
    }
    this.#start(call)
  }

  #start(call: Call): void {
    const {header} = call
    const fua = (header.flags & NBD_CMD_FLAG_FUA) !== 0 ? FLAG_FUA : 0
    switch (header.type) {
      case NBD_CMD_READ: {
        const {start, end} = alignedOut(header)
        if (header.length === 0) this.#answer(call, 0)
        else this.#give(call, IN.type, 0, start, end - start, HEAD_ROOM_BYTES)
        return
      }
      case NBD_CMD_WRITE:
        if (header.length === 0) this.#answer(call, 0)
        else if (isAligned(header)) this.#give(call, OUT.type, fua, header.offset, header.length, call.dataAt)
        else this.#rewriteAlone(call, fua)
        return
      case NBD_CMD_FLUSH:
        if (this.meter.isSettled) this.tally.redundantFlushes++
        call.covers = this.meter.flushBegan()
        this.#give(call, FLUSH.type, 0, 0, 0, 0)
        return
      case NBD_CMD_TRIM: {
        // A hint: the sectors at its ends that it does not cover stay.
        const {start, end} = alignedIn(header)
        if (end <= start) this.#answer(call, 0)
        else this.#giveParts(call, start, end)
        return
      }
      case NBD_CMD_WRITE_ZEROES:
        this.#zero(call, fua)
        return
      case NBD_CMD_CACHE: {
        const {start, end} = alignedIn({offset: header.offset, length: Math.min(header.length, PAYLOAD_MAX_BYTES)})
        // Where the host caches nothing there is nothing to do.
        if (this.#mode.direct || end <= start) this.#answer(call, 0)
        else this.#give(call, IN.type, 0, start, end - start, HEAD_ROOM_BYTES)
        return
      }
      case NBD_CMD_BLOCK_STATUS:
        this.#status(call)
        return
      default:
        this.#answer(call, NBD_EINVAL)
    }
  }

  #zero(call: Call, fua: number): void {
    const {header} = call
    const {flags, offset, length} = header
    const mayUnmap = (flags & NBD_CMD_FLAG_NO_HOLE) === 0
    const isFast = this.served.zeroesFast && mayUnmap && isAligned(header)
    if (length === 0) this.#answer(call, 0)
    else if ((flags & NBD_CMD_FLAG_FAST_ZERO) !== 0 && !isFast) this.#answer(call, NBD_ENOTSUP)
    else if (isAligned(header)) {
      this.#giveParts(call, offset, offset + length)
    } else if (length > PAYLOAD_MAX_BYTES) this.#answer(call, NBD_EOVERFLOW)
    else {
      call.memory = this.#pool.acquire(call.dataAt + length + 512)
      call.memory.bytes.fill(0, call.dataAt, call.dataAt + length)
      this.#rewriteAlone(call, fua)
    }
  }

  #status(call: Call): void {
    const {header, connection, memory} = call
    let {length} = header
    const style = connection?.replyStyle
    if (style === undefined || style === 'simple') {
      this.#answer(call, NBD_EINVAL)
      return
    }
    if ((header.flags & NBD_CMD_FLAG_PAYLOAD_LEN) !== 0 && memory) {
      const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset + call.dataAt, header.length)
      length = Number(view.getBigUint64(0))
      const ids = (header.length - 8) / 4
      if (ids !== 1 || view.getUint32(8) !== BASE_ALLOCATION_ID || length === 0) {
        this.#answer(call, NBD_EINVAL)
        return
      }
    }
    if (header.offset + length > this.served.sizeBytes) {
      this.#answer(call, NBD_EINVAL)
      return
    }
    const isOne = (header.flags & NBD_CMD_FLAG_REQ_ONE) !== 0
    const extents = this.#options.status.extents(header.offset, length, isOne)
    connection?.endedWith(call, blockStatusReply(style, header, BASE_ALLOCATION_ID, extents))
  }

  /** Trims or zeroes a range of any length, part by part. */
  #giveParts(call: Call, start: number, end: number): void {
    call.restAt = start
    call.restEnd = end
    this.#giveNextPart(call)
  }

  #giveNextPart(call: Call): void {
    const {restAt, restEnd, header} = call
    const isTrim = header.type === NBD_CMD_TRIM
    const fua = (header.flags & NBD_CMD_FLAG_FUA) !== 0 ? FLAG_FUA : 0
    const unmap = !isTrim && (header.flags & NBD_CMD_FLAG_NO_HOLE) === 0 ? FLAG_UNMAP : 0
    call.restAt = Math.min(restEnd, restAt + PART_BYTES)
    this.#give(call, isTrim ? DISCARD.type : WRITE_ZEROES.type, fua | unmap, restAt, call.restAt - restAt, 0)
  }

  #give(call: Call, type: number, flags: number, offset: number, length: number, memoryOffset: number): void {
    const {memory} = call
    this.#options.offer?.(type === OUT.type ? memory?.bytes.subarray(memoryOffset, memoryOffset + length) : undefined)
    const slot = this.#engine.submit(type, flags, offset, length, memory, memoryOffset)
    invariant(slot >= 0, 'a request is taken only where the engine has room')
    this.#callOf[slot] = call
  }

  #answer(call: Call, error: number): void {
    call.connection?.ended(call, error)
  }

  // Rewrites

  /** Reads the sectors at the ends, completes them around the data, and writes whole sectors, with nothing else in flight. */
  #rewriteAlone(call: Call, fua: number): void {
    this.#rewrite = new Rewrite(call, fua)
    this.#pushRewrite()
  }

  #pushRewrite(): void {
    const rewrite = this.#rewrite
    if (!rewrite || this.#engine.pending > 0 || this.#engine.room === 0) return
    const step = rewrite.next()
    if (step === undefined) {
      this.#rewrite = undefined
      this.#ended(rewrite.call, rewrite.status, rewrite.errno, rewrite.latencyNs)
      const behind = this.#behind
      this.#behind = []
      for (const call of behind) {
        if (this.#rewrite) this.#behind.push(call)
        else this.#start(call)
      }
      return
    }
    if (step.kind === 'read') {
      rewrite.scratch ??= this.#pool.acquire(4096)
      const slot = this.#engine.submit(IN.type, 0, step.offset, 512, rewrite.scratch, 0)
      this.#callOf[slot] = rewrite.call
    } else {
      if (rewrite.scratch) this.#pool.release(rewrite.scratch)
      rewrite.scratch = undefined
      this.#give(rewrite.call, OUT.type, rewrite.fua, step.offset, step.length, HEAD_ROOM_BYTES)
    }
  }

  // Ends

  /** Takes what the engine has done, and lets connections that waited go on. */
  collect(): void {
    const engine = this.#engine
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) {
      const call = this.#callOf[slot] as Call
      this.#callOf[slot] = undefined
      const status = engine.statusOf(slot)
      const errno = engine.errnoOf(slot)
      const latencyNs = engine.latencyNsOf(slot)
      engine.release(slot)
      if (this.#rewrite?.call === call) this.#rewrite.ended(status, errno, latencyNs)
      else this.#ended(call, status, errno, latencyNs)
    }
    if (this.#rewrite) this.#pushRewrite()
    this.#turnBytes = 0
    if (this.#waiting.length > 0 && this.hasRoom) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const connection of waiting) connection.resume()
    }
  }

  #ended(call: Call, status: number, errno: number, latencyNs: number): void {
    const {header} = call
    const isOk = status === STATUS_OK
    call.latencyNs += latencyNs
    if (isOk && call.restAt < call.restEnd) {
      this.#giveNextPart(call)
      return
    }
    this.tally.pace.ended(header.type, call.latencyNs, isOk)
    switch (header.type) {
      case NBD_CMD_WRITE:
      case NBD_CMD_TRIM:
      case NBD_CMD_WRITE_ZEROES: {
        const isSynced = this.#mode.dsync || (header.flags & NBD_CMD_FLAG_FUA) !== 0
        if (!isOk || !isSynced || !this.#syncsLast) this.meter.wrote(header.offset, header.length)
        if (!isOk) this.tally.failedWrites++
        break
      }
      case NBD_CMD_FLUSH:
        if (!isOk) this.tally.failedFlushes++
        else if (this.#syncsLast) {
          this.meter.flushed(call.covers)
          this.tally.flushed()
        }
        break
      default:
        break
    }
    if (this.#engine.poison !== 0) this.meter.poisoned()
    if (!isOk) this.tally.errors++
    this.#answer(call, isOk ? 0 : errno === 0 ? NBD_EIO : wireError(errno))
  }

  /** Sends what is ready, on every connection. */
  flush(): void {
    // A send that ends at once lets its connection go on, which may have more to say.
    while (this.#sending.length > 0) {
      const sending = this.#sending
      this.#sending = []
      for (const connection of sending) connection.flush()
    }
  }

  get hasToSend(): boolean {
    return this.#sending.length > 0
  }

  /** Bytes a power cut would take away now. */
  bytesAtRisk(): number {
    const ranges: Range[] = []
    for (const call of this.#callOf) {
      const type = call?.header.type
      if (call && (type === NBD_CMD_WRITE || type === NBD_CMD_TRIM || type === NBD_CMD_WRITE_ZEROES)) {
        ranges.push({offsetBytes: call.header.offset, lengthBytes: call.header.length})
      }
    }
    return this.meter.bytesAtRisk(ranges)
  }

  close(): void {
    this.#pool.close()
    this.#options.pagePipes?.close()
  }
}
