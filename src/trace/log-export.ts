import {invariant, overlaps, SECTOR_BYTES} from '../base/index.js'
import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {kindOfType, STATUS_OK, type Plan} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent} from './event.js'
import {traceFault} from './fault.js'
import {
  encodeEntry,
  encodeSuper,
  LOG_DISCARD_FLAG,
  LOG_ENTRY_BYTES,
  LOG_FLUSH_FLAG,
  LOG_FUA_FLAG,
  LOG_MARK_FLAG,
} from './log-format.js'
import {plainPlan} from './replay.js'
import type {TracedEvent, TraceReading} from './traced.js'

/** Zeroes are put out in pieces of this size. */
const PIECE_BYTES = 2 ** 20
/** A mark is a C string behind its entry. */
const MARK_MAX_BYTES = SECTOR_BYTES - LOG_ENTRY_BYTES - 1

/** What of a trace a log cannot say. */
export interface LogLosses {
  /** Writes that failed, or had not completed at the end. */
  readonly unfinished: number
  /** Flushes that failed, or that the mode ignored: nothing is stable because of them. */
  readonly emptyFlushes: number
  /** Marks whose name was cut to fit. */
  readonly cutMarks: number
}

/** An export: the bytes of the log in order, and what is known of it beforehand. */
export interface LogExport {
  readonly entries: number
  readonly losses: LogLosses
  readonly bytes: Iterable<Uint8Array>
}

/**
 * The trace as a log of dm-log-writes, in the order in which the kernel would have logged it: a write goes to the log ahead of
 * the first flush that covers it (it had completed when the flush was submitted, or started after being held), in the order of
 * completion; a write that is stable by itself at its completion goes there at once, as FUA, and a mark at once. What no flush has
 * covered comes last. A write-zeroes is a write of zeroes. Sectors have 512 bytes. In one thing the kernel's order is not kept: an
 * ordinary write that a FUA write has overwritten goes ahead of it, or a replay would end with the older data.
 *
 * The trace is walked over twice, here for the number of entries and again for the bytes: memory holds no data, and as many
 * records as there are writes that wait for a flush.
 *
 * Source: semantics 8.11; vector C28 gives W3 W2 flush W1.
 *
 * @throws ToolError of kind format where the trace is damaged, or a write has no data
 */
export function exportLog(reading: TraceReading): LogExport {
  const counting = new LogOrder(reading)
  let entries = 0
  for (const _entry of counting.entries()) entries++
  return {
    entries,
    losses: counting.losses,
    bytes: {
      *[Symbol.iterator]() {
        yield encodeSuper(entries, SECTOR_BYTES)
        for (const entry of new LogOrder(reading).entries()) yield* entryBytes(entry)
      },
    },
  }
}

interface Entry {
  readonly flags: number
  readonly write: TracedEvent | undefined
  readonly mark: string
}

interface Open {
  readonly traced: TracedEvent
  readonly submit: SubmitEvent
  readonly plan: Plan | undefined
  syncsFirst: boolean
  started: boolean
  /** How many writes had completed when its sync was issued: those it covers. */
  covers: number
}

interface Waiting {
  readonly traced: TracedEvent
  readonly submit: SubmitEvent
  /** How many writes had completed with it. */
  readonly end: number
}

/** The order of the log, entry by entry. */
class LogOrder {
  readonly #reading: TraceReading
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #open = new Map<number, Open>()
  /** Completed writes that are not in the log yet, in the order of completion. */
  #waiting: Waiting[] = []
  #ended = 0
  #losses = {unfinished: 0, emptyFlushes: 0, cutMarks: 0}

  constructor(reading: TraceReading) {
    this.#reading = reading
    this.#mode = cacheModeOf(reading.header.mode)
    this.#ordering = orderingModeOf(reading.header.ordering)
  }

  /** What could not be said; complete once the entries have been walked over. */
  get losses(): LogLosses {
    return this.#losses
  }

  *entries(): Generator<Entry> {
    for (const traced of this.#reading.events) {
      const {event} = traced
      switch (event.kind) {
        case 'submit':
          this.#submit(traced, event)
          break
        case 'start':
          this.#start(event)
          break
        case 'complete':
          yield* this.#complete(event)
          break
        case 'mark':
          yield {flags: LOG_MARK_FLAG, write: undefined, mark: this.#fitted(event.name)}
          break
        case 'sync-start':
        case 'sync-end':
          break
      }
    }
    for (const {plan, started} of this.#open.values()) {
      if (started && plan?.kind.writes === true) this.#losses.unfinished++
    }
    yield* this.#log(this.#waiting.length)
  }

  #submit(traced: TracedEvent, submit: SubmitEvent): void {
    const plan = submit.plan ?? plainPlan(submit, this.#mode, this.#ordering)
    const syncsFirst = plan?.preSync === true && !this.#mode.noFlush
    this.#open.set(submit.id, {traced, submit, plan, syncsFirst, started: false, covers: this.#ended})
  }

  #start({id, held, preSync}: StartEvent): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    open.started = true
    if (preSync === true && !this.#mode.noFlush) open.syncsFirst = true
    // A request that was held back is issued only now, and its flush covers what ended meanwhile.
    if (held) open.covers = this.#ended
  }

  *#complete(event: CompleteEvent): Generator<Entry> {
    const open = this.#open.get(event.id)
    if (open === undefined) return
    this.#open.delete(event.id)
    const {plan, traced, submit, syncsFirst, started} = open
    const done = event.status === STATUS_OK && event.errno === 0
    if (plan?.kind.flushes === true && (!done || !syncsFirst)) this.#losses.emptyFlushes++
    if (!done) {
      if (started && plan?.kind.writes === true) this.#losses.unfinished++
      return
    }
    // The device keeps everything before an ordered tag apart from it, also what was in flight when it was given.
    if (syncsFirst) yield* this.#logEndedBy(plan?.tags === true && started ? this.#ended : open.covers)
    const changes = plan?.kind.writes === true && submit.lengthBytes > 0
    const flush = syncsFirst ? LOG_FLUSH_FLAG : 0
    if (changes && event.stable && !this.#mode.noFlush) {
      yield* this.#logBeneath(submit)
      yield {flags: flush | LOG_FUA_FLAG, write: traced, mark: ''}
      return
    }
    if (syncsFirst) yield {flags: flush, write: undefined, mark: ''}
    // Its own data is volatile: it comes ahead of the flush that will cover it.
    if (changes) this.#waiting.push({traced, submit, end: ++this.#ended})
  }

  #logEndedBy(covers: number): Iterable<Entry> {
    const beyond = this.#waiting.findIndex(({end}) => end > covers)
    return this.#log(beyond < 0 ? this.#waiting.length : beyond)
  }

  /** What the write lies on goes to the log first: a replay in the order of the log has to end with the same image. */
  #logBeneath(submit: SubmitEvent): Iterable<Entry> {
    return this.#log(this.#waiting.findLastIndex((waiting) => overlaps(waiting.submit, submit)) + 1)
  }

  *#log(count: number): Generator<Entry> {
    for (const {traced} of this.#waiting.splice(0, count)) yield {flags: 0, write: traced, mark: ''}
  }

  #fitted(name: string): string {
    if (Buffer.byteLength(name) <= MARK_MAX_BYTES) return name
    this.#losses.cutMarks++
    let fitted = ''
    for (const character of name) {
      if (Buffer.byteLength(fitted + character) > MARK_MAX_BYTES) break
      fitted += character
    }
    return fitted
  }
}

function* entryBytes({flags, write, mark}: Entry): Generator<Uint8Array> {
  if (write === undefined) {
    const text = Buffer.from(mark)
    const entry = encodeEntry(
      {sector: 0n, nr_sectors: 0n, flags: BigInt(flags), data_len: BigInt(text.length)},
      SECTOR_BYTES,
    )
    entry.set(text, LOG_ENTRY_BYTES)
    yield entry
    return
  }
  const {event} = write
  invariant(event.kind === 'submit', 'a write is known by its submission')
  const {offsetBytes, lengthBytes} = event
  const change = changeOf(event)
  const discards = change === 'discard' ? LOG_DISCARD_FLAG : 0
  const [sector, nr_sectors] = [BigInt(offsetBytes / SECTOR_BYTES), BigInt(lengthBytes / SECTOR_BYTES)]
  yield encodeEntry({sector, nr_sectors, flags: BigInt(flags | discards), data_len: 0n}, SECTOR_BYTES)
  if (change === 'data') yield dataOfWrite(write)
  if (change === 'zeroes') yield* zeroes(lengthBytes)
}

function changeOf({type, plan}: SubmitEvent): 'data' | 'zeroes' | 'discard' {
  const kind = plan?.kind ?? kindOfType(type)
  if (kind?.name === 'DISCARD') return 'discard'
  return kind?.operands === 'segment' ? 'zeroes' : 'data'
}

function dataOfWrite({event, data}: TracedEvent): Uint8Array {
  if (data !== undefined) return data
  const what = `request ${event.kind === 'submit' ? event.id : '?'} wrote data that the trace does not have`
  throw traceFault({name: 'trace'}, what, 'A log holds the data of every write: record the trace with data.')
}

function* zeroes(lengthBytes: number): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(lengthBytes, PIECE_BYTES))
  for (let left = lengthBytes; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length))
}
