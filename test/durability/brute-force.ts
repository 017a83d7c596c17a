import type {CacheMode} from '../../src/cache-mode/index.js'
import {DISK, type CrashKind, type Medium} from '../../src/durability/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_PREFLUSH, kindOfType} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'

/**
 * The crash model written down a second time, straight from its definition and with no regard for speed: replay the log, name
 * the atoms that must be there (Dur) and those that may be there (Sub), and look at every set in between that is closed under the
 * order of persistence (ord). Shares nothing with the ledger but the table of request types.
 */
export interface Model {
  /** Every image as a text of writer ids, one per sector. */
  readonly images: ReadonlySet<string>
  /** Per sector, the writes guaranteed to survive. */
  readonly durable: readonly (readonly number[])[]
}

interface Write {
  id: number
  sectors: number[]
  begin: number
  started: number
  end: number
  state: 'in flight' | 'done' | 'failed' | 'void'
  stable: boolean
  tainted: boolean
  /** A sync comes before its data. */
  syncsFirst: boolean
}

interface Request {
  readonly id: number
  begin: number
  started: number
  end: number
  write: Write | undefined
  drains: boolean
  tagged: boolean
  /** It changes the allocation of what it writes to. */
  unmaps: boolean
  /** Its own data is stable when it ends. */
  endsStable: boolean
  syncsFirst: boolean
  syncsAtAll: boolean
}

interface Fresh {
  owner: Write
  since: number
  from: number
  to: number
}

interface Replay {
  writes: Write[]
  fresh: Fresh[]
  requests: Map<number, Request>
}

function replay(events: readonly TraceEvent[], mode: CacheMode, ordering: OrderingMode, medium: Medium): Replay {
  const writes: Write[] = []
  const fresh: Fresh[] = []
  const requests = new Map<number, Request>()
  const syncFailures: number[] = []
  const tags: {id: number; end: number}[] = []
  const taint = (now: number): void => {
    for (const write of writes) {
      const issued = write.started < now && (write.state === 'in flight' || write.state === 'done')
      if (issued && !write.stable) write.tainted = true
    }
  }
  events.forEach((event, now) => {
    if (event.kind === 'sync-end' && event.errno !== 0 && !mode.noFlush) {
      taint(now)
      syncFailures.push(now)
    }
    if (event.kind === 'submit') {
      const kind = kindOfType(event.type)
      if (kind === undefined) return
      const barrier = (event.flags & FLAG_BARRIER) !== 0
      const refused = barrier && !ordering.drains && !ordering.tags
      const flushingBarrier = barrier && ordering.preFlush && kind.operands !== 'none'
      const preflush = (event.flags & FLAG_PREFLUSH) !== 0 && kind.writes && !mode.dsync
      const syncsFirst = (kind.flushes || flushingBarrier || preflush) && !refused && !mode.noFlush
      const write: Write | undefined = kind.writes
        ? {
            id: event.id,
            sectors: Array.from({length: event.lengthBytes / 512}, (_, i) => event.offsetBytes / 512 + i),
            begin: now,
            started: Infinity,
            end: Infinity,
            state: 'in flight',
            stable: false,
            tainted: false,
            syncsFirst,
          }
        : undefined
      if (write) writes.push(write)
      const syncsItself = kind.writes && (mode.dsync || (event.flags & FLAG_FUA) !== 0) && !mode.noFlush
      const tagged = barrier && ordering.tags && (kind.flushes || kind.operands !== 'id')
      requests.set(event.id, {
        id: event.id,
        begin: now,
        started: Infinity,
        end: Infinity,
        write,
        drains: barrier && (ordering.drains || (ordering.tags && !tagged)),
        tagged,
        unmaps: kind.operands === 'segment',
        endsStable: syncsItself || (barrier && ordering.postFlush !== 'none' && !mode.noFlush),
        syncsFirst,
        syncsAtAll: syncsFirst || syncsItself,
      })
    }
    if (event.kind === 'start') {
      const request = requests.get(event.id)
      if (request === undefined) return
      request.started = now
      if (event.held) request.begin = now
      const {write} = request
      if (write === undefined) return
      write.started = now
      write.begin = request.begin
      for (const range of event.fresh ?? [
        {offsetBytes: (write.sectors[0] ?? 0) * 512, lengthBytes: write.sectors.length * 512},
      ]) {
        fresh.push({owner: write, since: now, from: range.offsetBytes, to: range.offsetBytes + range.lengthBytes})
      }
      for (const {id, end, unmaps, write: ahead} of requests.values()) {
        // What a tag keeps ahead comes to the blocks after the host was asked about them, and before this write.
        const isAhead = [...requests.values()].some(
          (tag) => tag.tagged && tag.id >= id && tag.id <= event.id && tag.end === Infinity,
        )
        if (id >= event.id || end < Infinity || !unmaps || !isAhead) continue
        for (const sector of ahead?.sectors ?? [])
          fresh.push({owner: write, since: now, from: sector * 512, to: (sector + 1) * 512})
      }
    }
    if (event.kind === 'complete') {
      const request = requests.get(event.id)
      if (request === undefined) return
      const {write} = request
      request.end = now
      const ok = event.status === 0
      const lookedAt = request.started < now && event.status !== 2
      if (write) write.begin = Math.max(write.begin, behindTag(tags, event.id))
      if (request.tagged && request.started < now) {
        request.begin = now
        if (write) write.begin = now
        tags.push({id: event.id, end: now})
      }
      if (write) {
        write.end = now
        write.state = ok ? 'done' : lookedAt ? 'failed' : 'void'
      }
      if (ok && request.syncsFirst) {
        for (const other of writes) {
          if (other.state === 'done' && other.end < request.begin && !other.tainted) other.stable = true
        }
      }
      if (ok && write && event.stable && !mode.noFlush) {
        write.stable = true
        // On the medium means: with everything that its barriers keep before it. No failure to come can change that.
        for (const other of writes) {
          const isBehind = [...requests.values()].some((barrier) => isOrderedByEpoch(other, write, barrier))
          if (medium.kind === 'disk' && medium.keepsEpochs && isBehind && other.state === 'done' && !other.tainted)
            other.stable = true
        }
      }
      const hostSaidSo = syncFailures.some((failure) => failure > request.started)
      if (!ok && lookedAt && request.syncsAtAll && !hostSaidSo) taint(now)
    }
  })
  for (const write of writes)
    if (write.state === 'in flight') write.begin = Math.max(write.begin, behindTag(tags, write.id))
  return {writes, fresh, requests}
}

/** The device executes a tagged barrier behind all that ended before it did, and all that was sent later behind its end. */
function behindTag(tags: readonly {id: number; end: number}[], id: number): number {
  const tag = tags.findLast((one) => one.id < id)
  return tag ? tag.end + 0.5 : 0
}

/** What decides about order of persistence, beside the requests. */
interface Setting {
  readonly mode: CacheMode
  readonly kind: CrashKind
  readonly medium: Medium
}

/**
 * a ord b: b is on the medium (or, when only the process dies, in the host's memory) only if a is (semantics 8.2 and 8.6). A write
 * that failed, or that a failed sync left in doubt, is ordered with nothing. A barrier orders what has started: the rest is nowhere yet.
 */
function isOrdered(a: Write, b: Write, {requests, fresh}: Replay, setting: Setting): boolean {
  const {kind, medium} = setting
  if (a === b || isUncertain(a) || isUncertain(b)) return false
  // PREFLUSH+FUA and the like: what the flush covers, before the own data.
  const own = requests.get(b.id)
  const waits = b.state === 'in flight' && b.syncsFirst && own !== undefined && !own.tagged
  if (waits && kind !== 'processKill' && a.end < own.begin) return true
  if (a.started === Infinity || b.started === Infinity) return false
  return [...requests.values()].some(
    (barrier) =>
      barrier.started < Infinity &&
      (isOrderedByTag(a, b, barrier, sparesExecuted(a, fresh, setting)) ||
        (keepsEpochs(medium, kind) && isOrderedByEpoch(a, b, barrier))),
  )
}

/** A write that must or may be there, whatever else is. */
function isUncertain({state, tainted}: Write): boolean {
  return state === 'failed' || state === 'void' || (state === 'done' && tainted)
}

/** An ordered tag in flight: everything before it, then its own data, then everything behind it. */
function isOrderedByTag(a: Write, b: Write, tag: Request, asExecuted: boolean): boolean {
  if (!tag.tagged || tag.end < Infinity || b.state !== 'in flight') return false
  const {write} = tag
  const isBefore = a.id < tag.id && (b === write || b.id > tag.id)
  const isBehind = a === write && b.id > tag.id
  if (isBefore) return asExecuted ? a.state === 'in flight' || tag.syncsFirst : tag.syncsFirst
  return isBehind && (asExecuted || tag.endsStable)
}

/**
 * What is executed in order is in order in the host's memory, which a process kill spares; in the drive, which an OS crash spares,
 * for writes past the page cache whose blocks all have their storage; and on a device without a cache also on the medium.
 */
function sparesExecuted(write: Write, fresh: readonly Fresh[], {mode, kind, medium}: Setting): boolean {
  if (kind === 'processKill' || (mode.direct && mode.dsync && !mode.noFlush)) return true
  if (kind !== 'osCrash' || !mode.direct || mode.noFlush || keepsEpochs(medium, kind)) return false
  return !write.sectors.some((sector) => isFresh(sector, fresh))
}

function isFresh(sector: number, fresh: readonly Fresh[], before = Infinity): boolean {
  return fresh.some(
    ({owner, since, from, to}) =>
      !owner.stable && owner.state !== 'void' && since < before && from < (sector + 1) * 512 && to > sector * 512,
  )
}

function keepsEpochs(medium: Medium, kind: CrashKind): boolean {
  return medium.kind === 'disk' && medium.keepsEpochs && kind !== 'processKill'
}

/** An order-only cache barrier: all earlier ord all later, whatever has ended. */
function isOrderedByEpoch(a: Write, b: Write, barrier: Request): boolean {
  if ((!barrier.drains && !barrier.tagged) || barrier.started === Infinity) return false
  if (a === barrier.write) return b.started > barrier.started
  return a.started < barrier.started && b.started >= barrier.started
}

function survives(write: Write, sector: number, all: Replay, {mode, kind, medium}: Setting): boolean {
  if (write.state !== 'done') return false
  if (write.stable) return true
  if (write.tainted) return false
  if (kind === 'processKill') return true
  if (kind === 'powerLoss' || mode.noFlush || !mode.direct || keepsEpochs(medium, kind)) return false
  return !isFresh(sector, all.fresh, write.end)
}

const isBefore = (a: Write, b: Write): boolean => a.end < b.begin

/** Atoms as the set of those in an image; Dur is closed under ord as every image is. */
interface Atom {
  readonly write: Write
  readonly sector: number
  must: boolean
}

function atomsOf(all: Replay, setting: Setting, befores: ReadonlyMap<Write, readonly Write[]>): Atom[] {
  const atoms = all.writes
    .filter((write) => write.state !== 'void')
    .flatMap((write) => write.sectors.map((sector) => ({write, sector, must: survives(write, sector, all, setting)})))
  for (let more = true; more;) {
    const needed = new Set(atoms.flatMap(({write, must}) => (must ? (befores.get(write) ?? []) : [])))
    const added = atoms.filter((atom) => !atom.must && needed.has(atom.write))
    for (const atom of added) atom.must = true
    more = added.length > 0
  }
  return atoms
}

/** All images that may be found after a crash at the end of the events. */
export function bruteForce(
  events: readonly TraceEvent[],
  mode: CacheMode,
  ordering: OrderingMode,
  kind: CrashKind,
  sectors: number,
  medium: Medium = DISK,
): Model {
  const all = replay(events, mode, ordering, medium)
  const setting = {mode, kind, medium}
  const befores = new Map(all.writes.map((b) => [b, all.writes.filter((a) => isOrdered(a, b, all, setting))] as const))
  const atoms = atomsOf(all, setting, befores)
  const optional = atoms.filter(({must}) => !must)
  const images = new Set<string>()
  for (let subset = 0; subset < 2 ** optional.length; subset++) {
    const present = new Set(atoms.filter((atom) => atom.must || (subset >> optional.indexOf(atom)) & 1))
    const missing = new Set(optional.filter((atom) => !present.has(atom)).map(({write}) => write))
    const isClosed = [...present].every(({write}) => !befores.get(write)?.some((before) => missing.has(before)))
    if (isClosed) addImages(images, [...present], sectors)
  }
  const durable = Array.from({length: sectors}, (_, sector) =>
    atoms.filter((atom) => atom.must && atom.sector === sector).map(({write}) => write.id),
  )
  return {images, durable}
}

/** What a set of atoms looks like: on each sector any of those that no other is ordered after. */
function addImages(images: Set<string>, present: readonly Atom[], sectors: number): void {
  let found: number[][] = [[]]
  for (let sector = 0; sector < sectors; sector++) {
    const here = present.filter((atom) => atom.sector === sector).map(({write}) => write)
    const top = here.filter((write) => !here.some((other) => isBefore(write, other))).map(({id}) => id)
    found = found.flatMap((image) => (top.length > 0 ? top : [0]).map((id) => [...image, id]))
  }
  for (const image of found) images.add(image.join(' '))
}
