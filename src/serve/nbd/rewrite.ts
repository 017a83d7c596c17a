import type {Memory} from '../../aio/index.js'
import {SECTOR_BYTES} from '../../base/index.js'
import {STATUS_OK} from '../../request/index.js'
import {HEAD_ROOM_BYTES, type Call} from './call.js'

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

/** One step of a rewrite. */
export type RewriteStep =
  | {readonly kind: 'read'; readonly offset: number}
  | {readonly kind: 'write'; readonly offset: number; readonly length: number}

/**
 * A write whose ends are finer than a sector, step by step: the first sector is read where the write begins inside it, the last
 * where it ends inside it, and all of them are written at once. The data of the call keep their place within a sector.
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

  constructor(call: Call, fua: number) {
    this.call = call
    this.fua = fua
    const {offset, length} = call.header
    const {start, end} = alignedOut(call.header)
    const last = end - SECTOR_BYTES
    const reads = new Set<number>()
    if (offset > start) reads.add(start)
    if (offset + length < end) reads.add(last)
    const steps = [...reads].map((sector): RewriteStep => ({kind: 'read', offset: sector}))
    this.#steps = [...steps, {kind: 'write', offset: start, length: end - start}]
  }

  /** The next step, or undefined when it is over, well or not. */
  next(): RewriteStep | undefined {
    this.#running = this.#steps.shift()
    return this.#running
  }

  /** The step has ended. */
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

  /** Puts what was read around the data. */
  #complete(sector: number): void {
    const {call, scratch} = this
    const {offset, length} = call.header
    const {start} = alignedOut(call.header)
    const target = call.memory?.bytes
    if (!target || !scratch) return
    const at = HEAD_ROOM_BYTES + sector - start
    const head = Math.max(0, offset - sector)
    const tail = Math.min(SECTOR_BYTES, Math.max(0, offset + length - sector))
    if (head > 0) target.set(scratch.bytes.subarray(0, head), at)
    if (tail < SECTOR_BYTES) target.set(scratch.bytes.subarray(tail, SECTOR_BYTES), at + tail)
  }
}
