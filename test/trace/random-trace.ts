import fc from 'fast-check'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  kindOfType,
  lower,
  OUT,
  REQUEST_KINDS,
  SCSI_CMD,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
  WISH_KINDS,
  type RequestKind,
} from '../../src/request/index.js'
import {
  endMarks,
  memorySource,
  readTrace,
  TraceRecorder,
  type SubmitEvent,
  type Trace,
  type TracedEvent,
  type TraceReading,
} from '../../src/trace/index.js'

/** The seed of every property in this room, printed by fast-check when one fails. */
export const SEED = 20181010

export const SECTORS = 8
const SECTOR_BYTES = 512

/** The bytes of a trace in the binary format. */
export function recorded({header, before, events}: TraceReading): Uint8Array {
  const pieces: Uint8Array[] = []
  const recorder = new TraceRecorder((bytes) => pieces.push(Uint8Array.from(bytes)), header)
  for (const {offsetBytes, bytes} of before) recorder.before(offsetBytes, bytes)
  for (const {event, data} of events) recorder.event(event, data)
  recorder.close()
  return Buffer.concat(pieces)
}

/** Reads bytes to their end, data and all. */
export function readWhole(bytes: Uint8Array): {readonly reading: TraceReading; readonly events: TracedEvent[]} {
  const reading = readTrace(memorySource(bytes, 'it'))
  return {reading, events: plain(reading.events)}
}

/** Events with their data as plain bytes, so that they can be compared. */
export function plain(events: Iterable<TracedEvent>): TracedEvent[] {
  return Array.from(events, ({event, ...rest}) => {
    const data = 'data' in rest ? rest.data : undefined
    return data === undefined ? {event} : {event, data: Uint8Array.from(data)}
  })
}

interface Draft {
  readonly kind: RequestKind
  readonly sector: number
  readonly sectors: number
  readonly flags: number
  readonly end: number
  readonly held: boolean
  readonly freshness: 'unknown' | 'none' | 'own'
  readonly fill: number
  readonly planned: boolean
}

const draft: fc.Arbitrary<Draft> = fc
  .record({
    kind: fc.oneof(fc.constant(OUT), fc.constantFrom(...REQUEST_KINDS), fc.constantFrom(...WISH_KINDS)),
    sector: fc.nat(SECTORS - 1),
    sectors: fc.integer({min: 1, max: 3}),
    flags: fc.constantFrom(0, 0, FLAG_FUA, FLAG_BARRIER, FLAG_PREFLUSH | FLAG_FUA, FLAG_UNMAP),
    end: fc.constantFrom(STATUS_OK, STATUS_OK, STATUS_OK, STATUS_IOERR, STATUS_UNSUPP, STATUS_CANCELED),
    held: fc.boolean(),
    freshness: fc.constantFrom('unknown', 'none', 'own'),
    fill: fc.nat(255),
    planned: fc.boolean(),
  })
  .map((made) => ({...made, sectors: Math.min(made.sectors, SECTORS - made.sector)}))

const story = fc.record({
  mode: fc.constantFrom(...CACHE_MODES.map(({name}) => name)),
  ordering: fc.constantFrom(...ORDERING_MODES.map(({name}) => name)),
  drafts: fc.array(draft, {minLength: 1, maxLength: 8}),
  moves: fc.array(fc.nat(15), {minLength: 4, maxLength: 40}),
  before: fc.array(fc.tuple(fc.nat(SECTORS - 1), fc.nat(255)), {maxLength: 3}),
  knownBefore: fc.constantFrom('whole', 'touched', 'listed'),
})

/** A trace of a few requests on a few sectors that can have happened: any order, any end, some of them never ended. */
export const anyTrace: fc.Arbitrary<Trace> = story.map(({mode, ordering, drafts, moves, before, knownBefore}) => ({
  header: {sizeBytes: SECTORS * SECTOR_BYTES, mode, ordering, source: 'a test', knownBefore},
  before: before.map(([sector, fill]) => ({
    offsetBytes: sector * SECTOR_BYTES,
    bytes: new Uint8Array(SECTOR_BYTES).fill(fill),
  })),
  events: [...tell(drafts, moves, mode, ordering)],
}))

function* tell(
  drafts: readonly Draft[],
  moves: readonly number[],
  mode: string,
  ordering: string,
): Generator<TracedEvent> {
  const submits: SubmitEvent[] = []
  const steps: number[] = []
  let sync = 0
  for (const [atNs, move] of moves.entries()) {
    const open = steps.flatMap((step, i) => (step < 3 ? [i] : []))
    const next = drafts[submits.length]
    if (move === 15) yield {event: {kind: 'mark', name: `mark ${atNs} "ü"`, line: atNs, atNs}}
    if (move === 14) {
      yield {event: {kind: 'sync-start', sync: ++sync, atNs}}
      yield {event: {kind: 'sync-end', sync, errno: atNs % 2 === 0 ? 0 : 5, atNs: atNs + 0.5}}
    }
    if (next !== undefined && (move % 2 === 0 || open.length === 0)) {
      const traced = submitted(submits.length + 1, next, mode, ordering, atNs)
      yield traced
      submits.push(traced.event as SubmitEvent)
      steps.push(1)
      continue
    }
    const which = open[(move >> 1) % Math.max(1, open.length)]
    const one = which === undefined ? undefined : drafts[which]
    const submit = which === undefined ? undefined : submits[which]
    if (which === undefined || one === undefined || submit === undefined) continue
    if (steps[which] === 1 && one.end !== STATUS_CANCELED) {
      const own = [{offsetBytes: submit.offsetBytes, lengthBytes: submit.lengthBytes}]
      const fresh = one.freshness === 'unknown' ? undefined : one.freshness === 'own' ? own : []
      yield {event: {kind: 'start', id: submit.id, held: one.held, fresh, ...(one.held ? {preSync: true} : {}), atNs}}
      steps[which] = 2
    } else {
      const errno = one.end === STATUS_IOERR ? 28 : 0
      const {id, plan, type, flags} = submit
      const kind = kindOfType(type)
      const done = plan ?? (kind && lower(kind, flags, cacheModeOf(mode), orderingModeOf(ordering)))
      yield {event: {kind: 'complete', id, status: one.end, errno, ...endMarks(done, one.end, errno), atNs}}
      steps[which] = 3
    }
  }
}

function submitted(id: number, one: Draft, mode: string, ordering: string, atNs: number): TracedEvent {
  const {kind, sector, sectors, flags, fill} = one
  const hasRange = ['data', 'segment', 'range'].includes(kind.operands)
  const [offsetBytes, lengthBytes] = hasRange ? [sector * SECTOR_BYTES, sectors * SECTOR_BYTES] : [0, 0]
  const made = lower(kind, flags, cacheModeOf(mode), orderingModeOf(ordering))
  // A command that writes is a kind of its own.
  const plan = kind === SCSI_CMD ? {...made, kind: {...kind, writes: true, step: made.step}} : made
  const event = {kind: 'submit' as const, id, type: kind.type, flags, offsetBytes, lengthBytes, atNs}
  const submit = one.planned ? {...event, plan} : event
  return kind === OUT ? {event: submit, data: dataOf(lengthBytes, fill)} : {event: submit}
}

/** Some uniform, some not. */
function dataOf(lengthBytes: number, fill: number): Uint8Array {
  return Uint8Array.from({length: lengthBytes}, (_, i) => (fill % 2 === 0 ? fill : (fill * (i + 1)) & 0xff))
}
