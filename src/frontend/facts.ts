import type {Feature} from './feature.js'

/** The front ends users can name. */
export type FrontendName = 'ide' | 'scsi' | 'virtio-blk' | 'xen-blkback'

/** One thing known about a front end, and who says so. */
export interface Fact<Value> {
  readonly value: Value
  /** The mechanism, as a clause that can stand inside a sentence. */
  readonly says: string
  /** A year it is known to hold in. */
  readonly year: number
  readonly source: string
}

/** How a device tells its guest that a completed write may still be volatile. `mode`: it follows the cache mode. */
export type WriteCacheAdvert = 'never' | 'mode' | 'always'

/**
 * What a guest's driver does where order matters. `none`: nothing, requests pass each other. `drain`: it empties its queue
 * first. `drain-flush`: that, and a flush. `tag`: it leaves the order to the device. `wait`: file systems wait for what they
 * depend on before they send the next request.
 */
export type DriverOrder = 'none' | 'drain' | 'drain-flush' | 'tag' | 'wait'

/** Switching the write cache off at run time. `plain`: it makes nothing stable. `flushes`: what was cached is flushed first. */
export type WriteCacheSwitch = 'impossible' | 'plain' | 'flushes'

/** A flush command that carries data. `flush-write`: the cache is emptied, then the data is written, and may stay volatile. */
export type FlushWithData = 'impossible' | 'ignored' | 'flush-write'

/** A device model together with the Linux driver in its guest, as facts. What is safe follows from these and a cache mode. */
export interface FrontendFacts {
  readonly name: FrontendName
  /** The device has a command that empties its cache. */
  readonly flushCommand: Fact<boolean>
  /** When the device advertises a volatile write cache (WCE). A guest that sees none sends no flush. */
  readonly writeCache: Fact<WriteCacheAdvert>
  /** The driver sends the flush command to a device that has it and advertises a write cache. */
  readonly driverFlushes: Fact<boolean>
  /** One write can be made stable by itself. */
  readonly fua: Fact<boolean>
  readonly driverOrder: Fact<DriverOrder>
  /** The device executes ordered tags (or barriers) in order. */
  readonly ordersTags: Fact<boolean>
  /** A guest that did not agree on flushing gets every write stable at its completion. */
  readonly writesThroughUnasked: Fact<boolean>
  /** The virtual CPU stands still until a flush has ended. Costs time, changes no guarantee. */
  readonly flushStallsGuest: Fact<boolean>
  /** What the device offers that bears on integrity, by the names of its protocol. */
  readonly features: Fact<readonly string[]>
  /** What it offers besides: by itself it tells no guest to flush. */
  readonly extras: Fact<readonly string[]>
  /** Which offers the driver makes use of. */
  readonly driverKnows: Fact<readonly string[]>
  readonly writeCacheSwitch: Fact<WriteCacheSwitch>
  readonly flushWithData: Fact<FlushWithData>
  /** The backend uses O_DIRECT only where the toolstack permits it. */
  readonly asksForDirectIo: Fact<boolean>
}

/** One front end: what it was before the repairs of 2009 to 2011, and what it is today. */
export interface Frontend {
  readonly name: FrontendName
  /** What it is, in a few words. */
  readonly title: string
  readonly past: FrontendFacts
  readonly today: FrontendFacts
  /** The driver tells the device which offers it accepts; where it does not, the device cannot know. */
  readonly negotiates: Fact<boolean>
  /** Every feature that can be offered here, in the order of the protocol. */
  readonly vocabulary: readonly Feature[]
  /** The first driver that knew the flush feature, for a guest of the past that accepts it; undefined where all have known it. */
  readonly flushingDriver: Pick<FrontendFacts, 'driverFlushes' | 'driverOrder'> | undefined
}

/** Which fact: its name in FrontendFacts. */
export type FactKey = Exclude<keyof FrontendFacts, 'name'>

/** What people call each fact, in the order tables print them. */
const FACT_TITLES: Readonly<Record<FactKey, string>> = {
  flushCommand: 'flush command',
  writeCache: 'advertises a write cache',
  driverFlushes: 'driver sends flushes',
  fua: 'FUA',
  driverOrder: 'driver keeps order by',
  ordersTags: 'device executes ordered tags',
  writesThroughUnasked: 'writes through for a guest that never agreed to flush',
  flushStallsGuest: 'a flush stalls the guest',
  features: 'offers',
  extras: 'also offers',
  driverKnows: 'driver makes use of',
  writeCacheSwitch: 'switching the write cache off',
  flushWithData: 'a flush with data',
  asksForDirectIo: 'O_DIRECT needs a permission',
}

/** Every fact of a front end. */
export function factRows(facts: FrontendFacts): {key: FactKey; title: string; fact: Fact<unknown>}[] {
  return (Object.keys(FACT_TITLES) as FactKey[]).map((key) => ({key, title: FACT_TITLES[key], fact: facts[key]}))
}

/** The latest year any of these facts is from. */
export function yearOf(facts: FrontendFacts): number {
  return Math.max(...factRows(facts).map(({fact}) => fact.year))
}
