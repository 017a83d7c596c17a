import {closeSync, fdatasyncSync, fstatSync, fsyncSync, rmSync, unlinkSync, writeSync} from 'node:fs'
import {setImmediate} from 'node:timers/promises'
import {codeOf, errnoName, errnoOf} from '../base/index.js'
import {fileSystemOf} from './file-system.js'
import {KERNEL_ROOTS, readText} from './kernel-file.js'
import {makeScratchIn, type Scratch} from './scratch.js'
import type {SyncFigures, SyncVerdict} from './sync-verdict.js'

/** Flushes a disk completed while the probe ran, for whomever: none of them refutes, many only support. */
export interface FlushCount {
  readonly name: string
  readonly flushes: number
}

/** What syncing costs in the folder of the image, and what that says. */
export interface SyncProbe extends SyncFigures {
  /** Where the scratch file was. */
  readonly folder: string
  readonly writeBytes: number
  /** Of the disks whose flushes the kernel counts. */
  readonly flushCounts: readonly FlushCount[]
  readonly verdict: SyncVerdict
}

/** No measurement, and why not, as a clause. */
export interface SyncProbeSkipped {
  readonly skipped: string
}

const WRITE_BYTES = 4096

/** When a measurement ends: after so many samples or so much time, whichever comes first. */
export interface ProbeLimits {
  readonly samples: number
  readonly budgetNs: number
}

const LIMITS: ProbeLimits = {samples: 100, budgetNs: 1e9}

/** What a probe is made on. */
export interface ProbeTarget {
  readonly folder: string
  /** st_dev of the image, whose folder may be on another file system. */
  readonly device: number
  /** Names of the disks whose flushes are counted. */
  readonly disks: readonly string[]
}

/** How long the process keeps signals waiting, in samples. */
const SAMPLES_PER_TURN = 10

/**
 * Measures writes with a sync on a scratch file of its own in a folder; nothing of it is left behind. Every sample overwrites
 * the same allocated block, so that nothing but data has to become stable. The calls are made on this thread: a thread pool
 * would add more than the quickest sync takes.
 */
export async function probeSync(
  {folder, device, disks}: ProbeTarget,
  sysfs: string = KERNEL_ROOTS.sysfs,
  limits: ProbeLimits = LIMITS,
): Promise<Omit<SyncProbe, 'verdict'> | SyncProbeSkipped> {
  // Btrfs, until 2025, left out the sync of a file without a name, since nobody finds it after a crash; others like it may too.
  const named = fileSystemOf(folder).overwrites === 'elsewhere'
  let scratch: Scratch
  try {
    scratch = makeScratchIn(folder, named)
  } catch (error) {
    return {skipped: `no scratch file can be made in ${folder} (${nameOf(error)})`}
  }
  try {
    if (scratch.name !== undefined && !named) unlinkSync(scratch.name)
    if (fstatSync(scratch.fd).dev !== device) return {skipped: `${folder} is on another file system than the image`}
    const block = Buffer.alloc(WRITE_BYTES, 0x5a)
    writeSync(scratch.fd, block, 0, WRITE_BYTES, 0)
    fsyncSync(scratch.fd)
    const sample = (): void => {
      writeSync(scratch.fd, block, 0, WRITE_BYTES, 0)
      fdatasyncSync(scratch.fd)
    }
    const before = disks.map((name) => flushesOf(name, sysfs))
    const durationsNs = await collect(sample, () => process.hrtime.bigint(), limits)
    const flushCounts = disks.flatMap((name, i) => {
      const from = before[i]
      const to = flushesOf(name, sysfs)
      return from === undefined || to === undefined ? [] : {name, flushes: to - from}
    })
    return {folder, writeBytes: WRITE_BYTES, flushCounts, ...figuresOf(durationsNs)}
  } catch (error) {
    return {skipped: `a scratch file in ${folder} could not be written and synced (${nameOf(error)})`}
  } finally {
    closeSync(scratch.fd)
    if (scratch.name !== undefined) rmSync(scratch.name, {force: true})
  }
}

/**
 * Flushes a disk has completed so far: field 16 of its statistics (Linux 5.5, Documentation/block/stat.rst). Undefined when it
 * does not count: statistics are off, or it never counted one, as drivers that bypass the request queue never do.
 */
export function flushesOf(name: string, sysfs: string): number | undefined {
  const folder = `${sysfs}/class/block/${name}`
  const field = readText(`${folder}/stat`)?.split(/\s+/)[15]
  if (field === undefined || readText(`${folder}/queue/iostats`) !== '1') return undefined
  return Number(field) || undefined
}

/** Times a step again and again, at least once. @returns durations in the order measured */
export async function collect(step: () => void, clock: () => bigint, limits: ProbeLimits): Promise<number[]> {
  const durationsNs: number[] = []
  const beganNs = clock()
  for (;;) {
    const beforeNs = clock()
    step()
    const afterNs = clock()
    durationsNs.push(Number(afterNs - beforeNs))
    if (durationsNs.length >= limits.samples || Number(afterNs - beganNs) >= limits.budgetNs) return durationsNs
    if (durationsNs.length % SAMPLES_PER_TURN === 0) await setImmediate()
  }
}

/** Figures by nearest rank. @param durationsNs at least one */
export function figuresOf(durationsNs: readonly number[]): SyncFigures {
  const sorted = durationsNs.toSorted((a, b) => a - b)
  const rank = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
  return {samples: sorted.length, minNs: rank(0), medianNs: rank(0.5), p90Ns: rank(0.9)}
}

function nameOf(error: unknown): string {
  return codeOf(error) ?? errnoName(errnoOf(error))
}
