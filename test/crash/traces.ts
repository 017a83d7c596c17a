import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_PREFLUSH,
  REQUEST_KINDS,
  WISH_KINDS,
  type RequestName,
} from '../../src/request/index.js'
import type {CompleteEvent, Trace, TracedEvent, TraceHeader} from '../../src/trace/index.js'
import type {Range} from '../../src/base/index.js'

export const FUA = FLAG_FUA
export const PREFLUSH_FUA = FLAG_PREFLUSH | FLAG_FUA
export const BARRIER = FLAG_BARRIER

const SIZE_BYTES = 1 << 20

/** A sector full of one byte. */
export function filled(byte: number, sectors = 1): Uint8Array {
  return new Uint8Array(sectors * 512).fill(byte)
}

/** Writes a trace, one call an event; ids count from 1. Writes carry their id in every byte unless told. */
export class TraceWriter {
  readonly events: TracedEvent[] = []
  readonly #before: {offsetBytes: number; bytes: Uint8Array}[] = []
  #id = 0

  before(sector: number, bytes: Uint8Array): this {
    this.#before.push({offsetBytes: sector * 512, bytes})
    return this
  }

  submit(name: RequestName, sector = 0, sectors = 1, flags = 0, data?: Uint8Array): number {
    const kind = [...REQUEST_KINDS, ...WISH_KINDS].find((candidate) => candidate.name === name)
    if (kind === undefined) throw new Error(`no request ${name}`)
    const id = ++this.#id
    const hasRange = kind.operands === 'data' || kind.operands === 'segment'
    const [offsetBytes, lengthBytes] = hasRange ? [sector * 512, sectors * 512] : [0, 0]
    const carried = kind.operands === 'data' && kind.writes ? {data: data ?? filled(id, sectors)} : {}
    this.events.push({
      event: {kind: 'submit', id, type: kind.type, flags, offsetBytes, lengthBytes, atNs: 0},
      ...carried,
    })
    return id
  }

  start(id: number, fresh: readonly Range[] = [], held = false): this {
    this.events.push({event: {kind: 'start', id, held, fresh, atNs: 0}})
    return this
  }

  complete(id: number, more: Partial<CompleteEvent> = {}): this {
    const event = {kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: 0, ...more} as const
    this.events.push({event})
    return this
  }

  mark(name: string): this {
    this.events.push({event: {kind: 'mark', name, line: 1, atNs: 0}})
    return this
  }

  /** A write that is issued and not completed. */
  flying(sector: number, sectors = 1, flags = 0, data?: Uint8Array): number {
    const id = this.submit('OUT', sector, sectors, flags, data)
    this.start(id)
    return id
  }

  /** A write that has completed. */
  out(sector: number, data?: Uint8Array, flags = 0): number {
    const id = this.flying(sector, (data?.length ?? 512) / 512, flags, data)
    this.complete(id)
    return id
  }

  /** Any other request that has completed. */
  done(name: RequestName, flags = 0, sector = 0, sectors = 1): number {
    const id = this.submit(name, sector, sectors, flags)
    this.start(id).complete(id)
    return id
  }

  flush(): number {
    return this.done('FLUSH')
  }

  trace(header: Partial<TraceHeader> = {}): Trace {
    return {
      header: {
        ...{sizeBytes: SIZE_BYTES, mode: 'writeback', ordering: 'drain', source: 'test', knownBefore: 'whole'},
        ...header,
      },
      before: this.#before,
      events: this.events,
    }
  }
}
