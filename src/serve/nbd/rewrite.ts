import type {Memory} from '../../aio/index.js'
import {SECTOR_BYTES} from '../../base/index.js'
import {STATUS_OK} from '../../request/index.js'
import {HEAD_ROOM_BYTES, type Call} from './call.js'
import {NBD_CMD_WRITE} from './protocol.js'

/** Bytes of an export. */
export interface Span {
  readonly offset: number
  readonly length: number
}

export function isAligned({offset, length}: Span): boolean {
  return offset % SECTOR_BYTES === 0 && length % SECTOR_BYTES === 0
}

/** The sectors a span touches. */
export function alignedOut({offset, length}: Span): {readonly start: number; readonly end: number} {
  const end = Math.ceil((offset + length) / SECTOR_BYTES) * SECTOR_BYTES
  return {start: Math.floor(offset / SECTOR_BYTES) * SECTOR_BYTES, end}
}

/** The sectors a span covers; end is not above start when there are none. */
export function alignedIn({offset, length}: Span): {readonly start: number; readonly end: number} {
  const start = Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES
  return {start, end: Math.floor((offset + length) / SECTOR_BYTES) * SECTOR_BYTES}
}

/** One step of a rewrite: a sector is read into its scratch, and written from there, or all sectors are from the memory of the call. */
export type RewriteStep =
  | {readonly kind: 'read' | 'write back'; readonly offset: number}
  | {readonly kind: 'write' | 'zero'; readonly offset: number; readonly length: number}

/**
 * A write whose ends are finer than a sector, step by step: the first sector is read where the write begins inside it, the last
 * where it ends inside it, and all of them are written at once. The data of the call keep their place within a sector. Zeroes have no
 * memory: each of the sectors at their ends is written by itself, what is between them is zeroed.
 */
export class Rewrite {
  readonly call: Call
  readonly fua: number
  /** What a sector is read into. */
  scratch: Memory | undefined
  status = STATUS_OK
  errno = 0
  /** Of its steps, which come one after the other. */
  latencyNs = 0
  #steps: RewriteStep[]
  #running: RewriteStep | undefined

  /** @param zeroesMost zeroes at a time, in whole sectors */
  constructor(call: Call, fua: number, zeroesMost: number) {
    this.call = call
    this.fua = fua
    const edges = edgesOf(call.header)
    if (call.header.type === NBD_CMD_WRITE) {
      const {start, end} = alignedOut(call.header)
      this.#steps = [...edges.map(readOf), {kind: 'write', offset: start, length: end - start}]
      return
    }
    this.#steps = edges.flatMap((offset) => [readOf(offset), {kind: 'write back', offset}])
    const {start, end} = alignedIn(call.header)
    for (let at = start; at < end; at += zeroesMost) {
      this.#steps.push({kind: 'zero', offset: at, length: Math.min(zeroesMost, end - at)})
    }
  }

  /** The next step, or undefined when it is over, well or not. */
  next(): RewriteStep | undefined {
    this.#running = this.#steps.shift()
    return this.#running
  }

  /** The step has ended, or could not begin. */
  ended(status: number, errno: number, latencyNs: number): void {
    this.latencyNs += latencyNs
    if (status !== STATUS_OK) {
      this.status = status
      this.errno = errno
      this.#steps = []
    } else if (this.#running?.kind === 'read') {
      this.#complete(this.#running.offset)
    }
  }

  /** Puts the data into what was read, or what was read around the data. */
  #complete(sector: number): void {
    const {call, scratch} = this
    const {offset, length} = call.header
    const head = Math.max(0, offset - sector)
    const tail = Math.min(SECTOR_BYTES, Math.max(0, offset + length - sector))
    if (!scratch) return
    if (!call.memory) {
      scratch.bytes.fill(0, head, tail)
      return
    }
    const at = HEAD_ROOM_BYTES + sector - alignedOut(call.header).start
    if (head > 0) call.memory.bytes.set(scratch.bytes.subarray(0, head), at)
    if (tail < SECTOR_BYTES) call.memory.bytes.set(scratch.bytes.subarray(tail, SECTOR_BYTES), at + tail)
  }
}

/** The sectors of a span of which it covers a part. */
function edgesOf(span: Span): number[] {
  const {start, end} = alignedOut(span)
  const edges = new Set<number>()
  if (span.offset > start) edges.add(start)
  if (span.offset + span.length < end) edges.add(end - SECTOR_BYTES)
  return [...edges]
}

function readOf(offset: number): RewriteStep {
  return {kind: 'read', offset}
}
