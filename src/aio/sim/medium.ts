import {joinRanges, SECTOR_BYTES, type Range} from '../../base/index.js'
import type {DiskModel} from './disk-model.js'
import type {Command} from './phase.js'

const NS_PER_SECOND = 1e9

/**
 * What one command costs at the drive, and what it leaves behind for the next: where the head is, what the volatile cache
 * holds, until when the interface is taken. Knows bytes and times only; what the bytes say is the matter of SimDisk.
 */
export class Medium {
  readonly #model: DiskModel
  #sizeBytes = 0
  #headBytes = 0
  #interfaceFreeNs = 0
  /** Destaging, for whichever command, is one thing at a time. */
  #destagedNs = 0
  /** Sectors in the cache, oldest first. */
  readonly #dirty = new Set<number>()

  constructor(model: DiskModel) {
    this.#model = model
  }

  /** Adds room for one more image behind the others. @returns where it begins */
  extend(bytes: number): number {
    const start = this.#sizeBytes
    this.#sizeBytes += bytes
    return start
  }

  /** How far the head would have to go before it can begin; 0 for what needs no medium. */
  distance(command: Command): number {
    if (command.kind === 'flush' || this.#isCached(command)) return 0
    return Math.abs((command.ranges[0]?.offsetBytes ?? this.#headBytes) - this.#headBytes)
  }

  /**
   * A command is taken now: the drive does what it asks for.
   *
   * @returns when it ends, in whole nanoseconds
   */
  serve(command: Command, nowNs: number): number {
    if (command.kind === 'flush') {
      return Math.round(this.#destage(this.#dirty.size, nowNs + this.#model.commandNs) + this.#model.flushNs)
    }
    const bytes = bytesOf(command.ranges)
    const carriedNs = Math.max(nowNs, this.#interfaceFreeNs) + timeNs(bytes, this.#model.interfaceBytesPerSecond)
    this.#interfaceFreeNs = carriedNs
    return Math.round(this.#move(command, carriedNs + this.#model.commandNs))
  }

  #move(command: Exclude<Command, {kind: 'flush'}>, fromNs: number): number {
    if (this.#isCached(command)) return this.#admit(command.ranges, fromNs)
    if (command.kind !== 'read') for (const sector of sectorsOf(command.ranges)) this.#dirty.delete(sector)
    const accessNs = command.ranges.reduce((ns, range) => ns + this.#accessNs(range, 1), fromNs)
    return command.kind === 'fua' ? accessNs + this.#model.fuaNs : accessNs
  }

  #isCached(command: Exclude<Command, {kind: 'flush'}>): boolean {
    return command.kind === 'write' && bytesOf(command.ranges) <= this.#model.cacheBytes
  }

  /** Takes data into the cache; what does not fit any more waits for the oldest data to leave it. */
  #admit(ranges: readonly Range[], fromNs: number): number {
    const sectors = sectorsOf(ranges)
    // Data written again is young again, and need not leave to make room for itself.
    for (const sector of sectors) this.#dirty.delete(sector)
    const excess = this.#dirty.size + sectors.length - Math.floor(this.#model.cacheBytes / SECTOR_BYTES)
    const endNs = this.#destage(excess, fromNs)
    for (const sector of sectors) this.#dirty.add(sector)
    return endNs
  }

  /** Moves the oldest sectors of the cache to the medium, in one sweep upwards. @returns when that has ended */
  #destage(count: number, fromNs: number): number {
    if (count <= 0) return fromNs
    const leaving: number[] = []
    for (const sector of this.#dirty) {
      if (leaving.length >= count) break
      leaving.push(sector)
    }
    for (const sector of leaving) this.#dirty.delete(sector)
    const sweepNs = runsOf(leaving).reduce((ns, run) => ns + this.#accessNs(run, this.#model.channels), 0)
    this.#destagedNs = Math.max(fromNs, this.#destagedNs) + sweepNs
    return this.#destagedNs
  }

  /** Positioning and transfer; the head ends up behind the range. */
  #accessNs({offsetBytes, lengthBytes}: Range, channels: number): number {
    const distance = Math.abs(offsetBytes - this.#headBytes)
    this.#headBytes = offsetBytes + lengthBytes
    const transferNs = timeNs(lengthBytes, this.#model.mediumBytesPerSecond * channels)
    return distance === 0 ? transferNs : this.#seekNs(distance) + this.#model.rotationNs + transferNs
  }

  #seekNs(distanceBytes: number): number {
    const {trackToTrackNs, fullStrokeNs} = this.#model
    return trackToTrackNs + (fullStrokeNs - trackToTrackNs) * Math.sqrt(distanceBytes / this.#sizeBytes)
  }
}

/** Time that bytes take at a speed. */
export function timeNs(bytes: number, bytesPerSecond: number): number {
  return (bytes * NS_PER_SECOND) / bytesPerSecond
}

function bytesOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
}

/** The sectors that hold at least one byte of the ranges. */
export function sectorsOf(ranges: readonly Range[]): number[] {
  const sectors: number[] = []
  for (const {offsetBytes, lengthBytes} of ranges) {
    const end = Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES)
    for (let sector = Math.floor(offsetBytes / SECTOR_BYTES); sector < end; sector++) sectors.push(sector)
  }
  return sectors
}

/** Sectors in any order as runs of neighbours, in rising order. */
export function runsOf(sectors: Iterable<number>): Range[] {
  return joinRanges([...sectors].map((sector) => ({offsetBytes: sector * SECTOR_BYTES, lengthBytes: SECTOR_BYTES})))
}
