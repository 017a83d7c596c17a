import type tls from 'node:tls'

import {
  openBackend,
  openRingSockets,
  yieldToSignals,
  type AioChoice,
  type Backend,
  type BackendName,
  type RingSockets,
} from '../aio/index.js'
import {ERRNO, invariant, SECTOR_BYTES, ToolError} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {Engine, SYNC_TOKENS} from '../engine/index.js'
import {openImage, openSource, snapshotImage, type Image} from '../image/index.js'
import {loadLibc, loadListening, type Listening} from '../native/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {idBytes, STEP_PUNCH, STEP_SYNC} from '../request/index.js'
import type {ListenAddress} from './address.js'
import {listenForRing, listenWithNet, type Listeners} from './listeners.js'
import {dataRanges, statusBySeeking, type StatusSource} from './nbd/block-status.js'
import {Connection} from './nbd/connection.js'
import {Exchange} from './nbd/exchange.js'
import type {Export} from './nbd/export.js'
import {NetPipe, NetTransport} from './net-transport.js'
import type {Pipe, PipeUser} from './pipe.js'
import {Recording} from './recording.js'
import {RingTransport} from './ring-transport.js'
import {Tally, type Fault} from './tally.js'

/** What a server is asked to be. */
export interface ServeOptions {
  readonly path: string
  readonly mode: CacheMode
  readonly aio: AioChoice
  readonly readOnly: boolean
  readonly snapshot: boolean
  readonly forceShare: boolean
  readonly exportName: string
  readonly listen: ListenAddress
  readonly maxConnections: number
  /** Ends when the first client that got as far as requests has gone. */
  readonly once: boolean
  /** TLS is spoken, and nothing else. */
  readonly tls?: ((plain: import('node:net').Socket) => tls.TLSSocket) | undefined
  /** Wraps the backend: a bad disk on purpose. */
  readonly spoil?: ((backend: Backend) => Backend) | undefined
  readonly trace?: string | undefined
  /** Aborted to wind down: nobody is accepted, what is in flight is finished, the image is synced. */
  readonly signal: AbortSignal
  /** Told when clients can connect. */
  readonly ready: (server: {readonly address: ListenAddress; readonly status: () => ServeStatus}) => void
}

/** How a server stands now. */
export interface ServeStatus {
  readonly connections: number
  readonly requests: number
  readonly bytesAtRisk: number
  readonly secondsSinceFlush: number
  readonly flushes: number
  readonly flushesIgnored: number
  readonly poisoned: boolean
}

/** What a server has done, as of the moment before its last sync. */
export interface ServeResult {
  readonly image: {
    readonly path: string
    readonly sizeBytes: number
    readonly fileSystem: string
    readonly readOnly: boolean
    readonly snapshot: boolean
  }
  readonly mode: CacheMode
  readonly openFlags: readonly string[]
  readonly volatile: string | undefined
  readonly aio: {readonly backend: BackendName; readonly reason: string; readonly syncs: number}
  readonly transport: 'io_uring' | 'node:net'
  readonly counts: {
    readonly connections: number
    readonly reads: number
    readonly readBytes: number
    readonly writes: number
    readonly writtenBytes: number
    readonly flushes: number
    readonly fuas: number
    readonly trims: number
    readonly zeroes: number
    readonly others: number
    readonly errors: number
  }
  readonly flushesIgnored: number
  readonly faults: readonly Fault[]
  readonly bytesAtRisk: number
  readonly poison: number
  readonly closingSync: 'done' | 'skipped' | 'failed'
  readonly closingErrno: number
  readonly notes: readonly string[]
}

/** Requests in the engine at a time, over all connections. */
const DEPTH = 256
const YIELD_MS = 20
/** How long clients may take to read what is left for them when the server winds down. */
const DRAIN_MS = 5000
const TOKEN_ALONE = 0
/** What a probe punches lies behind the end of the image. */
const PROBE_BYTES = 4096

/**
 * Serves an image over NBD until it is told to end. Whatever happens, nothing stays open; what clients were promised is kept by
 * then, and what was never flushed is synced too.
 *
 * @throws ToolError when the image, the backend or the socket cannot be opened
 */
export async function serveNbd(options: ServeOptions): Promise<ServeResult> {
  const image = await openServed(options)
  try {
    const native = options.tls === undefined ? await loadListening() : undefined
    const listening = native?.ok === true ? native.listening : undefined
    const entries = 2 * options.maxConnections + 32
    const sockets = listening && options.aio !== 'threads' ? await openRingSockets(entries) : undefined
    const opened = await openBackend(aioChoice(options), {
      fd: image.fd,
      dsyncFd: () => image.dsyncFd(),
      sizeBytes: image.sizeBytes,
      readOnly: options.readOnly,
      mode: options.mode,
      tokens: DEPTH + SYNC_TOKENS,
      depth: DEPTH,
      seed: 0,
      sockets,
      inPassing: true,
      read: () => invariant(false, 'a served image is not simulated'),
      freshRanges: (offsetBytes, lengthBytes) => image.freshRanges(offsetBytes, lengthBytes),
    })
    try {
      const ring = opened.backend.name === 'uring' && sockets && listening ? {sockets, listening} : undefined
      const server = await Server.open(options, image, opened, ring)
      return await server.run()
    } finally {
      await opened.backend.close()
    }
  } finally {
    image.close()
  }
}

function openServed(options: ServeOptions): Promise<Image> {
  const {path, mode, readOnly, forceShare, snapshot} = options
  if (!snapshot) return openImage(path, {mode, readOnly, forceShare, depth: DEPTH})
  const touched = [{offsetBytes: 0, lengthBytes: Number.MAX_SAFE_INTEGER}]
  return snapshotImage(path, {mode, forceShare, depth: DEPTH, touched})
}

/** TLS needs the sockets of node:net, which live on the event loop: a ring would make it wait. */
function aioChoice({aio, tls: secured}: ServeOptions): AioChoice {
  if (secured === undefined) return aio
  if (aio === 'uring') {
    throw new ToolError('usage', 'E_SERVE_FLAGS', '--aio uring does not go with TLS', {
      hint: 'Leave --aio out: with TLS the image is read and written by the thread pool.',
    })
  }
  return 'threads'
}

type Opened = Awaited<ReturnType<typeof openBackend>>
type RingParts = {readonly sockets: RingSockets; readonly listening: Listening}

class Server {
  readonly #options: ServeOptions
  readonly #image: Image
  readonly #opened: Opened
  readonly #backend: Backend
  readonly #ring: RingParts | undefined
  readonly #tally = new Tally(performance.now())
  readonly #exchange: Exchange
  readonly #engine: Engine
  readonly #recording: Recording | undefined
  readonly #connections = new Map<Pipe, Connection>()
  #nextId = 1
  #stopAtMs: number | undefined
  #wantsStop = false

  static async open(options: ServeOptions, image: Image, opened: Opened, ring: RingParts | undefined): Promise<Server> {
    const backend = options.spoil ? options.spoil(opened.backend) : opened.backend
    const native = await loadLibc()
    const libc = native.ok && !image.blockDevice ? native.libc : undefined
    const seek = libc && ((offset: number, to: 'data' | 'hole') => libc.seek(image.fd, offset, to))
    const status = statusBySeeking(seek, ERRNO.ENXIO)
    const readOnly = options.readOnly || image.readOnly
    const zeroesFast = !readOnly && !image.blockDevice && (await canPunch(opened.backend, image.sizeBytes))
    return new Server(options, image, opened, ring, {backend, status, readOnly, zeroesFast})
  }

  constructor(
    options: ServeOptions,
    image: Image,
    opened: Opened,
    ring: RingParts | undefined,
    {
      backend,
      status,
      readOnly,
      zeroesFast,
    }: {backend: Backend; status: StatusSource; readOnly: boolean; zeroesFast: boolean},
  ) {
    this.#options = options
    this.#image = image
    this.#opened = opened
    this.#backend = backend
    this.#ring = ring
    const {mode} = options
    const served: Export = {
      name: options.exportName,
      description: `${mode.name}: ${mode.summary}`,
      sizeBytes: image.capacitySectors * SECTOR_BYTES,
      readOnly,
      minBlockBytes: SECTOR_BYTES,
      preferredBlockBytes: Math.max(4096, image.alignmentBytes),
    }
    this.#recording =
      options.trace === undefined ? undefined : record(options.trace, served.sizeBytes, options, image, status)
    const recording = this.#recording
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
      mode,
      served,
      status,
      zeroesFast,
      tally: this.#tally,
      offer: recording && ((bytes) => recording.offer(bytes)),
      closed: (connection) => this.#closed(connection),
      secure: (connection) => this.#secure(connection),
    })
  }

  async run(): Promise<ServeResult> {
    try {
      if (this.#ring) await this.#runOnRing(this.#ring)
      else await this.#runOnNet()
      this.#recording?.commit()
      const bytesAtRisk = this.#exchange.bytesAtRisk()
      return this.#result(bytesAtRisk, await this.#syncBeforeClose(bytesAtRisk))
    } finally {
      this.#recording?.discard()
      await this.#drain()
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
      for (;;) {
        if (this.#windsDown()) transport.stop()
        transport.arm()
        this.#exchange.flush()
        if (this.#isOver) break
        const waiting = this.#wait()
        if (waiting) await waiting
        transport.dispatch()
        // What has been done in passing is answered with the same system call that waits for more.
        const collecting = this.#engine.pending > 0 ? this.#engine.tick(false) : undefined
        if (collecting) await collecting
        this.#exchange.collect()
        if (performance.now() - yieldedMs < YIELD_MS) continue
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

  /** Waits until something has ended, in the image or on a socket, and collects it. */
  #wait(): Promise<void> | undefined {
    if (this.#engine.pending > 0) return this.#engine.tick(true)
    const waiting = this.#backend.submit(true)
    if (waiting) return waiting.then(() => this.#engine.tick(false))
    return this.#engine.tick(false)
  }

  async #runOnNet(): Promise<void> {
    const {listen, maxConnections, signal} = this.#options
    const listeners = await listenWithNet(listen)
    let wake = (): void => {}
    const user = {
      connected: (pipe: Pipe): PipeUser => {
        const told = this.#connected(pipe)
        return {
          open() {
            told.open()
            wake()
          },
          received(count) {
            told.received(count)
            wake()
          },
          sent(errno) {
            told.sent(errno)
            wake()
          },
        }
      },
    }
    const transport = new NetTransport(listeners.sockets, maxConnections, user)
    const clock = setInterval(() => wake(), 100)
    const onAbort = (): void => wake()
    signal.addEventListener('abort', onAbort)
    try {
      this.#ready(listeners)
      for (;;) {
        if (this.#windsDown()) transport.stop()
        this.#exchange.collect()
        this.#exchange.flush()
        if (this.#isOver) break
        const event = new Promise<void>((resolve) => {
          wake = () => setImmediate(resolve)
        })
        if (this.#engine.pending === 0) {
          await event
          continue
        }
        const waiting = this.#engine.tick(true)
        if (waiting) await Promise.race([waiting, event])
      }
    } finally {
      clearInterval(clock)
      signal.removeEventListener('abort', onAbort)
      for (const connection of this.#connections.values()) connection.drop()
      await this.#drain()
      listeners.close()
    }
  }

  #ready({address}: Listeners<unknown>): void {
    this.#options.ready({address, status: () => this.#status()})
  }

  // Connections

  #connected(pipe: Pipe): PipeUser {
    const tlsState = this.#options.tls === undefined ? 'none' : 'required'
    const connection = new Connection(this.#nextId++, pipe, this.#exchange, tlsState)
    this.#connections.set(pipe, connection)
    this.#tally.connections++
    return connection
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection.pipe)
    if (this.#options.once && connection.wasServed) this.#wantsStop = true
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
    if (!this.#options.signal.aborted && !this.#wantsStop) return false
    const nowMs = performance.now()
    if (this.#stopAtMs === undefined) {
      this.#stopAtMs = nowMs + DRAIN_MS
      this.#exchange.isStopping = true
      for (const connection of this.#connections.values()) connection.finish()
    }
    if (nowMs > this.#stopAtMs) for (const connection of this.#connections.values()) connection.drop()
    return true
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
  async #syncBeforeClose(bytesAtRisk: number): Promise<Pick<ServeResult, 'closingSync' | 'closingErrno'>> {
    const {mode, readOnly, snapshot} = this.#options
    if (bytesAtRisk === 0 || readOnly || snapshot || mode.noFlush) return {closingSync: 'skipped', closingErrno: 0}
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
      poisoned: this.#engine.poison !== 0,
    }
  }

  #result(bytesAtRisk: number, closing: Pick<ServeResult, 'closingSync' | 'closingErrno'>): ServeResult {
    const {path, mode, snapshot} = this.#options
    const {connections, reads, readBytes, writes, writtenBytes, flushes, fuas, trims, zeroes, others, errors} =
      this.#tally
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
      counts: {connections, reads, readBytes, writes, writtenBytes, flushes, fuas, trims, zeroes, others, errors},
      flushesIgnored: mode.noFlush ? flushes : 0,
      faults: this.#tally.faults,
      bytesAtRisk,
      poison: this.#engine.poison,
      ...closing,
      notes: this.#image.notes,
    }
  }
}

/** One step with nothing else in flight. @returns 0 or a negative errno */
async function runAlone(
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

/** Whether holes can be punched: tried behind the end of the image, where nothing changes. */
async function canPunch(backend: Backend, sizeBytes: number): Promise<boolean> {
  if (!backend.canPunch) return false
  const behind = Math.ceil(sizeBytes / PROBE_BYTES + 1) * PROBE_BYTES
  return (await runAlone(backend, STEP_PUNCH, behind, PROBE_BYTES)) === 0
}

function record(
  name: string,
  sizeBytes: number,
  {path, mode}: ServeOptions,
  image: Image,
  status: StatusSource,
): Recording {
  const source = openSource(path)
  try {
    const header = {version: 1, sizeBytes, mode: mode.name, ordering: 'none', source: 'flushpoint serve nbd'} as const
    const data = dataRanges(status, sizeBytes)
    return new Recording({name, header, fd: image.fd, data, read: (bytes, at) => source.readInto(bytes, at)})
  } finally {
    source.close()
  }
}
