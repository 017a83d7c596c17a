import {MemoryPool, type Backend, type Memory} from '../aio/index.js'
import {invariant} from '../base/index.js'
import {fillPattern, firstDifference, type BatchRequest, type Pattern, type Statement} from '../batch/index.js'
import type {Engine, ScsiOutcome} from '../engine/index.js'
import {ID_BYTES, kindOfType, STATUS_OK} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {commandOf, packAnswer, SENSE_BUFFER_BYTES} from '../scsi/index.js'
import {maySwitchCache} from './cache-switch.js'
import type {ScsiEnd, Verification} from './result.js'

/** Request data in memory at a time; a single request may be larger and then runs with nothing beside it. */
const DATA_IN_FLIGHT_BYTES = 256 << 20

/** How many differing bytes a failed verify shows. */
const SHOWN_BYTES = 16

/** What driving a batch needs. */
export interface DriveOptions {
  readonly engine: Engine
  readonly backend: Backend
  readonly statements: readonly Statement[]
  readonly sizeBytes: number
  /** Content of the file behind a file pattern. */
  readonly fileBytes: (pattern: Pattern) => Uint8Array | undefined
  /** Receives the marks; the requests' own events come from the engine. */
  readonly observer: Observer
  /** Aborted when no more requests should start. */
  /** Told what a request carries, right before it is submitted. */
  readonly offer?: ((bytes: Uint8Array | undefined) => void) | undefined
  readonly signal: AbortSignal
  readonly progress: (done: number) => void
}

/** How each request ended, by id - 1; requests that never ran have status undefined. */
export interface DriveResult {
  readonly statuses: Uint8Array
  readonly errnos: Int32Array
  readonly latenciesNs: Float64Array
  readonly verifications: ReadonlyMap<number, Verification>
  /** GET_ID answers. */
  readonly texts: ReadonlyMap<number, string>
  /** How SCSI commands ended. */
  readonly scsi: ReadonlyMap<number, ScsiEnd>
  /** Requests submitted: ids 1 .. ran. */
  readonly ran: number
  readonly marksReached: ReadonlySet<string>
}

interface Mark {
  readonly name: string
  readonly line: number
  /** Requests with ids up to this come before the mark. */
  readonly afterId: number
}

/**
 * Feeds a batch through an engine: keeps it as full as its depth allows, WAITs, passes MARKs once everything before them has
 * ended, fills and verifies data. When the signal is aborted, nothing more is submitted, what has not started is cancelled, and
 * what is in flight is waited for.
 */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  return new Driver(options).run()
}

class Driver {
  readonly #options: DriveOptions
  readonly #pool: MemoryPool
  readonly #requests: readonly BatchRequest[]
  readonly #memories = new Map<number, Memory>()
  /** Ids submitted and not taken. */
  readonly #outstanding = new Set<number>()
  #outstandingBytes = 0
  /** A switch of the write cache that has not been answered: nothing is submitted behind it. */
  #switch: number | undefined
  readonly #statuses: Uint8Array
  readonly #errnos: Int32Array
  readonly #latenciesNs: Float64Array
  readonly #verifications = new Map<number, Verification>()
  readonly #texts = new Map<number, string>()
  readonly #scsi = new Map<number, ScsiEnd>()
  readonly #marks: Mark[] = []
  readonly #marksReached = new Set<string>()
  #next = 0
  #ran = 0

  constructor(options: DriveOptions) {
    this.#options = options
    this.#pool = new MemoryPool((bytes) => options.backend.createMemory(bytes))
    this.#requests = options.statements.flatMap((statement) =>
      statement.kind === 'request' ? [statement.request] : [],
    )
    this.#statuses = new Uint8Array(this.#requests.length)
    this.#errnos = new Int32Array(this.#requests.length)
    this.#latenciesNs = new Float64Array(this.#requests.length)
  }

  async run(): Promise<DriveResult> {
    const {engine, statements, signal, progress} = this.#options
    let stopped = false
    for (;;) {
      if (signal.aborted && !stopped) {
        stopped = true
        engine.cancelQueued()
      }
      if (!stopped) this.#submitWhatFits()
      this.#passMarks()
      if (this.#outstanding.size === 0 && (stopped || this.#next === statements.length)) break
      const waiting = engine.tick(true)
      if (waiting) await waiting
      for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) this.#take(slot)
      progress(this.#ran - this.#outstanding.size)
    }
    this.#pool.close()
    return {
      statuses: this.#statuses,
      errnos: this.#errnos,
      latenciesNs: this.#latenciesNs,
      verifications: this.#verifications,
      texts: this.#texts,
      scsi: this.#scsi,
      ran: this.#ran,
      marksReached: this.#marksReached,
    }
  }

  #submitWhatFits(): void {
    const {engine, statements} = this.#options
    while (this.#next < statements.length) {
      const statement = statements[this.#next] as Statement
      switch (statement.kind) {
        case 'wait':
          if (this.#outstanding.size > 0) return
          break
        case 'mark':
          this.#marks.push({name: statement.name, line: statement.line, afterId: this.#ran})
          this.#passMarks()
          break
        case 'request': {
          if (engine.room === 0 || this.#switch !== undefined) return
          const bytes = this.#bytesOf(statement.request)
          if (this.#outstandingBytes + bytes > DATA_IN_FLIGHT_BYTES && this.#outstanding.size > 0) return
          this.#submit(statement.request, bytes)
        }
      }
      this.#next++
    }
  }

  /** Memory a request needs: none when the device refuses it anyway, which it does before touching any. */
  #bytesOf(request: BatchRequest): number {
    switch (kindOfType(request.type)?.operands) {
      case 'data':
        return request.offsetBytes + request.lengthBytes <= this.#options.sizeBytes ? request.lengthBytes : 0
      case 'id': // answered wherever it points: the device does not look at the range
        return Math.min(request.lengthBytes, ID_BYTES)
      case 'cdb':
        return request.scsi ? request.lengthBytes : 0
      case 'segment':
      case 'range':
      case 'switch':
      case 'none':
      case undefined:
        return 0
    }
  }

  #submit(request: BatchRequest, bytes: number): void {
    const {engine, fileBytes} = this.#options
    let memory: Memory | undefined
    if (bytes > 0) {
      memory = this.#pool.acquire(bytes)
      this.#memories.set(request.id, memory)
      this.#outstandingBytes += bytes
      if (request.pattern) fillPattern(request.pattern, memory.bytes.subarray(0, bytes), fileBytes(request.pattern))
    }
    engine.readClock()
    const {type, flags, offsetBytes, lengthBytes, after, scsi, pattern} = request
    const command = scsi && {cdb: scsi.cdb, inBytes: scsi.inBytes, outBytes: pattern ? lengthBytes : 0}
    this.#outstanding.add(request.id)
    // A driver that has asked for another cache waits for the answer: what comes next depends on it.
    if (maySwitchCache(request)) this.#switch = request.id
    this.#ran++
    this.#options.offer?.(memory?.bytes.subarray(0, command ? command.outBytes : bytes))
    const slot = engine.submit(type, flags, offsetBytes, lengthBytes, memory, 0, after, command)
    invariant(slot >= 0 && engine.idOf(slot) === request.id, `request ${request.id} did not get its id from the engine`)
  }

  #take(slot: number): void {
    const {engine} = this.#options
    const id = engine.idOf(slot)
    const request = this.#requests[id - 1] as BatchRequest
    const memory = this.#memories.get(id)
    const status = engine.statusOf(slot)
    this.#statuses[id - 1] = status
    this.#errnos[id - 1] = engine.errnoOf(slot)
    this.#latenciesNs[id - 1] = engine.latencyNsOf(slot)
    if (status === STATUS_OK && memory) {
      if (request.verify) this.#verify(request, request.verify, memory)
      if (kindOfType(request.type)?.operands === 'id') this.#texts.set(id, idText(memory.bytes, request.lengthBytes))
    }
    const outcome = engine.scsiOutcomeOf(slot)
    if (outcome) this.#scsi.set(id, scsiEnd(request, outcome, memory))
    engine.release(slot)
    this.#outstanding.delete(id)
    if (this.#switch === id) this.#switch = undefined
    if (memory) {
      this.#memories.delete(id)
      this.#outstandingBytes -= this.#bytesOf(request)
      this.#pool.release(memory)
    }
  }

  #verify(request: BatchRequest, pattern: Pattern, memory: Memory): void {
    const found = memory.bytes.subarray(0, request.lengthBytes)
    const scratch = this.#pool.acquire(request.lengthBytes)
    const expected = scratch.bytes.subarray(0, request.lengthBytes)
    fillPattern(pattern, expected, this.#options.fileBytes(pattern))
    const at = firstDifference(expected, found)
    this.#verifications.set(request.id, {
      ok: at < 0,
      offsetBytes: at < 0 ? undefined : request.offsetBytes + at,
      expected: at < 0 ? undefined : Buffer.from(expected.subarray(at, at + SHOWN_BYTES)).toString('hex'),
      found: at < 0 ? undefined : Buffer.from(found.subarray(at, at + SHOWN_BYTES)).toString('hex'),
    })
    this.#pool.release(scratch)
  }

  #passMarks(): void {
    while (this.#marks.length > 0) {
      const mark = this.#marks[0] as Mark
      for (const id of this.#outstanding) if (id <= mark.afterId) return
      this.#marks.shift()
      this.#marksReached.add(mark.name)
      this.#options.observer({kind: 'mark', name: mark.name, line: mark.line, atNs: this.#options.engine.readClock()})
    }
  }
}

/** Answers longer than this are blocks of the image, and not shown. */
const ANSWER_MAX_BYTES = 255

function scsiEnd(
  {scsi, lengthBytes, pattern}: BatchRequest,
  outcome: ScsiOutcome,
  memory: Memory | undefined,
): ScsiEnd {
  const {sense, transferredBytes} = outcome
  const answers = scsi && !pattern && transferredBytes > 0 && transferredBytes <= ANSWER_MAX_BYTES
  return {
    command: (scsi && commandOf(scsi.cdb)?.name) ?? 'unknown command',
    sense,
    answer: packAnswer(outcome, lengthBytes, SENSE_BUFFER_BYTES),
    dataIn: answers ? memory?.bytes.slice(0, transferredBytes) : undefined,
  }
}

/** The text of a GET_ID answer: up to the first NUL. */
function idText(bytes: Uint8Array, lengthBytes: number): string {
  const text = Buffer.from(bytes.subarray(0, lengthBytes)).toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
