import type {Trace} from '../../src/trace/index.js'
import {FLAG_FUA, FLAG_PREFLUSH} from '../../src/request/index.js'
import type {Atom, DeviceOrder} from '../../src/crash/index.js'

/**
 * The images after a power cut under writeback, straight from the definition and with no regard for speed: every set of atoms
 * between what is durable and what was submitted that is closed under the order of the device; per sector any atom of it that no
 * other one there is ordered behind. For traces of OUT (also with FUA and PREFLUSH), FLUSH and BARRIER that all succeed, with ids in the data.
 */
export function imagesByDefinition(
  trace: Trace,
  point: number,
  rules: {device: DeviceOrder; atom: Atom; sectors: number},
): Set<string> {
  const writes = replay(trace, point)
  const atoms = writes.flatMap((write, queued) =>
    [...new Set(write.sectors.map((sector) => atomOf(sector, rules.atom)))].map((atom) => ({
      write,
      queued,
      sectors: write.sectors.filter((sector) => atomOf(sector, rules.atom) === atom),
    })),
  )
  type OneAtom = (typeof atoms)[number]
  const isOrdered = (a: OneAtom, b: OneAtom): boolean => {
    // A barrier holds for what is durable too: a set that is closed under the order has what lies before it (semantics 8.2).
    if (rules.device === 'epoch' && a.write.epoch < b.write.epoch) return true
    // A FUA write says nothing of earlier writes; in a single queue it goes past them (8.6).
    if (b.write.durable) return false
    if (b.write.flushesFirst && a.write.end < b.write.begin) return true
    switch (rules.device) {
      case 'unordered':
      case 'epoch':
        return false
      case 'fifo':
        return a.queued < b.queued
    }
  }
  const images = new Set<string>()
  for (let subset = 0; subset < 2 ** atoms.length; subset++) {
    const present = atoms.filter((_, i) => (subset >> i) & 1)
    if (atoms.some((atom) => atom.write.durable && !present.includes(atom))) continue
    if (present.some((b) => atoms.some((a) => isOrdered(a, b) && !present.includes(a)))) continue
    let found: number[][] = [[]]
    for (let sector = 0; sector < rules.sectors; sector++) {
      const here = present.filter(({sectors}) => sectors.includes(sector)).map(({write}) => write)
      const top = here.filter((write) => !here.some((other) => write.end < other.begin)).map(({id}) => id)
      found = found.flatMap((image) => (top.length > 0 ? top : [0]).map((id) => [...image, id]))
    }
    for (const image of found) images.add(image.join(' '))
  }
  return images
}

interface Write {
  readonly id: number
  readonly sectors: number[]
  begin: number
  readonly epoch: number
  readonly fua: boolean
  readonly flushesFirst: boolean
  /** Position of its start; Infinity before. */
  issued: number
  end: number
  durable: boolean
}

const TYPE_OUT = 1
const TYPE_FLUSH = 4

/** The writes issued before the point, in the order a device with one queue has them: by completion, then as they were issued. */
function replay({events}: Trace, point: number): Write[] {
  const writes: Write[] = []
  const flushes = new Map<number, number>()
  const barriers = new Set<number>()
  // In a trace without any start each request starts when it is submitted.
  const hasStarts = events.some(({event}) => event.kind === 'start')
  let epoch = 0
  events.slice(0, point).forEach(({event}, now) => {
    if (event.kind === 'submit' && event.type === TYPE_OUT) {
      const first = event.offsetBytes / 512
      const sectors = Array.from({length: event.lengthBytes / 512}, (_, i) => first + i)
      writes.push({
        id: event.id,
        sectors,
        begin: now,
        epoch,
        fua: (event.flags & FLAG_FUA) !== 0,
        flushesFirst: (event.flags & FLAG_PREFLUSH) !== 0,
        issued: hasStarts ? Infinity : now,
        end: Infinity,
        durable: false,
      })
    } else if (event.kind === 'submit' && event.type === TYPE_FLUSH) flushes.set(event.id, now)
    else if (event.kind === 'submit') barriers.add(event.id)
    const write = 'id' in event ? writes.find(({id}) => id === event.id) : undefined
    if (event.kind === 'start') {
      if (write) write.issued = now
      if (write && event.held) Object.assign(write, {begin: now, epoch})
      if (barriers.has(event.id)) epoch++
    }
    if (event.kind !== 'complete') return
    if (write) write.end = now
    if (write?.fua) write.durable = true
    const covers = write?.flushesFirst ? write.begin : flushes.get(event.id)
    if (covers !== undefined) for (const other of writes) if (other.end < covers) other.durable = true
  })
  const isIssued = writes.filter(({issued}) => issued < Infinity)
  return isIssued.toSorted((a, b) => (a.end === b.end ? a.issued - b.issued : a.end - b.end))
}

function atomOf(sector: number, atom: Atom): number {
  switch (atom) {
    case 512:
    case 'torn':
      return sector
    case 4096:
      return Math.floor(sector / 8)
    case 'request':
      return 0
  }
}
