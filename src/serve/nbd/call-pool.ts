import {memoryIfAny, MemoryPool, type Memory, type PagePipes} from '../../aio/index.js'
import {SECTOR_BYTES} from '../../base/index.js'
import {HEAD_ROOM_BYTES, type Call} from './call.js'
import type {Connection} from './connection.js'
import {isLongRead} from './long-reads.js'
import {readHead, readHeadBytes, type ReplyStyle} from './reply.js'
import {copyRequestHeader, newRequestHeader, type RequestHeader} from './request-header.js'
import {isAligned} from './rewrite.js'

/** Calls, the memory for their data, and the pipes for pages that are passed on: all of it is used again and again. */
export class CallPool {
  readonly #memories: MemoryPool
  readonly #pagePipes: PagePipes | undefined
  readonly #free: Call[] = []

  /** @param pagePipes undefined where everything is copied */
  constructor(create: (bytes: number) => Memory, pagePipes: PagePipes | undefined) {
    this.#memories = new MemoryPool(create)
    this.#pagePipes = pagePipes
  }

  /** @throws ToolError of kind environment when there is no memory */
  acquire(bytes: number): Memory {
    return this.#memories.acquire(bytes)
  }

  /** Memory for a request; undefined when there is none, which fails the request and not the server. */
  acquireIfAny(bytes: number): Memory | undefined {
    return memoryIfAny(() => this.#memories.acquire(bytes))
  }

  release(memory: Memory): void {
    this.#memories.release(memory)
  }

  /** A call for a request whose header has come, with room for its data; undefined when there is no memory. */
  take(connection: Connection, header: RequestHeader, dataBytes: number): Call | undefined {
    // Data keep their place within a sector, so that a request with finer ends can be completed around them.
    const dataAt = HEAD_ROOM_BYTES + (header.offset % SECTOR_BYTES)
    const memory = dataBytes > 0 ? this.acquireIfAny(dataAt + dataBytes + SECTOR_BYTES) : undefined
    if (dataBytes > 0 && !memory) return undefined
    const call = this.#free.pop() ?? newCall()
    copyRequestHeader(header, call.header)
    call.connection = connection
    call.dataAt = dataAt
    call.memory = memory
    call.bytes = dataBytes
    if (this.passesOn(connection, header)) this.#offerPages(call, connection.replyStyle)
    return call
  }

  /** A request is a read whose pages may go to its client as they are. */
  passesOn({pipe, longReads}: Connection, header: RequestHeader): boolean {
    if (!isLongRead(header) || !isAligned(header)) return false
    return this.#pagePipes !== undefined && pipe.takesPages && longReads.passesPages
  }

  /** Lets the backend pass pages of the page cache on, with the head of the reply ahead of them. */
  #offerPages(call: Call, style: ReplyStyle): void {
    const {header, memory} = call
    const head = new Uint8Array(readHeadBytes(style))
    readHead(new DataView(head.buffer), 0, style, header, header.length)
    call.pages = this.#pagePipes?.acquire(head, header.length)
    if (memory) memory.pages = call.pages
  }

  /** What is read is not in the page cache: others may use the pipes. */
  takePagesBack(call: Call): void {
    if (call.pages) this.#pagePipes?.release(call.pages)
    call.pages = undefined
    call.connection?.longReads.copied()
  }

  /** Nobody needs a call any more. */
  give(call: Call): void {
    const {memory, pages} = call
    if (memory) {
      memory.pages = undefined
      this.#memories.release(memory)
    }
    if (pages) this.#pagePipes?.release(pages)
    call.connection = undefined
    call.memory = undefined
    call.pages = undefined
    call.bytes = 0
    call.restAt = call.restEnd = call.latencyNs = 0
    this.#free.push(call)
  }

  close(): void {
    this.#memories.close()
    this.#pagePipes?.close()
  }
}

function newCall(): Call {
  return {
    header: newRequestHeader(),
    connection: undefined,
    memory: undefined,
    pages: undefined,
    dataAt: 0,
    bytes: 0,
    restAt: 0,
    restEnd: 0,
    latencyNs: 0,
    covers: 0,
  }
}
