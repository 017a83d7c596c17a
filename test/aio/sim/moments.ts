import {SECTOR_BYTES} from '../../../src/base/index.js'
import {SimDisk, type Change, type CrashKind, type SimDiskOptions} from '../../../src/aio/sim/disk.js'

/** Open flags as the disk takes them. */
export const WRITEBACK = {direct: false, dsync: false}
export const WRITETHROUGH = {direct: false, dsync: true}
export const NONE = {direct: true, dsync: false}

export const CRASH_KINDS: readonly CrashKind[] = ['processKill', 'osCrash', 'powerLoss']

/** A 64 KiB disk of zeroes with a few words to tell its story in. Sectors are filled with one byte each. */
export class Story {
  readonly disk: SimDisk

  constructor(options: Partial<SimDiskOptions> & {readonly seed: number}) {
    this.disk = new SimDisk({sizeBytes: 65536, mode: WRITEBACK, ...options})
  }

  /** A write is submitted. */
  submit(sector: number, value: number, sectors = 1, dsync = false): Change {
    const data = new Uint8Array(sectors * SECTOR_BYTES).fill(value)
    return this.disk.beginWrite(sector * SECTOR_BYTES, data, dsync)
  }

  complete(change: Change): this {
    this.disk.endChange(change, true)
    this.disk.drift()
    return this
  }

  write(sector: number, value: number, sectors = 1, dsync = false): this {
    return this.complete(this.submit(sector, value, sectors, dsync))
  }

  zero(sector: number, sectors: number): this {
    return this.complete(this.disk.beginZero(sector * SECTOR_BYTES, sectors * SECTOR_BYTES))
  }

  flush(ok = true): this {
    this.disk.endSync(this.disk.beginSync(), ok)
    this.disk.drift()
    return this
  }
}

/** The bytes that fill the first sectors. A sector that is not of one byte was torn, which this disk never does. */
export function sectorValues(disk: SimDisk, sectors: number): number[] {
  const bytes = new Uint8Array(sectors * SECTOR_BYTES)
  disk.read(0, bytes)
  return Array.from({length: sectors}, (_, i) => {
    const sector = bytes.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES)
    const value = sector[0] ?? -1
    if (Buffer.compare(sector.subarray(1), sector.subarray(0, -1)) !== 0) throw new Error(`sector ${i} is torn`)
    return value
  })
}

/** Every image of the first sectors that a crash after the story leaves, over many disks and many crashes of each. */
export function images(
  kind: CrashKind,
  sectors: number,
  tell: (seed: number) => Story,
  counts: {readonly disks: number; readonly crashes: number} = {disks: 60, crashes: 10},
): string[] {
  const found = new Set<string>()
  for (let seed = 1; seed <= counts.disks; seed++) {
    const {disk} = tell(seed)
    for (let crash = 1; crash <= counts.crashes; crash++) {
      found.add(sectorValues(disk.crash(kind, seed * 1000 + crash), sectors).join(''))
    }
  }
  return [...found].toSorted()
}
