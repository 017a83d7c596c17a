import {formatNs} from '../base/index.js'
import type {GroundDisk, SyncGround} from './sync-ground.js'

/** Durations of single writes of 4 KiB to the same place, each with its sync. */
export interface SyncFigures {
  readonly samples: number
  readonly minNs: number
  readonly medianNs: number
  /** Nine of ten were no slower. */
  readonly p90Ns: number
}

/** Whether syncs that took so long can have reached a medium that keeps data without power. */
export interface SyncVerdict {
  /** There is no 'yes': being slow proves nothing. */
  readonly reaches: 'no' | 'probably not' | 'doubtful' | 'plausible' | 'unknown'
  /** The verdict with its figures, as sentences. */
  readonly text: string
  /** How sure one can be, and what would make it wrong, as sentences. */
  readonly certainty: string
}

/**
 * Bounds for the median of a write and its sync, from what the media are made of. Each is far on the quick side of what is
 * known, because an honest disk must not be called a liar.
 *
 * - 8 us: a write that leaves the processor crosses PCIe twice, rings a doorbell and ends in an interrupt and a wakeup. The
 *   quickest devices ever sold (3D XPoint) took about 10 us for that. Below it no device was asked at all.
 * - 20 us: a device with a volatile cache ("write back", or not known) is asked twice, write and flush, so twice the above.
 * - 60 us: to be stable without a battery, flash has to be programmed: some 75 to 100 us for the quickest single-level cells,
 *   several hundred for the usual ones. Between 20 and 60 us there is a cache that outlives a power cut, or none.
 * - 1 ms and 2 ms: the same place of a platter comes by once in a revolution, 4 ms at 15,000 rpm and 11 ms at 5,400 rpm, and
 *   the probe writes the same place each time. 2 ms is half of the quickest revolution, 1 ms is a quarter.
 */
const NO_DEVICE_NS = 8_000
const WRITE_AND_FLUSH_NS = 20_000
const FLASH_NS = 60_000
const QUARTER_TURN_NS = 1_000_000
const HALF_TURN_NS = 2_000_000

interface Bounds {
  /** Below this: probably not. */
  readonly impossibleNs: number
  /** Below this: doubtful. */
  readonly doubtfulNs: number
  /** Why the bound holds, as a clause. */
  readonly because: string
  /** What honest hardware would be as quick. */
  readonly unless: string
}

const QUICK_CACHE = 'a disk or controller with capacitors or a battery behind its cache would be as quick and safe'

function boundsOf(disk: GroundDisk): Bounds | undefined {
  switch (disk.medium) {
    case 'persistent memory': // a store to it is about as quick as one to memory
      return undefined
    case 'rotating':
      return {
        impossibleNs: disk.writeCache === 'write through' ? NO_DEVICE_NS : QUARTER_TURN_NS,
        doubtfulNs: HALF_TURN_NS,
        because: 'a platter brings the same place by once in 4 ms at best',
        unless: `${QUICK_CACHE}, and so would be a disk that only calls itself rotating`,
      }
    case 'flash':
    case 'virtual':
    case 'unknown':
    case 'memory':
    case 'network':
      if (disk.writeCache === 'write through') {
        return {
          impossibleNs: NO_DEVICE_NS,
          doubtfulNs: NO_DEVICE_NS,
          because: 'one trip to a device and back takes about 10 us at best',
          unless: 'nothing known is as quick but memory',
        }
      }
      return {
        impossibleNs: WRITE_AND_FLUSH_NS,
        doubtfulNs: FLASH_NS,
        because:
          'a write and a flush of a volatile cache are two trips to a device, and programming flash takes 75 us at best',
        unless: QUICK_CACHE,
      }
  }
}

/**
 * Judges measured syncs by what they end at. Of several disks the one that may be quickest counts, since a sync may end at the
 * quick half of a caching pair. Slow is never taken as proof.
 */
export function judgeSync(figures: SyncFigures, ground: SyncGround): SyncVerdict {
  const measured = `The median of ${figures.samples} writes of 4 KiB with a sync is ${formatNs(figures.medianNs)} (quickest ${formatNs(figures.minNs)}, nine of ten within ${formatNs(figures.p90Ns)}).`
  switch (ground.kind) {
    case 'memory':
      return {
        reaches: 'no',
        text: `This host does not reach stable media: ${ground.what} is memory. ${measured}`,
        certainty: 'This is certain: a power cut empties memory, whatever a sync says.',
      }
    case 'out of sight':
      return {
        reaches: 'unknown',
        text: `Whether this host reaches stable media cannot be told: ${ground.why}. ${measured}`,
        certainty: 'The figures say nothing here: there is no medium to compare them with.',
      }
    case 'disks':
      return judgeDisks(figures.medianNs, measured, ground.disks)
  }
}

function judgeDisks(medianNs: number, measured: string, disks: readonly GroundDisk[]): SyncVerdict {
  let bounds: Bounds | undefined
  for (const disk of disks) {
    const own = boundsOf(disk)
    if (own === undefined) return persistentMemory(measured, disk)
    if (bounds === undefined || own.impossibleNs < bounds.impossibleNs) bounds = own
  }
  if (bounds === undefined) return judgeNothing(measured)
  const {because, unless} = bounds
  if (medianNs < bounds.impossibleNs) {
    return {
      reaches: 'probably not',
      text: `This host probably does not reach stable media: ${because}. ${measured}`,
      certainty: `Fairly sure, not certain: ${unless}.`,
    }
  }
  if (medianNs < bounds.doubtfulNs) {
    return {
      reaches: 'doubtful',
      text: `It is doubtful that this host reaches stable media: ${because}. ${measured}`,
      certainty: `About even: ${unless}. The data sheet of the disk tells (look for power loss protection).`,
    }
  }
  const virtual = disks.some(({medium}) => medium === 'virtual')
  return {
    reaches: 'plausible',
    text: `The syncs are slow enough to have reached a medium. ${measured}`,
    certainty: virtual
      ? 'This is no proof: the disk is virtual, and the host below may answer before anything is stable. Only cutting the power shows it.'
      : 'This is no proof: a disk may take its time and still keep data in a volatile cache. Only cutting the power shows it.',
  }
}

function persistentMemory(measured: string, disk: GroundDisk): SyncVerdict {
  return {
    reaches: 'unknown',
    text: `${disk.name} is persistent memory, where a sync may be as quick as memory and still be stable. ${measured}`,
    certainty: 'The figures say nothing here; whether the modules are backed is for their data sheet.',
  }
}

function judgeNothing(measured: string): SyncVerdict {
  return {
    reaches: 'unknown',
    text: `Whether this host reaches stable media cannot be told: no disk is visible below it. ${measured}`,
    certainty: 'The figures say nothing here: there is no medium to compare them with.',
  }
}
