import {performance} from 'node:perf_hooks'

import {
  SpoiltBackend,
  yieldToSignals,
  type Backend,
  type openBackend,
  type PagePipes,
  type RingSockets,
} from '../aio/index.js'
import type {Recording} from '../archive/index.js'
import {invariant, SECTOR_BYTES} from '../base/index.js'
import {writeCacheEnabled} from '../cache-mode/index.js'
import {Engine} from '../engine/index.js'
import type {Image} from '../image/index.js'
import type {Listening} from '../native/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {idBytes, STEP_SYNC, type STEP_PUNCH} from '../request/index.js'
import {Bell} from './bell.js'
import {HandshakeLimit} from './handshake-limit.js'
import {IdleSpin} from './idle-spin.js'
import {listenForRing, listenWithNet, type Listeners} from './listeners.js'
import type {StatusSource} from './nbd/block-status.js'
import {Connection} from './nbd/connection.js'
import {Exchange} from './nbd/exchange.js'
import type {Export} from './nbd/export.js'
import {NetPipe, NetTransport} from './net-transport.js'
import type {ServeOptions, ServeResult, ServeStatus} from './options.js'
import type {Pipe, PipeUser} from './pipe.js'
import {RingTransport} from './ring-transport.js'
import {Tally} from './tally.js'

/** Requests in the engine at a time, over all connections. */
export const DEPTH = 256
const YIELD_MS = 20
/** How long clients may take to read what is left for them when the server winds down. */
const DRAIN_MS = 5000
const TOKEN_ALONE = 0
type Opened = Awaited<ReturnType<typeof openBackend>>
type Closing = Pick<ServeResult, 'closingSync' | 'closingErrno'>
const SKIPPED: Closing = {closingSync: 'skipped', closingErrno: 0}
type RingParts = {readonly sockets: RingSockets; readonly listening: Listening}

/** What a server is made of. Whoever opened it closes it. */
export interface ServerParts {
  readonly options: ServeOptions
  readonly image: Image
  readonly opened: Opened
  /** The sockets of the ring; undefined leaves them to node:net. */
  readonly ring: RingParts | undefined
  readonly listening: Listening | undefined
  readonly status: StatusSource
  /** A hole that is punched gives blocks back. */
  readonly givesBack: boolean
  /** Pass on what the page cache holds; undefined where everything is copied. */
  readonly pagePipes: PagePipes | undefined
  readonly recording: Recording | undefined
}

/** One image being served, from the first client to the last sync. */
export class Server {
  readonly #options: ServeOptions
  readonly #image: Image
  readonly #opened: Opened
  readonly #backend: Backend
  readonly #ring: RingParts | undefined
  readonly #listening: Listening | undefined
  readonly #tally = new Tally(performance.now())
  readonly #exchange: Exchange
  readonly #engine: Engine
  readonly #recording: Recording | undefined
  readonly #connections = new Map<Pipe, Connection>()
  readonly #handshakes: HandshakeLimit
  readonly #spin = new IdleSpin()
  #nextId = 1
  #stopAtMs: number | undefined
  /** A client that has gone had got as far as requests. */
  #hasServed = false

  constructor(parts: ServerParts) {
    const {options, image, opened, ring, listening, status, givesBack, pagePipes, recording} = parts
    const backend = options.spoil ? new SpoiltBackend(opened.backend, options.spoil, options.seed) : opened.backend
    const readOnly = options.readOnly || image.readOnly
    this.#options = options
    this.#image = image
    this.#opened = opened
    this.#backend = backend
    this.#ring = ring
    this.#listening = listening
    const {mode} = options
    const served: Export = {
      name: options.exportName,
      description: `${mode.name}: ${mode.summary}`,
      sizeBytes: image.capacitySectors * SECTOR_BYTES,
      ...{mode, readOnly, givesBack},
      // What a device makes of zeroes, nobody knows beforehand.
      zeroesFast: givesBack && !image.blockDevice,
      shared: options.maxConnections > 1,
      minBlockBytes: SECTOR_BYTES,
      preferredBlockBytes: Math.max(4096, image.alignmentBytes),
    }
    this.#handshakes = new HandshakeLimit(options.handshakeLimitMs)
    this.#recording = recording
    this.#engine = new Engine({
      device: {capacitySectors: image.capacitySectors, readOnly, logicalBlockBytes: SECTOR_BYTES},
      mode,
      ordering: orderingModeOf('none'),
      backend,
      depth: DEPTH,
      alignmentBytes: mode.direct ? image.alignmentBytes : 1,
      soleWriter: image.soleWriter,
      id: idBytes('flushpoint'),
      observer: recording?.observe,
      freshRanges: opened.freshRanges,
    })
    this.#exchange = new Exchange({
      engine: this.#engine,
      backend,
      lasts: image.volatile === undefined,
      served,
      status,
      tally: this.#tally,
      pagePipes,
      offer: recording && ((bytes) => recording.offer(bytes)),
      closed: (connection) => this.#closed(connection),
      secure: (connection) => this.#secure(connection),
    })
  }

  async run(): Promise<ServeResult> {
    let bytesAtRisk = 0
    let closing: Closing = SKIPPED
    try {
      try {
        if (this.#ring) await this.#runOnRing(this.#ring)
        else await this.#runOnNet()
        this.#recording?.commit()
      } finally {
        this.#recording?.discard()
        await this.#drain()
        // Also where it has failed: nobody is left who could ask for it.
        bytesAtRisk = this.#exchange.bytesAtRisk()
        closing = await this.#syncBeforeClose(bytesAtRisk)
      }
      return this.#result(bytesAtRisk, closing)
    } finally {
      this.#engine.close()
      this.#exchange.close()
    }
  }

  // The two loops

  async #runOnRing({sockets, listening}: RingParts): Promise<void> {
    const {listen, maxConnections: max} = this.#options
    const listeners = listenForRing(listening, listen)
    const backend = this.#opened.backend
    const user = {connected: (pipe: Pipe) => this.#connected(pipe)}
    const transport = new RingTransport({sockets, listening, backend, listeners: listeners.sockets, max, user})
    try {
      this.#ready(listeners)
      let yieldedMs = performance.now()
      let lookedMs = yieldedMs
      for (;;) {
        this.#recording?.refuseIncomplete()
        if (this.#windsDown()) transport.stop()
        transport.arm()
        this.#exchange.flush()
        if (this.#isOver) break
        const waiting = this.#wait(transport)
        if (waiting) await waiting
        // What comes now is taken now, however long it was waited for.
        this.#engine.readClock()
        transport.dispatch()
        // What a newcomer had sent by then was read: who was kept waiting by us is not late.
        this.#enforce(lookedMs)
        // What has been done in passing is answered with the same system call that waits for more.
        const collecting = this.#engine.pending > 0 ? this.#engine.tick(false) : undefined
        if (collecting) await collecting
        this.#exchange.collect()
        lookedMs = performance.now()
        if (lookedMs - yieldedMs < YIELD_MS) continue
        await yieldToSignals()
        yieldedMs = performance.now()
      }
    } finally {
      for (const connection of this.#connections.values()) connection.drop()
      await this.#drain()
      await transport.close()
      listeners.close()
    }
  }

  /**
   * Waits until something has ended, in the image or on a socket, and collects it. Does not wait where something has, and looks for a
   * while before it does where clients are quick to ask again.
   */
  #wait(transport: RingTransport): Promise<void> | undefined {
    transport.look()
    // Sockets that always have something are no reason not to hear what the ring has to tell.
    if (transport.hasEnded) return this.#engine.tick(false)
    if (this.#engine.pending > 0) {
      transport.askRing()
      return this.#engine.tick(true)
    }
    const sinceMs = performance.now()
    const untilMs = sinceMs + this.#spin.ms
    do {
      // Through the engine: a sync that nobody waits for any more may end here too.
      void this.#engine.tick(false)
      transport.look()
    } while (!transport.hasEnded && performance.now() < untilMs)
    if (!transport.hasEnded) {
      transport.askRing()
      const waiting = this.#backend.submit(true)
      if (waiting) return waiting.then(() => this.#engine.tick(false))
    }
    this.#spin.waited(performance.now() - sinceMs)
    return this.#engine.tick(false)
  }

  async #runOnNet(): Promise<void> {
    const {listen, maxConnections: max, signal} = this.#options
    const listeners = await listenWithNet(listen, this.#listening)
    const bell = new Bell()
    const wake = (): void => bell.ring()
    const failures: unknown[] = []
    /** What goes wrong in a turn of the event loop is for the loop here, not for the process. */
    const inTurn = (work: () => void): void => {
      this.#engine.readClock()
      try {
        work()
      } catch (error) {
        failures.push(error)
      }
      wake()
    }
    const user = {connected: (pipe: Pipe) => this.#connected(pipe)}
    const transport = new NetTransport({servers: listeners.sockets, listening: this.#listening, max, user, inTurn})
    // Behind what the sockets had brought by then: who was kept waiting by us is not late.
    const enforceAsOf = (nowMs: number): void => inTurn(() => this.#enforce(nowMs))
    const clock = setInterval(() => setImmediate(enforceAsOf, performance.now()), 100)
    const onAbort = (): void => wake()
    signal.addEventListener('abort', onAbort)
    try {
      this.#ready(listeners)
      for (;;) {
        bell.clear()
        if (failures.length > 0) throw failures[0]
        this.#recording?.refuseIncomplete()
        if (this.#windsDown()) transport.stop()
        this.#exchange.collect()
        this.#exchange.flush()
        if (this.#isOver) break
        if (this.#engine.pending === 0) {
          await this.#rung(bell)
          continue
        }
        const waiting = this.#engine.tick(true)
        if (waiting) await Promise.race([waiting, bell.rung()])
      }
    } finally {
      clearInterval(clock)
      signal.removeEventListener('abort', onAbort)
      for (const connection of this.#connections.values()) connection.drop()
      await this.#drain()
      transport.close()
      listeners.close()
    }
  }

  /** Waits on the event loop until something has happened on a socket; asks for a while, as #wait does. */
  async #rung(bell: Bell): Promise<void> {
    const sinceMs = performance.now()
    const untilMs = sinceMs + this.#spin.ms
    while (!bell.hasRung && performance.now() < untilMs) await yieldToSignals()
    await bell.rung()
    this.#spin.waited(performance.now() - sinceMs)
  }

  #ready({address}: Listeners<unknown>): void {
    this.#options.ready({address, status: () => this.#status()})
  }

  // Connections

  #connected(pipe: Pipe): PipeUser {
    const tlsState = this.#options.tls === undefined ? 'none' : 'required'
    const connection = new Connection(this.#nextId++, pipe, this.#exchange, tlsState)
    this.#connections.set(pipe, connection)
    this.#handshakes.connected(connection)
    this.#tally.connections++
    return connection
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection.pipe)
    this.#handshakes.gone(connection)
    if (connection.wasServed) this.#hasServed = true
  }

  /** Sends away who was late at that time. */
  #enforce(nowMs: number): void {
    this.#tally.timedOut += this.#handshakes.enforce(nowMs)
  }

  #secure(connection: Connection): void {
    const {pipe} = connection
    const wrap = this.#options.tls
    invariant(pipe instanceof NetPipe && wrap !== undefined, 'TLS is set up where there is none')
    pipe.replace((plain) => {
      const secured = wrap(plain)
      secured.on('tlsClientError', () => secured.destroy())
      return secured
    })
    connection.secured()
  }

  // Winding down

  /** Starts to wind down when it has been asked to, and goes on with it. */
  #windsDown(): boolean {
    const isBegun = this.#stopAtMs !== undefined
    if (!isBegun && !this.#options.signal.aborted && !this.#hasServedOnce) return false
    const nowMs = performance.now()
    if (this.#stopAtMs === undefined) {
      this.#stopAtMs = nowMs + DRAIN_MS
      this.#exchange.isStopping = true
      for (const connection of this.#connections.values()) connection.finish()
    }
    if (nowMs > this.#stopAtMs) for (const connection of this.#connections.values()) connection.drop()
    return true
  }

  /** With --once: somebody was served, and nobody is left, be they still at their handshake. */
  get #hasServedOnce(): boolean {
    return this.#options.once && this.#hasServed && this.#connections.size === 0
  }

  get #isOver(): boolean {
    return this.#stopAtMs !== undefined && this.#connections.size === 0 && this.#engine.pending === 0
  }

  /** Waits for what the engine has, so that no memory is freed under the kernel's hands. */
  async #drain(): Promise<void> {
    while (this.#engine.pending > 0) {
      await this.#engine.tick(true)
      this.#exchange.collect()
    }
  }

  /** Who exits 0 is expected to have left the data on the disk, whatever the clients forgot. */
  async #syncBeforeClose(bytesAtRisk: number): Promise<Closing> {
    const {mode, readOnly, snapshot} = this.#options
    if (bytesAtRisk === 0 || readOnly || snapshot || mode.noFlush) return SKIPPED
    // After a failed sync the next one succeeds without having written what the first one lost.
    if (this.#engine.poison !== 0) return {closingSync: 'failed', closingErrno: this.#engine.poison}
    const result = await runAlone(this.#backend, STEP_SYNC, 0, 0)
    return {closingSync: result === 0 ? 'done' : 'failed', closingErrno: -result}
  }

  // Telling

  #status(): ServeStatus {
    const {mode} = this.#options
    return {
      connections: this.#connections.size,
      requests: this.#tally.requests,
      bytesAtRisk: this.#exchange.bytesAtRisk(),
      secondsSinceFlush: (performance.now() - this.#tally.flushedAtMs) / 1000,
      flushes: this.#tally.flushes,
      flushesIgnored: mode.noFlush ? this.#tally.flushes : 0,
      writeCache: writeCacheEnabled(mode),
      poisoned: this.#engine.poison !== 0,
    }
  }

  #result(bytesAtRisk: number, closing: Closing): ServeResult {
    const {path, mode, snapshot} = this.#options
    const {connections, timedOut, reads, readBytes, writes, writtenBytes, flushes, fuas, trims, zeroes, others} =
      this.#tally
    const {refused, errors, failedWrites, failedFlushes, redundantFlushes} = this.#tally
    return {
      image: {
        path,
        sizeBytes: this.#image.sizeBytes,
        fileSystem: this.#image.fileSystem,
        readOnly: this.#exchange.served.readOnly,
        snapshot,
      },
      mode,
      openFlags: this.#image.openFlags,
      volatile: this.#image.volatile,
      aio: {backend: this.#opened.backend.name, reason: this.#opened.reason, syncs: this.#engine.syncs},
      transport: this.#ring ? 'io_uring' : 'node:net',
      counts: {
        ...{connections, timedOut, reads, readBytes, writes, writtenBytes, flushes, fuas, trims, zeroes, others},
        ...{refused, errors, failedWrites, failedFlushes, redundantFlushes},
      },
      paces: this.#tally.pace.paces(),
      flushesIgnored: mode.noFlush ? flushes : 0,
      faults: this.#tally.faults,
      bytesAtRisk,
      poison: this.#engine.poison,
      ...closing,
      notes: [...this.#image.notes, ...(this.#recording?.knownBefore === 'touched' ? [TOUCHED] : [])],
      interruptedBy: this.#options.interruptedBy(),
    }
  }
}

/** What a trace does not have is easily forgotten. */
const TOUCHED =
  'the trace has what clients changed, and nothing else of what the image held: crash explore has the rest from --base'

/** One step with nothing else in flight. @returns 0 or a negative errno */
export async function runAlone(
  backend: Backend,
  step: typeof STEP_SYNC | typeof STEP_PUNCH,
  offsetBytes: number,
  lengthBytes: number,
): Promise<number> {
  backend.queue(step, TOKEN_ALONE, undefined, 0, offsetBytes, lengthBytes, false)
  let ended = 0
  while (ended === 0) {
    await backend.submit(true)
    ended = backend.reap()
  }
  return backend.doneResults[0] as number
}
