import {ToolError} from '../../base/index.js'

/**
 * What a disk costs, as facts about it; drive.ts and medium.ts say how they add up. Times are whole nanoseconds of simulated
 * time, speeds are bytes per second. There is no chance in it: the same steps cost the same nanoseconds.
 *
 * A command occupies one channel from the moment the drive takes it until its end:
 *
 *     every command   its turn on the interface, then bytes / interface, then commandNs
 *     read            + positioning + bytes / medium
 *     write           into the cache: nothing more, unless it is full: then + destaging as much as does not fit
 *     write, FUA      + positioning + bytes / medium + fuaNs
 *     write, no cache + positioning + bytes / medium; also a write larger than the cache
 *     flush           + destaging all that is dirty + flushNs
 *
 * Destaging is positioning for every run of neighbouring sectors + bytes / (medium * channels). The host knows of the end
 * roundTripNs later. What no command asks for does not happen: an idle drive does not destage.
 */
export interface DiskModel {
  /** What people call it; a word for messages. */
  readonly name: string
  /** Commands the drive works on at a time. */
  readonly channels: number
  /**
   * Which waiting command a free channel takes: the oldest, or the one with the shortest way from where the head is (as a
   * drive with a queue of its own chooses). Nothing bounds how long a command far away is passed over.
   */
  readonly scheduling: 'fifo' | 'shortest-seek'
  /**
   * Between the end of a command at the drive and the next command that waited for it at the host: interrupt, wake-up,
   * system call. Does not occupy the drive, so it is lost only by a host that lets the drive run empty.
   */
  readonly roundTripNs: number
  /** The drive's own work on any command. */
  readonly commandNs: number
  /** The shortest seek. 0 for flash. */
  readonly trackToTrackNs: number
  /** A seek over the whole disk; in between, time grows with the square root of the distance. The images fill the disk. */
  readonly fullStrokeNs: number
  /** What an access that does not go on where the last one ended waits for its sector to come round: half a turn. */
  readonly rotationNs: number
  /** Speed of one channel at the medium. */
  readonly mediumBytesPerSecond: number
  /** Speed of the cable, which carries the bytes of one command at a time. */
  readonly interfaceBytesPerSecond: number
  /** Volatile write cache. 0 for none: then a host sends no flush either. */
  readonly cacheBytes: number
  /** A flush, beside the destaging. */
  readonly flushNs: number
  /** While a flush runs nothing else does. ATA's FLUSH CACHE is no queued command (ACS-4, NCQ feature set). */
  readonly flushAlone: boolean
  /** The drive can write through its cache. Where it cannot, a write that has to be stable is a write and then a flush. */
  readonly hasFua: boolean
  /** What FUA costs beside the access to the medium. */
  readonly fuaNs: number
  /** A step that the host does in its own memory: the call. One thread for each image does these, one after the other. */
  readonly hostCallNs: number
  /** Speed at which the host copies to and from its page cache. */
  readonly memoryBytesPerSecond: number
}

/** A host of today: a cheap system call, and one core copying memory. */
const HOST = {hostCallNs: 1_000, memoryBytesPerSecond: 10e9} as const

/**
 * Round numbers of a kind of disk, of no product. Reckoned: half a turn at 7200/min is 60 s / 7200 / 2 = 4.17 ms; SATA at
 * 6 Gb/s carries 600 MB/s behind its 8b/10b code, less framing; PCIe 3.0 with four lanes a little under 4 GB/s. The others
 * are the order of magnitude of data sheets (seek, speed, cache) and of measured latencies of one 4 KiB transfer and one
 * flush at queue depth 1. Linux does not use FUA on SATA disks unless libata.fua=1 says so (kernel parameters).
 */
export const DISK_MODELS: readonly DiskModel[] = [
  {
    name: 'hdd',
    channels: 1,
    scheduling: 'shortest-seek',
    roundTripNs: 20_000,
    commandNs: 100_000,
    trackToTrackNs: 1_000_000,
    fullStrokeNs: 16_000_000,
    rotationNs: 4_170_000,
    mediumBytesPerSecond: 150e6,
    interfaceBytesPerSecond: 550e6,
    cacheBytes: 64 << 20,
    flushNs: 500_000,
    flushAlone: true,
    hasFua: false,
    fuaNs: 0,
    ...HOST,
  },
  {
    name: 'ssd',
    channels: 8,
    scheduling: 'fifo',
    roundTripNs: 20_000,
    commandNs: 40_000,
    trackToTrackNs: 0,
    fullStrokeNs: 0,
    rotationNs: 0,
    mediumBytesPerSecond: 60e6,
    interfaceBytesPerSecond: 550e6,
    cacheBytes: 32 << 20,
    flushNs: 1_000_000,
    flushAlone: true,
    hasFua: false,
    fuaNs: 0,
    ...HOST,
  },
  {
    name: 'nvme',
    channels: 32,
    scheduling: 'fifo',
    roundTripNs: 10_000,
    commandNs: 15_000,
    trackToTrackNs: 0,
    fullStrokeNs: 0,
    rotationNs: 0,
    mediumBytesPerSecond: 64e6,
    interfaceBytesPerSecond: 3500e6,
    cacheBytes: 64 << 20,
    flushNs: 400_000,
    flushAlone: false,
    hasFua: true,
    fuaNs: 300_000,
    ...HOST,
  },
]

/**
 * The row of this name.
 *
 * @throws ToolError of kind usage when there is none
 */
export function diskModelOf(name: string): DiskModel {
  const row = DISK_MODELS.find((candidate) => candidate.name === name)
  if (row) return row
  const names = DISK_MODELS.map((model) => model.name).join(', ')
  throw new ToolError('usage', 'E_DISK_MODEL', `there is no disk model "${name}"`, {
    hint: `Use one of ${names}, or describe the disk in a file.`,
  })
}
