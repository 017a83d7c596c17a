import {describe, expect, it} from 'vitest'

import {PagePipe, type Memory} from '../../../src/aio/index.js'
import {Prng} from '../../../src/base/index.js'
import {cacheModeOf} from '../../../src/cache-mode/index.js'
import type {Splice} from '../../../src/native/index.js'
import type {Call} from '../../../src/serve/nbd/call.js'
import {Connection} from '../../../src/serve/nbd/connection.js'
import type {Exchange} from '../../../src/serve/nbd/exchange.js'
import {isLongRead} from '../../../src/serve/nbd/long-reads.js'
import {PAYLOAD_MAX_BYTES} from '../../../src/serve/nbd/protocol.js'
import {refusalOf} from '../../../src/serve/nbd/refusal.js'
import type {ReplyStyle} from '../../../src/serve/nbd/reply.js'
import {newRequestHeader, readRequestHeader} from '../../../src/serve/nbd/request-header.js'
import type {Pipe} from '../../../src/serve/pipe.js'
import {Tally} from '../../../src/serve/tally.js'
import {contextData, extendedRequest, infoData, option, request, u32} from './client.js'

const SERVED = {
  ...{name: '', description: '', sizeBytes: 2 ** 30},
  ...{mode: cacheModeOf('writeback'), readOnly: false, givesBack: true, zeroesFast: true, shared: true},
  ...{minBlockBytes: 512, preferredBlockBytes: 4096},
}
const REQUESTS_MAX = 128
const BYTES_MAX = 16 << 20
const LONG_READS_MAX = 16
const STYLES = ['simple', 'structured', 'extended'] as const

/** Memory that is only counted: nobody writes 32 MiB for a request that claims them. */
function memoryOf(bytes: number): Memory {
  return {bytes: new Uint8Array(Math.min(bytes, 1 << 20)), free() {}}
}

/** Pages that never come. */
const NO_SPLICE = {} as Splice

/** Everything around one connection: what it asks for is counted, and ends when the test says so. */
class Surroundings {
  readonly tally = new Tally(0)
  readonly served = SERVED
  readonly isStopping = false
  hasRoom = true
  /** Long reads are passed on; how many are, and the most that ever were. */
  passes = false
  paged = 0
  pagedMost = 0
  /** The socket says of all that comes now that nobody is there. */
  isReset = false
  /** What it holds now, and the most it ever held. */
  calls = 0
  bytes = 0
  callsMost = 0
  bytesMost = 0
  largest = 0
  memories = 0
  closedTimes = 0
  faults: string[] = []
  inEngine: Call[] = []
  readonly connection: Connection
  #target: {memory: Memory; offset: number; lengthBytes: number} | undefined
  #sends = false
  #whenClosed: (() => void) | undefined
  readonly #waiting: Connection[] = []

  constructor() {
    const pipe: Pipe = {
      peer: 'a test',
      piecesMax: 8,
      takesPages: false,
      receive: (memory, offset, lengthBytes) => (this.#target = {memory, offset, lengthBytes}),
      send: () => (this.#sends = true),
      close: (whenClosed) => (this.#whenClosed = whenClosed),
    }
    this.connection = new Connection(1, pipe, this as unknown as Exchange, 'none')
    this.connection.open()
  }

  acquire(bytes: number): Memory {
    this.memories++
    return memoryOf(bytes)
  }
  release(): void {
    this.memories--
  }
  waitForRoom(connection: Connection): void {
    this.#waiting.push(connection)
  }
  wantsToSend(): void {}
  passesOn(_connection: Connection, header: Call['header']): boolean {
    return this.passes && isLongRead(header)
  }
  secure(): void {}
  closed(): void {
    this.closedTimes++
  }
  faulty(_connection: Connection, why: string): void {
    this.faults.push(why)
  }
  take(connection: Connection, header: Call['header'], dataBytes: number): Call {
    const memory = dataBytes > 0 ? memoryOf(4608 + dataBytes) : undefined
    this.calls++
    this.bytes += dataBytes
    this.callsMost = Math.max(this.callsMost, this.calls)
    this.largest = Math.max(this.largest, dataBytes)
    if (this.calls > 1) this.bytesMost = Math.max(this.bytesMost, this.bytes)
    const pages = this.passesOn(connection, header)
      ? new PagePipe(NO_SPLICE, [], new Uint8Array(0), dataBytes)
      : undefined
    if (pages) this.pagedMost = Math.max(this.pagedMost, ++this.paged)
    const rest = {pages, restAt: 0, restEnd: 0, latencyNs: 0, covers: 0}
    return {header: {...header}, connection, memory, dataAt: 4096, bytes: dataBytes, ...rest}
  }
  done(call: Call): void {
    this.calls--
    this.bytes -= call.bytes
    if (call.pages) this.paged--
  }
  submit(call: Call): void {
    this.inEngine.push(call)
  }

  /** Gives the connection bytes as long as it asks for them. @returns how many it took */
  feed(bytes: Uint8Array): number {
    let at = 0
    while (this.#target !== undefined && at < bytes.length) {
      const {memory, offset, lengthBytes} = this.#target
      const count = Math.min(lengthBytes, bytes.length - at)
      memory.bytes.set(bytes.subarray(at, at + count).subarray(0, Math.max(0, memory.bytes.length - offset)), offset)
      this.#target = undefined
      at += count
      this.connection.received(count)
    }
    return at
  }

  /** One thing happens: a request ends, a send leaves, the engine has room again. */
  step(prng: Prng, pace: number): void {
    if (this.inEngine.length > 0 && prng.chance(pace)) {
      const [call] = this.inEngine.splice(prng.below(this.inEngine.length), 1)
      const isOk = prng.chance(0.9)
      if (call?.header.type === 7 && isOk) this.connection.endedWith(call, Buffer.alloc(20))
      else if (call) this.connection.ended(call, isOk ? 0 : 5)
    }
    this.hasRoom = prng.chance(0.8)
    if (this.hasRoom) for (const connection of this.#waiting.splice(0)) connection.resume()
    if (!this.#sends) this.connection.flush()
    if (this.#sends && prng.chance(0.7)) {
      this.#sends = false
      this.connection.sent(this.isReset ? -32 : 0)
    }
    if (this.#whenClosed && !this.#sends) {
      const whenClosed = this.#whenClosed
      this.#whenClosed = undefined
      // A socket that is shut down answers what was asked of it.
      if (this.#target !== undefined) {
        this.#target = undefined
        this.connection.received(0)
      }
      whenClosed()
    }
  }

  /** The client has hung up, and has read all or not. */
  hangUp(): void {
    if (this.#target === undefined) return
    this.#target = undefined
    this.connection.received(this.isReset ? -104 : 0)
  }
}

const EXTREMES = [0n, 1n, 511n, 2n ** 25n, 2n ** 25n + 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]

/** A request as nobody should send it, some of the time. */
function wildRequest(prng: Prng, style: ReplyStyle): Buffer {
  const type = prng.chance(0.9) ? prng.pick([0, 1, 1, 3, 4, 5, 6, 7]) : prng.below(2 ** 16)
  const flags = prng.chance(0.6) ? prng.pick([0, 0, 1, 32, 33]) : prng.below(2 ** 16)
  const offset = prng.chance(0.7) ? prng.below(2 ** 21) * 512 : prng.pick(EXTREMES)
  const small = BigInt(prng.below(64 * 1024))
  const length = prng.chance(0.2) ? prng.pick(EXTREMES) : small
  const data = Buffer.alloc(Number(small), 1)
  const sendsData = (type === 1 || (flags & 32) !== 0) && prng.chance(0.9)
  if (style === 'extended') return extendedRequest({type, flags, offset, length, ...(sendsData && {data})})
  return request({type, flags, offset, length: length % 2n ** 32n, ...(sendsData && type === 1 && {data})})
}

/** A request that is served: only many of those take what a connection may have. */
function tameRequest(prng: Prng, style: ReplyStyle, lengthMost: number): Buffer {
  const [isWrite, offset] = [prng.chance(0.1), prng.below(2 ** 20) * 512]
  const data = Buffer.alloc(prng.below(4096), 1)
  const fields = isWrite ? {type: 1, offset, data} : {type: 0, offset, length: prng.below(lengthMost)}
  return style === 'extended' ? extendedRequest({...fields, flags: isWrite ? 32 : 0}) : request(fields)
}

function session(prng: Prng, style: ReplyStyle): Buffer {
  const context = option(10, contextData('', ['base:allocation']))
  const styles = {simple: [], structured: [option(8), context], extended: [option(11), context]}[style]
  const parts = [u32(3), ...styles, option(7, infoData(''))]
  const [isTame, lengthMost] = [prng.chance(0.5), prng.pick([4096, 2 ** 20])]
  for (let i = prng.below(600); i >= 0; i--) {
    parts.push(isTame ? tameRequest(prng, style, lengthMost) : wildRequest(prng, style))
  }
  const bytes = Buffer.concat(parts)
  if (prng.chance(0.3)) bytes[prng.below(bytes.length)] = prng.below(256)
  return prng.chance(0.5) ? bytes.subarray(0, prng.below(bytes.length)) : bytes
}

describe('the header of a request', () => {
  it.each(STYLES)('is read from any bytes, and what is not refused lies inside the export (%s)', (style) => {
    const prng = new Prng(7)
    const header = newRequestHeader()
    let accepted = 0
    for (let i = 0; i < 20_000; i++) {
      const bytes = wildRequest(prng, style).subarray(0, style === 'extended' ? 32 : 28)
      if (prng.chance(0.3)) bytes[prng.below(bytes.length)] = prng.below(256)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      if (!readRequestHeader(view, 0, style === 'extended', header)) continue
      const isRefused = refusalOf(header, {style, hasStatus: true}, SERVED) !== 0
      if (isRefused || header.type === 3 || header.type === 7) continue
      accepted++
      expect(header.offset + header.length).toBeLessThanOrEqual(SERVED.sizeBytes)
      expect(header.type > 1 || header.length <= PAYLOAD_MAX_BYTES).toBe(true)
    }
    expect(accepted).toBeGreaterThan(1000)
  })
})

describe('a connection', () => {
  for (const style of STYLES) {
    it.each(Array.from({length: 40}, (_, seed) => seed))(
      `keeps within its bounds whatever comes in ${style} style, and gives everything back (seed %i)`,
      (seed) => {
        const prng = new Prng(seed)
        const around = new Surroundings()
        around.passes = prng.chance(0.5)
        const bytes = session(prng, style)
        // Some disks are slow.
        const pace = prng.pick([0.02, 0.6])
        let at = 0
        for (let turn = 0; at < bytes.length && around.closedTimes === 0 && turn < 50_000; turn++) {
          at += around.feed(bytes.subarray(at, at + 1 + prng.below(prng.chance(0.5) ? 40 : 70_000)))
          around.step(prng, pace)
        }
        around.isReset = prng.chance(0.5)
        for (let turn = 0; around.closedTimes === 0 && turn < 5000; turn++) {
          around.hangUp()
          around.step(prng, 0.6)
        }
        expect(around.closedTimes, `seed ${seed}`).toBe(1)
        expect([around.calls, around.bytes, around.memories, around.paged], `seed ${seed}`).toEqual([0, 0, 0, 0])
        expect(around.pagedMost).toBeLessThanOrEqual(LONG_READS_MAX)
        expect(around.callsMost).toBeLessThanOrEqual(REQUESTS_MAX)
        expect(around.bytesMost).toBeLessThanOrEqual(Math.max(BYTES_MAX, around.largest))
        expect(around.largest).toBeLessThanOrEqual(PAYLOAD_MAX_BYTES)
        for (const why of around.faults) expect(why).toMatch(/magic|payload|IHAVEOPT|flags|export/)
      },
    )
  }

  it.each([
    [true, 64 * 1024, LONG_READS_MAX],
    [false, 64 * 1024, REQUESTS_MAX],
    [true, 64 * 1024 - 512, REQUESTS_MAX],
  ])('has its long reads bounded only where they are passed on (%s, %i bytes: %i)', (passes, length, most) => {
    const around = new Surroundings()
    around.passes = passes
    const reads = Array.from({length: 200}, () => request({type: 0, length}))
    around.feed(Buffer.concat([u32(3), option(7, infoData('')), ...reads]))
    expect(around.callsMost).toBe(most)
    // As soon as some have left, others are taken.
    for (const call of around.inEngine.splice(0)) around.connection.ended(call, 0)
    around.connection.flush()
    around.connection.sent(0)
    expect(around.inEngine.length).toBeGreaterThan(0)
  })
})
