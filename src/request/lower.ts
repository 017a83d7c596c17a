import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {STEP_NONE, type RequestKind, type StepOp} from './kind.js'
import {plainLink, type Link} from './link.js'
import {BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK} from './wish.js'

/** Modifiers of a request, as bits. */
export const FLAG_FUA = 1
/** A barrier of the guest's block layer: what it costs is the choice of the ordering mode. */
export const FLAG_BARRIER = 2
/** What had completed before this was submitted is stable before its own data is written. */
export const FLAG_PREFLUSH = 4
/** The BARRIER bit of the request type, as a legacy driver sets it: a matter of the device. */
export const FLAG_BARRIER_BIT = 8

/** Above those: what belongs to one kind of operands. For a segment, its flags as they are on the wire. */
export const OPERAND_FLAGS_SHIFT = 4
/** The segment's unmap flag, for kinds that have one. */
export const FLAG_UNMAP = 1 << OPERAND_FLAGS_SHIFT
/** Of FSYNC_RANGE: make the range stable. */
export const RANGE_SYNC = 1 << OPERAND_FLAGS_SHIFT
/** With all metadata of the file, not only what reading the data needs. */
export const RANGE_ALL = 2 << OPERAND_FLAGS_SHIFT
/** What was written before reaches the medium before what is written to the range from now on. */
export const RANGE_BEFORE = 4 << OPERAND_FLAGS_SHIFT
/** What was written to the range before reaches the medium before what is written from now on. Both: both are about the range. */
export const RANGE_AFTER = 8 << OPERAND_FLAGS_SHIFT
/** Of SET_WRITEBACK: on. */
export const FLAG_ON = 1 << OPERAND_FLAGS_SHIFT

/** Flags above these change no plan. */
export const FLAG_COMBINATIONS = 16 << OPERAND_FLAGS_SHIFT

/**
 * The steps of one request, in this order: wait or drain, sync, data, sync. Computed once per (kind, flags); the hot path only
 * looks it up.
 */
export interface Plan {
  readonly kind: RequestKind
  /** Wait until nothing is in flight, then hold everything behind until this request ends. */
  readonly drains: boolean
  /** Every step goes to the device at once, as an ordered tag: the device keeps what is before and behind it apart. */
  readonly tags: boolean
  /** Wait until the writes accepted before have ended, well or not; hold nothing behind. */
  readonly awaitsWrites: boolean
  readonly preSync: boolean
  /** The sync takes all metadata along (fsync, not fdatasync). */
  readonly syncsAll: boolean
  readonly step: StepOp
  /** The write step itself returns only when its data is stable (RWF_DSYNC, or a descriptor opened with O_DSYNC). */
  readonly dsync: boolean
  readonly postSync: boolean
  /** The request asks for stability that this mode ignores (unsafe). */
  readonly ignoresSync: boolean
  /** A write with FUA, whatever becomes of it. */
  readonly fua: boolean
  /** Nothing runs: the driver has no barriers, the device no such switch. UNSUPP. */
  readonly refused: boolean
  /** It is answered OK, and a flush it wishes for is not sent: what is in the device's cache stays there. */
  readonly unsent: boolean
  /** Flush commands the device gets for it. */
  readonly flushCommands: number
}

/**
 * Lowers a request to steps: what FLUSH, FUA, PREFLUSH, BARRIER and fsync cost under a cache mode, an ordering mode and what driver
 * and device have agreed on. Where every write is stable at completion no write needs a sync, but a change of allocation does
 * (fallocate is not a write). Under a mode that ignores flushes every sync disappears.
 *
 * Sources: semantics 5.2 (step sequences), 5.4 (PREFLUSH and FUA by policy: without a write cache both are removed), 1.8 and 3.7.
 */
export function lower(
  kind: RequestKind,
  flags: number,
  mode: CacheMode,
  ordering: OrderingMode,
  link: Link = plainLink(mode, ordering),
): Plan {
  const wishes = wishesOf(kind, flags, ordering, link)
  const mayHold = asksToFlush(link) && !mode.dsync
  const neverStable = mode.noFlush || (mayHold && !link.driverFlushes)
  if (wishes.refused || (kind === NOTIFY && neverStable)) return {...NOTHING, kind, refused: true}
  const step = (flags & FLAG_UNMAP) !== 0 && kind.unmapStep !== undefined ? kind.unmapStep : kind.step
  const isWriteStep = kind.operands === 'data' && kind.writes
  const sent = link.driverFlushes
  const barrierCommand = wishes.deviceSync && kind.writes
  const stableByItself =
    kind.writes && (mode.dsync || !link.writeCache || barrierCommand || (wishes.fua && sent && link.fua))
  const flushBehind = sent && (wishes.postFlush || (wishes.fua && !link.fua && link.seesCache))
  const preSync = kind.flushes || (wishes.preFlush && sent) || wishes.deviceSync
  const postSync = (stableByItself && !isWriteStep) || flushBehind
  const asksMore = wishes.orders || (kind.writes && (wishes.fua || barrierCommand || (!link.writeCache && !mode.dsync)))
  // Where no step is left to carry the tag, nothing would keep the order: the queue is drained instead.
  const carriesTag = step !== STEP_NONE || ((preSync || postSync) && !mode.noFlush)
  return {
    kind,
    drains: wishes.drains || (wishes.tags && !carriesTag),
    tags: wishes.tags && carriesTag,
    awaitsWrites: kind === FSYNC || kind === NOTIFY || (kind === FSYNC_RANGE && (flags & RANGE_SYNC) !== 0),
    preSync: preSync && !mode.noFlush,
    syncsAll: kind === FSYNC_RANGE && (flags & RANGE_ALL) !== 0,
    step,
    dsync: stableByItself && isWriteStep && !mode.noFlush,
    postSync: postSync && !mode.noFlush,
    ignoresSync: mode.noFlush && (preSync || postSync || asksMore),
    fua: kind.writes && (flags & FLAG_FUA) !== 0,
    refused: false,
    unsent:
      mayHold && (wishes.unsent || (!sent && (wishes.preFlush || wishes.postFlush || wishes.fua || wishes.orders))),
    flushCommands: (kind.flushes ? 1 : 0) + (!kind.flushes && wishes.preFlush && sent ? 1 : 0) + (flushBehind ? 1 : 0),
  }
}

/** There is something to flush, for all that the device or its guest knows; under a mode that syncs each write there is not. */
function asksToFlush({writeCache, seesCache}: Link): boolean {
  return writeCache || seesCache
}

const NOTHING: Omit<Plan, 'kind'> = {
  drains: false,
  tags: false,
  awaitsWrites: false,
  preSync: false,
  syncsAll: false,
  step: STEP_NONE,
  dsync: false,
  postSync: false,
  ignoresSync: false,
  fua: false,
  refused: false,
  unsent: false,
  flushCommands: 0,
}

/** What is asked for, before anybody decides whether it is sent. */
interface Wishes {
  readonly drains: boolean
  readonly tags: boolean
  readonly preFlush: boolean
  readonly postFlush: boolean
  readonly fua: boolean
  readonly refused: boolean
  /** Whoever asked believes in a flush that no step of the sequence is. */
  readonly unsent: boolean
  /** The device syncs first without being sent a flush command. */
  readonly deviceSync: boolean
  /** Order on the medium between ranges: a flush between the writes, once there are later ones. */
  readonly orders: boolean
}

const NO_WISHES: Wishes = {
  drains: false,
  tags: false,
  preFlush: false,
  postFlush: false,
  fua: false,
  refused: false,
  unsent: false,
  deviceSync: false,
  orders: false,
}

function wishesOf(kind: RequestKind, flags: number, ordering: OrderingMode, link: Link): Wishes {
  switch (kind) {
    case BARRIER:
      return emptyBarrier(ordering)
    case FSYNC:
      // A driver without barriers that knows a flush sends that.
      if (link.fsync === 'flush' || (!ordering.drains && !ordering.tags && link.driverFlushes)) {
        return {...NO_WISHES, preFlush: asksToFlush(link)}
      }
      // Nobody tells the application that the driver has no barriers.
      return {...emptyBarrier(ordering), refused: false, unsent: !ordering.preFlush}
    case FSYNC_RANGE:
      return {
        ...NO_WISHES,
        preFlush: (flags & RANGE_SYNC) !== 0 && asksToFlush(link),
        orders: (flags & (RANGE_BEFORE | RANGE_AFTER)) !== 0,
      }
    case NOTIFY:
      return NO_WISHES
    case SET_WRITEBACK: {
      const flushes = link.writeCacheSwitch === 'flushes' && (flags & FLAG_ON) === 0
      return {...NO_WISHES, drains: flushes, deviceSync: flushes, refused: link.writeCacheSwitch === 'impossible'}
    }
    default:
      return wishesOfCommand(kind, flags, ordering, link)
  }
}

/**
 * An empty barrier: the data step and the flush behind it are left out, the flush before it stays where the mode has one. Under `tag`
 * no step is left to carry the request, so it falls back to a drain and nothing is sent.
 */
function emptyBarrier(ordering: OrderingMode): Wishes {
  const tags = ordering.tags && ordering.preFlush
  return {
    ...NO_WISHES,
    drains: ordering.drains || (ordering.tags && !tags),
    tags,
    preFlush: ordering.preFlush,
    refused: !ordering.drains && !ordering.tags,
    unsent: ordering.tags && !ordering.preFlush,
  }
}

function wishesOfCommand(kind: RequestKind, flags: number, ordering: OrderingMode, link: Link): Wishes {
  const barrier = (flags & FLAG_BARRIER) !== 0
  const carriesData = kind.operands === 'data' || kind.operands === 'segment'
  const barrierWithData = barrier && carriesData
  if (barrierWithData && kind.writes && link.barrierFlushes) return {...NO_WISHES, drains: true, deviceSync: true}
  const hasStep = carriesData || kind.flushes
  const tags = barrier && ordering.tags && hasStep
  return {
    ...NO_WISHES,
    drains:
      (barrier && (ordering.drains || (ordering.tags && !tags))) ||
      ((flags & FLAG_BARRIER_BIT) !== 0 && link.barrierBit),
    tags,
    preFlush:
      (barrierWithData && ordering.preFlush) || ((flags & FLAG_PREFLUSH) !== 0 && kind.writes && asksToFlush(link)),
    postFlush: barrierWithData && ordering.postFlush === 'flush',
    fua: kind.writes && ((flags & FLAG_FUA) !== 0 || (barrierWithData && ordering.postFlush === 'fua')),
    refused: barrier && !ordering.drains && !ordering.tags,
  }
}
