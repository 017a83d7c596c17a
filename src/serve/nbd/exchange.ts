import type {Backend, Memory, PagePipes} from '../../aio/index.js'
import {ERRNO, invariant, SECTOR_BYTES, type Range} from '../../base/index.js'
import type {CacheMode} from '../../cache-mode/index.js'
import type {Engine} from '../../engine/index.js'
import {DISCARD, FLUSH, IN, OUT, STATUS_IOERR, STATUS_OK} from '../../request/index.js'
import {RiskMeter} from '../risk-meter.js'
import type {Tally} from '../tally.js'
import {statusReply, type StatusSource} from './block-status.js'
import {CallPool} from './call-pool.js'
import {HEAD_ROOM_BYTES, type Call} from './call.js'
import type {Connection} from './connection.js'
import type {Export} from './export.js'
import {
  NBD_CMD_BLOCK_STATUS,
  NBD_CMD_CACHE,
  NBD_CMD_FLAG_FAST_ZERO,
  NBD_CMD_FLAG_FUA,
  NBD_CMD_FLAG_NO_HOLE,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
  NBD_EINVAL,
  NBD_EIO,
  NBD_ENOTSUP,
  PAYLOAD_MAX_BYTES,
} from './protocol.js'
import type {RequestHeader} from './request-header.js'
import {wireError} from './refusal.js'
import {fuaOf, zeroing} from './lowering.js'
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
  readonly #calls: CallPool
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
    this.#calls = new CallPool((bytes) => options.backend.createMemory(bytes), options.pagePipes)
  }

  // For connections

  acquire(bytes: number): Memory {
    return this.#calls.acquire(bytes)
  }

  release(memory: Memory): void {
    this.#calls.release(memory)
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

  /** A call for a request whose header has come, with room for its data; undefined when there is no memory. */
  take(connection: Connection, header: RequestHeader, dataBytes: number): Call | undefined {
    const call = this.#calls.take(connection, header, dataBytes)
    this.#turnBytes += call?.bytes ?? 0
    return call
  }

  /** A request is a read whose pages may go to its client as they are. */
  passesOn(connection: Connection, header: RequestHeader): boolean {
    return this.#calls.passesOn(connection, header)
  }

  /** Nobody needs a call any more. */
  done(call: Call): void {
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
    const fua = fuaOf(header)
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
    else if (isAligned(header)) this.#giveParts(call, offset, offset + length)
    else this.#rewriteAlone(call, fua)
  }

  #status(call: Call): void {
    const {connection} = call
    const style = connection?.replyStyle ?? 'simple'
    const reply = statusReply(call, style, this.served.sizeBytes, this.#options.status)
    if (reply) connection?.endedWith(call, reply)
    else this.#answer(call, NBD_EINVAL)
  }

  /** Trims or zeroes a range of any length, part by part. */
  #giveParts(call: Call, start: number, end: number): void {
    call.restAt = start
    call.restEnd = end
    this.#giveNextPart(call)
  }

  #giveNextPart(call: Call): void {
    const {restAt, restEnd, header} = call
    call.restAt = Math.min(restEnd, restAt + PART_BYTES)
    const [type, flags] = header.type === NBD_CMD_TRIM ? [DISCARD.type, fuaOf(header)] : zeroing(header)
    this.#give(call, type, flags, restAt, call.restAt - restAt, 0)
  }

  #give(
    call: Call,
    type: number,
    flags: number,
    offset: number,
    length: number,
    memoryOffset: number,
    memory = call.memory,
  ): void {
    this.#options.offer?.(type === OUT.type ? memory?.bytes.subarray(memoryOffset, memoryOffset + length) : undefined)
    const slot = this.#engine.submit(type, flags, offset, length, memory, memoryOffset)
    invariant(slot >= 0, 'a request is taken only where the engine has room')
    this.#callOf[slot] = call
    if (call.pages && memory?.pages === undefined) this.#calls.takePagesBack(call)
  }

  #answer(call: Call, error: number): void {
    call.connection?.ended(call, error)
  }

  // Rewrites

  /** Reads the sectors at the ends, completes them around the data, and writes whole sectors, with nothing else in flight. */
  #rewriteAlone(call: Call, fua: number): void {
    this.#rewrite = new Rewrite(call, fua, PART_BYTES)
    this.#pushRewrite()
  }

  #pushRewrite(): void {
    const rewrite = this.#rewrite
    if (!rewrite || this.#engine.pending > 0 || this.#engine.room === 0) return
    rewrite.scratch ??= this.#calls.acquireIfAny(SECTOR_BYTES)
    if (!rewrite.scratch) rewrite.ended(STATUS_IOERR, ERRNO.ENOMEM, 0)
    const step = rewrite.next()
    if (step === undefined) {
      this.#rewrite = undefined
      if (rewrite.scratch) this.#calls.release(rewrite.scratch)
      this.#ended(rewrite.call, rewrite.status, rewrite.errno, rewrite.latencyNs)
      const behind = this.#behind
      this.#behind = []
      for (const call of behind) {
        if (this.#rewrite) this.#behind.push(call)
        else this.#start(call)
      }
      return
    }
    const {call, fua, scratch} = rewrite
    switch (step.kind) {
      case 'read':
        this.#give(call, IN.type, 0, step.offset, SECTOR_BYTES, 0, scratch)
        return
      case 'write back':
        this.#give(call, OUT.type, fua, step.offset, SECTOR_BYTES, 0, scratch)
        return
      case 'write':
        this.#give(call, OUT.type, fua, step.offset, step.length, HEAD_ROOM_BYTES)
        return
      case 'zero':
        this.#give(call, ...zeroing(call.header), step.offset, step.length, 0)
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
    if (this.#sending.length === 0) return
    const sending = this.#sending
    this.#sending = []
    for (const connection of sending) connection.flush()
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
    this.#calls.close()
  }
}
