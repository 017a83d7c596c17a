import {FLUSH, IN, kindOfType, OUT, REQUEST_KINDS} from '../request/index.js'
import type {TraceReading} from '../trace/index.js'
import type {Cell} from './cell.js'
import {FENCE_NONE, type RequestStream} from './request-stream.js'

/** fio's word for the file that is replayed. */
export const REPLAYS = 'read_iolog'

/** The requests of a trace in memory, as numbers. */
export interface TraceRequests {
  readonly types: Float64Array
  readonly flags: Uint32Array
  readonly offsets: Float64Array
  readonly lengths: Float64Array
  /** Since the first one. */
  readonly dueNs: Float64Array
  readonly count: number
  /** Requests that cannot be done again, as SCSI commands: a trace has not all of their bytes. */
  readonly left: number
  /** Requests that are neither reads, writes nor flushes: replayed, and in no figure. */
  readonly others: number
  /** The longest data of one request. */
  readonly dataMaxBytes: number
  /** One byte behind the last that a request touches. */
  readonly endBytes: number
  readonly writes: boolean
}

/** Reads which requests a trace has. Their data is not kept: a replay writes other bytes. */
export function traceRequests(reading: TraceReading): TraceRequests {
  const rows: number[] = []
  let [left, others, dataMaxBytes, endBytes, firstNs] = [0, 0, 0, 0, -1]
  let anyWrites = false
  for (const {event} of reading.events) {
    if (event.kind !== 'submit') continue
    const kind = kindOfType(event.type)
    if (kind === undefined || !REQUEST_KINDS.includes(kind) || kind.operands === 'cdb') {
      left++
      continue
    }
    if (firstNs < 0) firstNs = event.atNs
    rows.push(event.type, event.flags, event.offsetBytes, event.lengthBytes, event.atNs - firstNs)
    if (kind !== IN && kind !== OUT && kind !== FLUSH) others++
    if (kind.operands === 'data' || kind.operands === 'id') dataMaxBytes = Math.max(dataMaxBytes, event.lengthBytes)
    endBytes = Math.max(endBytes, event.offsetBytes + event.lengthBytes)
    anyWrites ||= kind.writes
  }
  const count = rows.length / 5
  const column = (which: number): Float64Array => Float64Array.from({length: count}, (_, i) => rows[i * 5 + which] ?? 0)
  return {
    types: column(0),
    flags: Uint32Array.from(column(1)),
    offsets: column(2),
    lengths: column(3),
    dueNs: column(4),
    count,
    left,
    others,
    dataMaxBytes,
    endBytes,
    writes: anyWrites,
  }
}

/** The requests of a trace in the order of their submission, at once or when they were due. */
export class TraceStream implements RequestStream {
  type = 0
  flags = 0
  offsetBytes = 0
  lengthBytes = 0
  readonly fence = FENCE_NONE
  dueNs = 0
  readonly #requests: TraceRequests
  readonly #timed: boolean
  #at = 0

  constructor(requests: TraceRequests, timed: boolean) {
    this.#requests = requests
    this.#timed = timed
  }

  next(): boolean {
    const at = this.#at
    const {types, flags, offsets, lengths, dueNs, count} = this.#requests
    if (at >= count) return false
    this.type = types[at] as number
    this.flags = flags[at] as number
    this.offsetBytes = offsets[at] as number
    this.lengthBytes = lengths[at] as number
    this.dueNs = this.#timed ? (dueNs[at] as number) : 0
    this.#at = at + 1
    return true
  }
}

/**
 * A cell that replays a trace, to its end unless a runtime was asked for: the block size is that of its longest request, everything
 * else is as it was asked for.
 */
export function replayCell(cell: Cell, {dataMaxBytes, endBytes}: TraceRequests, trace: string): Cell {
  const bytes = Math.max(4096, Math.ceil(dataMaxBytes / 4096) * 4096)
  const {rw: _rw, bs: _bs, ...options} = cell.settings.options
  const {name} = cell.settings
  return {
    ...cell,
    settings: {
      ...cell.settings,
      name: name === cell.workload.rw ? 'replay' : name,
      options: {...options, [REPLAYS]: trace},
    },
    workload: {
      ...cell.workload,
      bs: {minBytes: bytes, maxBytes: bytes},
      offsetBytes: 0,
      sizeBytes: Math.max(bytes, endBytes),
      runtimeNs: options['runtime'] === undefined ? undefined : cell.workload.runtimeNs,
    },
  }
}
