import type {CacheMode} from '../../src/cache-mode/index.js'
import type {CrashKind} from '../../src/durability/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, kindOfType} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'

/**
 * The crash model written down a second time, straight from its definition and with no regard for speed: replay the log, name
 * the atoms that must be there (Dur) and those that may be there (Sub), and look at every set in between. Shares nothing with
 * the ledger but the table of request types.
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
}

interface Request {
  begin: number
  started: number
  write: Write | undefined
  tagged: boolean
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
}

function replay(events: readonly TraceEvent[], mode: CacheMode, ordering: OrderingMode): Replay {
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
      const flushingBarrier = (event.flags & FLAG_BARRIER) !== 0 && ordering.preFlush && kind.operands !== 'none'
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
          }
        : undefined
      if (write) writes.push(write)
      const syncsFirst = (kind.flushes || flushingBarrier) && !mode.noFlush
      const syncsItself = kind.writes && (mode.dsync || (event.flags & FLAG_FUA) !== 0) && !mode.noFlush
      const tagged = (event.flags & FLAG_BARRIER) !== 0 && ordering.tags && (kind.flushes || kind.operands !== 'id')
      const syncsAtAll = syncsFirst || syncsItself
      requests.set(event.id, {begin: now, started: Infinity, write, tagged, syncsFirst, syncsAtAll})
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
    }
    if (event.kind === 'complete') {
      const request = requests.get(event.id)
      if (request === undefined) return
      const {write} = request
      const ok = event.status === 0
      const lookedAt = request.started < now && event.status !== 2
      // The device executes a tagged barrier behind all that ended before it did, and all that was sent later behind its end.
      const tag = tags.findLast(({id}) => id < event.id)
      if (write && tag) write.begin = Math.max(write.begin, tag.end + 0.5)
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
      if (ok && write && event.stable && !mode.noFlush) write.stable = true
      const hostSaidSo = syncFailures.some((failure) => failure > request.started)
      if (!ok && lookedAt && request.syncsAtAll && !hostSaidSo) taint(now)
    }
  })
  return {writes, fresh}
}

function survives(write: Write, sector: number, all: Replay, mode: CacheMode, kind: CrashKind): boolean {
  if (write.state !== 'done') return false
  if (write.stable) return true
  if (write.tainted) return false
  if (kind === 'processKill') return true
  if (kind === 'powerLoss' || mode.noFlush || !mode.direct) return false
  return !all.fresh.some(
    ({owner, since, from, to}) =>
      !owner.stable && owner.state !== 'void' && since < write.end && from < (sector + 1) * 512 && to > sector * 512,
  )
}

const isBefore = (a: Write, b: Write): boolean => a.end < b.begin

/** All images that may be found after a crash at the end of the events. */
export function bruteForce(
  events: readonly TraceEvent[],
  mode: CacheMode,
  ordering: OrderingMode,
  kind: CrashKind,
  sectors: number,
): Model {
  const all = replay(events, mode, ordering)
  const atoms = all.writes
    .filter((write) => write.state !== 'void')
    .flatMap((write) =>
      write.sectors.map((sector) => ({write, sector, must: survives(write, sector, all, mode, kind)})),
    )
  const optional = atoms.filter(({must}) => !must)
  const images = new Set<string>()
  for (let subset = 0; subset < 2 ** optional.length; subset++) {
    const present = atoms.filter((atom) => atom.must || (subset >> optional.indexOf(atom)) & 1)
    let found: number[][] = [[]]
    for (let sector = 0; sector < sectors; sector++) {
      const here = present.filter((atom) => atom.sector === sector).map(({write}) => write)
      const top = here.filter((write) => !here.some((other) => isBefore(write, other))).map(({id}) => id)
      found = found.flatMap((image) => (top.length > 0 ? top : [0]).map((id) => [...image, id]))
    }
    for (const image of found) images.add(image.join(' '))
  }
  const durable = Array.from({length: sectors}, (_, sector) =>
    atoms.filter((atom) => atom.must && atom.sector === sector).map(({write}) => write.id),
  )
  return {images, durable}
}
