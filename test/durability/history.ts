import type {Range} from '../../src/base/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {type CrashKind, Ledger} from '../../src/durability/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {REQUEST_KINDS, STATUS_IOERR, WISH_KINDS, type RequestName} from '../../src/request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent, TraceEvent} from '../../src/trace/index.js'

/** The seed of every property in this room, printed by fast-check when one fails. */
export const SEED = 20100615

export function submit(id: number, name: RequestName, sector = 0, sectors = 1, flags = 0): SubmitEvent {
  const kind = [...REQUEST_KINDS, ...WISH_KINDS].find((candidate) => candidate.name === name)
  if (kind === undefined) throw new Error(`no request ${name}`)
  const hasRange = kind.operands === 'data' || kind.operands === 'segment' || kind.operands === 'range'
  const [offsetBytes, lengthBytes] = hasRange ? [sector * 512, sectors * 512] : [0, 0]
  return {kind: 'submit', id, type: kind.type, flags, offsetBytes, lengthBytes, atNs: 0}
}

/** Into allocated blocks, unless told. */
export function start(id: number, held = false, fresh: readonly Range[] | undefined = []): StartEvent {
  return {kind: 'start', id, held, fresh, atNs: 0}
}

export function startUnknown(id: number): StartEvent {
  return {kind: 'start', id, held: false, fresh: undefined, atNs: 0}
}

export function done(id: number, marks: Partial<CompleteEvent> = {}): CompleteEvent {
  return {kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: 0, ...marks}
}

export function failed(id: number): CompleteEvent {
  return done(id, {status: STATUS_IOERR, errno: 5})
}

export function syncStart(sync: number): TraceEvent {
  return {kind: 'sync-start', sync, atNs: 0}
}

export function syncEnd(sync: number, errno = 0): TraceEvent {
  return {kind: 'sync-end', sync, errno, atNs: 0}
}

/** An OUT that has come and gone before the next event. */
export function out(id: number, sector = 0, sectors = 1): TraceEvent[] {
  return [submit(id, 'OUT', sector, sectors), start(id), done(id)]
}

/** A FLUSH that has come and gone before the next event. */
export function flush(id: number): TraceEvent[] {
  return [submit(id, 'FLUSH'), start(id), done(id)]
}

export function ledgerOf(mode: string, events: readonly TraceEvent[], ordering = 'drain'): Ledger {
  const ledger = new Ledger(cacheModeOf(mode), orderingModeOf(ordering))
  for (const event of events) ledger.observe(event)
  return ledger
}

/** What each of the first sectors may hold. */
export function sectorsAfter(ledger: Ledger, kind: CrashKind, sectors: number): number[][] {
  return Array.from({length: sectors}, (_, sector) => ledger.candidates(kind, sector))
}
