import fc from 'fast-check'
import {alignOut, overlaps, SECTOR_BYTES, type Range} from '../../../src/base/index.js'
import {SimDisk, type Change, type CrashKind, type Sync} from '../../../src/aio/sim/disk.js'
import {CRASH_KINDS, sectorValues} from './moments.js'

export const HISTORY_SECTORS = 32
const BLOCK_BYTES = 4096
const INITIAL = 238

export interface HistoryOptions {
  readonly seed: number
  readonly direct: boolean
  readonly dsync: boolean
  readonly holes: boolean
  readonly failures: boolean
  /** Where the reference asks for the allocation: the disk's truth, or an extent map and its own memory. */
  readonly view: 'committed' | 'extents'
  /** A canary: a wrong reference that takes a flush to cover writes in flight. */
  readonly coversInFlight?: boolean
}

/** One thing that happens. What it does not fit (an end with nothing in flight) does nothing. */
export const historyStep = fc.record({
  act: fc.constantFrom('write', 'write', 'write', 'zero', 'sync', 'end', 'end', 'end', 'progress', 'drift'),
  sector: fc.nat(HISTORY_SECTORS - 1),
  sectors: fc.constantFrom(1, 2, 3, 8, 16),
  dsync: fc.boolean(),
  ok: fc.boolean(),
  pick: fc.nat(1000),
})
type HistoryStep = typeof historyStep extends fc.Arbitrary<infer T> ? T : never

interface Written {
  readonly range: Range
  readonly value: number
  readonly change: Change
  readonly zero: boolean
  readonly dsync: boolean
  readonly alloc: boolean
  readonly start: number
  end: number
  ok: boolean
}

interface Synced {
  readonly sync: Sync
  readonly start: number
  end: number
  ok: boolean
}

/**
 * The crash model in its per-sector form, written from the definitions and without a look at layers: a crash leaves on a
 * sector the initial value or a write of it, such that no durable write of the sector came after that one had ended.
 */
class Reference {
  readonly written: Written[] = []
  readonly synced: Synced[] = []
  readonly options: HistoryOptions
  now = 0

  constructor(options: HistoryOptions) {
    this.options = options
  }

  /** Covered by a sync that succeeded, with no failed one since the write began. */
  #flushed(write: Written): boolean {
    const hurt = (before: number): boolean =>
      this.synced.some((one) => !one.ok && one.end < before && one.end > write.start)
    const since = this.options.coversInFlight ? write.start : write.end
    return this.synced.some((one) => one.ok && one.end <= this.now && one.start > since && !hurt(one.end))
  }

  #stable(write: Written): boolean {
    return write.ok && ((write.dsync && !write.zero) || this.#flushed(write))
  }

  #inDrive(write: Written): boolean {
    const {range} = write
    const disturbed = this.written.some(
      (other) =>
        other.zero &&
        other.start < write.end &&
        other.end > write.start &&
        overlaps(alignOut(other.range, BLOCK_BYTES), alignOut(range, BLOCK_BYTES)),
    )
    return this.options.direct && write.ok && !write.zero && write.alloc && !disturbed
  }

  durable(write: Written, kind: CrashKind): boolean {
    switch (kind) {
      case 'processKill':
        return write.ok
      case 'osCrash':
        return this.#stable(write) || this.#inDrive(write)
      case 'powerLoss':
        return this.#stable(write)
    }
  }

  /** Whether a write starting now finds all of its blocks with a committed allocation. */
  allocated(disk: SimDisk, range: Range): boolean {
    if (disk.freshRanges(range.offsetBytes, range.lengthBytes, this.options.view).length > 0) return false
    const blocks = alignOut(range, BLOCK_BYTES)
    const uncommitted = (other: Written): boolean =>
      (other.zero || !other.alloc) && overlaps(alignOut(other.range, BLOCK_BYTES), blocks) && !this.#stable(other)
    return this.options.view === 'committed' || !this.written.some(uncommitted)
  }

  allowed(sector: number, initial: number, kind: CrashKind): Set<number> {
    const at = {offsetBytes: sector * SECTOR_BYTES, lengthBytes: SECTOR_BYTES}
    const here = this.written.filter(({range}) => overlaps(range, at))
    const durable = here.filter((write) => this.durable(write, kind))
    const values = here.filter((write) => !durable.some((other) => other.start > write.end)).map(({value}) => value)
    return new Set(durable.length > 0 ? values : [initial, ...values])
  }
}

/** Plays the steps on a disk, and looks at the disk and at what crashes leave of it in the end. */
export function checkHistory(
  options: HistoryOptions,
  steps: readonly HistoryStep[],
  crashSeeds: readonly number[],
): void {
  const allocated = (sector: number): boolean => !options.holes || sector % 16 < 8
  const disk = new SimDisk({
    sizeBytes: HISTORY_SECTORS * SECTOR_BYTES,
    seed: options.seed,
    mode: options,
    allocated,
    initial: (_, target) => void target.fill(INITIAL),
  })
  const reference = new Reference(options)
  for (const step of steps) {
    reference.now++
    play(disk, reference, step)
  }
  for (const kind of CRASH_KINDS) {
    const allowed = Array.from({length: HISTORY_SECTORS}, (_, sector) =>
      reference.allowed(sector, allocated(sector) ? INITIAL : 0, kind),
    )
    if (kind === 'processKill') judge(disk, allowed, 'a read')
    for (const seed of crashSeeds) judge(disk.crash(kind, seed), allowed, `${kind} with crash seed ${seed}`)
  }
}

function judge(disk: SimDisk, allowed: readonly ReadonlySet<number>[], when: string): void {
  sectorValues(disk, HISTORY_SECTORS).forEach((value, sector) => {
    if (allowed[sector]?.has(value)) return
    throw new Error(`${when}: sector ${sector} is ${value}, allowed ${[...(allowed[sector] ?? [])].join(' ')}`)
  })
}

function play(disk: SimDisk, reference: Reference, step: HistoryStep): void {
  switch (step.act) {
    case 'write':
    case 'zero':
      begin(disk, reference, step)
      return
    case 'sync':
      reference.synced.push({sync: disk.beginSync(), start: reference.now, end: Infinity, ok: false})
      return
    case 'end':
      end(disk, reference, step)
      return
    case 'progress':
      disk.progress(() => (step.pick % 3) / 3)
      return
    case 'drift':
      disk.drift()
  }
}

function begin(disk: SimDisk, reference: Reference, step: HistoryStep): void {
  const sectors = Math.min(step.sectors, HISTORY_SECTORS - step.sector)
  const range = {offsetBytes: step.sector * SECTOR_BYTES, lengthBytes: sectors * SECTOR_BYTES}
  const zero = step.act === 'zero'
  const value = zero ? 0 : reference.written.length + 1
  const alloc = reference.allocated(disk, range)
  const change = zero
    ? disk.beginZero(range.offsetBytes, range.lengthBytes)
    : disk.beginWrite(range.offsetBytes, new Uint8Array(range.lengthBytes).fill(value), step.dsync)
  const dsync = step.dsync || reference.options.dsync
  reference.written.push({range, value, change, zero, dsync, alloc, start: reference.now, end: Infinity, ok: false})
}

function end(disk: SimDisk, reference: Reference, step: HistoryStep): void {
  const open = [...reference.written, ...reference.synced].filter((one) => one.end === Infinity)
  const one = open[step.pick % Math.max(1, open.length)]
  if (!one) return
  one.end = reference.now
  one.ok = step.ok || !reference.options.failures
  if ('sync' in one) disk.endSync(one.sync, one.ok)
  else disk.endChange(one.change, one.ok)
}
