import {describe, expect, it} from 'vitest'

import {SimBackend} from '../../src/aio/sim/backend.js'
import {SimDisk} from '../../src/aio/sim/disk.js'
import type {SimFault} from '../../src/aio/sim/fault.js'
import {ERRNO, Prng, SECTOR_BYTES} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, trustsStableWrites, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, Ledger, type CrashKind, type Tie} from '../../src/durability/index.js'
import {Engine, SYNC_TOKENS} from '../../src/engine/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import {idBytes, plainLink, REQUEST_KINDS, WISH_KINDS, type Link} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {wholeness} from '../durability/images.js'
import {sectorOf, SECTORS, submitRandom, type Traces} from './random-requests.js'

// Random batches run through the real engine on a simulated disk. At a random moment the power is cut (or the OS crashes, or
// the process is killed), several times over from that same moment, and every sector of what is left must be one of the values
// the ledger allows, and no tie of the ledger may be broken. Where it allows one value only, that is the promise "stable".

const SIZE_BYTES = SECTORS * SECTOR_BYTES
const CUTS = 3
/** A sector that more than one write could have left as it is. */
const UNKNOWN = -1

/** What one experiment is made of; everything follows from the seed. */
interface Experiment {
  readonly seed: number
  readonly mode: CacheMode
  readonly ordering: OrderingMode
}

/** What the ledger says, or is made to say. */
interface Beliefs {
  readonly candidates: (kind: CrashKind, sector: number) => readonly number[]
  readonly ties: (kind: CrashKind) => readonly Tie[]
}

/** What may be wrong on purpose. */
interface Mistakes {
  readonly weaken?: (ledger: Ledger) => Partial<Beliefs>
  readonly makeBackend?: (options: ConstructorParameters<typeof SimBackend>[0]) => SimBackend
}

/** One run that has come to its last moment. */
interface Scene extends Experiment, Traces {
  readonly prng: Prng
  readonly disk: SimDisk
  readonly holes: ReadonlySet<number>
  readonly ledger: Ledger
  readonly events: readonly TraceEvent[]
  readonly hasFaults: boolean
}

function play({seed, mode, ordering}: Experiment, {makeBackend}: Mistakes): Scene {
  const prng = new Prng(seed)
  const holes = new Set(Array.from({length: SECTORS / 8}, (_, block) => block).filter(() => prng.chance(0.5)))
  const depth = 1 + prng.below(6)
  const disk = new SimDisk({
    sizeBytes: SIZE_BYTES,
    seed: prng.next(),
    mode: {...mode, dsync: mode.dsync && trustsStableWrites(mode, depth)},
    initial: (_offsetBytes, target) => {
      for (let at = 0; at < target.length; at += SECTOR_BYTES) target.set(sectorOf(0), at)
    },
    allocated: (sector) => !holes.has(Math.floor(sector / 8)),
    careless: seed % 3 === 0,
  })
  const faults = prng.chance(0.5) ? randomFaults(prng) : []
  const able = {canDsync: prng.chance(0.8), canZero: prng.chance(0.8), canPunch: prng.chance(0.8)}
  const options = {disk, seed: prng.next(), faults, tokens: depth + SYNC_TOKENS, ...able}
  const backend = makeBackend?.(options) ?? new SimBackend(options)
  const ledger = new Ledger(mode, ordering)
  const events: TraceEvent[] = []
  const link = randomLink(prng, mode, ordering)
  const engine = new Engine({
    device: {capacitySectors: SECTORS, readOnly: false, logicalBlockBytes: SECTOR_BYTES, types: TYPES},
    mode,
    ordering,
    link,
    backend,
    depth,
    alignmentBytes: mode.direct ? prng.pick([1, 4096]) : 1,
    soleWriter: prng.chance(0.5),
    id: idBytes('model'),
    scsi: SCSI,
    tracksRanges: prng.chance(0.5),
    observer: (event) => {
      events.push(event)
      ledger.observe(event)
    },
    freshRanges: (offsetBytes, lengthBytes) => disk.freshRanges(offsetBytes, lengthBytes, 'extents'),
  })
  const traces = {zeroing: new Set<number>(), discards: new Set<number>()}
  const stepsBeforeCut = prng.below(60)
  for (let step = 0; step < stepsBeforeCut; step++) {
    if (engine.room > 0 && prng.chance(0.6)) submitRandom(engine, backend, prng, traces)
    else void engine.tick(engine.room === 0 || prng.chance(0.3))
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) engine.release(slot)
  }
  return {seed, mode, ordering, prng, disk, holes, ledger, events, hasFaults: faults.length > 0, ...traces}
}

const TYPES: ReadonlySet<number> = new Set([...REQUEST_KINDS, ...WISH_KINDS].map(({type}) => type))
const SCSI = {
  sectors: SECTORS,
  logicalBlockBytes: SECTOR_BYTES,
  physicalBlockExponent: 0,
  hasMedium: true,
  readOnly: false,
  writeCacheDefault: true,
  cachingPageOffered: true,
  cachingPageFixed: false,
  fuaOffered: true,
  unmapOffered: true,
  id: 'model',
}

/** Mostly a plain one; sometimes a driver and a device that have agreed on less. */
function randomLink(prng: Prng, mode: CacheMode, ordering: OrderingMode): Link {
  const plain = plainLink(mode, ordering)
  const writeCacheSwitch = prng.pick(['impossible', 'plain', 'flushes'] as const)
  if (prng.chance(0.6)) return {...plain, writeCacheSwitch}
  return {
    writeCache: plain.writeCache && prng.chance(0.8),
    seesCache: plain.seesCache && prng.chance(0.8),
    driverFlushes: prng.chance(0.8),
    fua: prng.chance(0.5),
    barrierFlushes: prng.chance(0.2),
    barrierBit: prng.chance(0.5),
    fsync: prng.pick(['flush', 'barrier'] as const),
    writeCacheSwitch,
  }
}

/** Runs one experiment. @returns what is left and not allowed, in words */
function violationsOf(experiment: Experiment, mistakes: Mistakes = {}): string[] {
  const scene = play(experiment, mistakes)
  const {ledger, prng, disk, ordering, hasFaults} = scene
  const beliefs: Beliefs = {
    candidates: (kind, sector) => ledger.candidates(kind, sector),
    ties: (kind) => ledger.ties(kind),
    ...mistakes.weaken?.(ledger),
  }
  const violations: string[] = []
  for (const kind of CRASH_KINDS) {
    const ties = beliefs.ties(kind)
    // An error opens a hole in the order of tags.
    const judgesTies = ties.length > 0 && !(ordering.tags && hasFaults)
    const isWhole = judgesTies ? wholeness(scene.events, scene, ties) : (): boolean => true
    const title = `${scene.mode.name}, ${ordering.name}, ${kind}, seed ${scene.seed}`
    for (let cut = 0; cut < CUTS; cut++) {
      const image = imageOf(disk.crash(kind, prng.next()), scene, (sector) => beliefs.candidates(kind, sector))
      image.forEach((id, sector) => {
        if (id === undefined)
          violations.push(`${title}: sector ${sector} is not ${beliefs.candidates(kind, sector).join()}`)
      })
      const ids = image.map((id) => id ?? UNKNOWN)
      if (!isWhole(ids)) violations.push(`${title}: ${ids.join()} breaks ${JSON.stringify(ties)}`)
    }
  }
  return violations
}

/** Who has left each sector as it is: undefined where nobody allowed has. */
function imageOf(
  left: SimDisk,
  {holes, zeroing, discards}: Scene,
  candidates: (sector: number) => readonly number[],
): (number | undefined)[] {
  const found = new Uint8Array(SECTOR_BYTES)
  return Array.from({length: SECTORS}, (_, sector) => {
    const allowed = candidates(sector)
    if (allowed.some((id) => discards.has(id))) return UNKNOWN // a discarded sector may hold anything
    const isHole = holes.has(Math.floor(sector / 8))
    left.read(sector * SECTOR_BYTES, found)
    const writers = allowed.filter((id) => {
      const content = zeroing.has(id) || (id === 0 && isHole) ? new Uint8Array(SECTOR_BYTES) : sectorOf(id)
      return Buffer.compare(content, found) === 0
    })
    return writers.length > 1 ? UNKNOWN : writers[0]
  })
}

/** A disk that fails, or makes the engine try again. */
function randomFaults(prng: Prng): SimFault[] {
  const faults: SimFault[] = []
  if (prng.chance(0.4)) faults.push({step: 'sync', nth: 1 + prng.below(4), effect: {kind: 'errno', errno: ERRNO.EIO}})
  if (prng.chance(0.4)) faults.push({step: 'write', probability: 0.1, effect: {kind: 'errno', errno: ERRNO.ENOSPC}})
  if (prng.chance(0.4)) faults.push({step: 'write', probability: 0.2, effect: {kind: 'short', bytes: SECTOR_BYTES}})
  if (prng.chance(0.4)) faults.push({step: 'write', probability: 0.2, effect: {kind: 'errno', errno: ERRNO.EINTR}})
  if (prng.chance(0.4)) faults.push({step: 'zero', probability: 0.2, effect: {kind: 'errno', errno: ERRNO.EOPNOTSUPP}})
  return faults
}

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 400)

describe('when the power is cut at a random moment', {timeout: 600_000}, () => {
  for (const mode of CACHE_MODES) {
    it(`what is left is what the ledger allows under ${mode.name}`, () => {
      const violations: string[] = []
      for (let seed = 1; seed <= SEEDS; seed++) {
        const ordering = ORDERING_MODES[seed % ORDERING_MODES.length] as OrderingMode
        violations.push(...violationsOf({seed, mode, ordering}))
      }
      expect(violations).toEqual([])
    })
  }

  const caught = (mode: string, ordering: string, mistakes: Mistakes): number =>
    Array.from({length: 150}, (_, i) =>
      violationsOf({seed: i + 1, mode: cacheModeOf(mode), ordering: orderingModeOf(ordering)}, mistakes),
    ).flat().length

  it('a ledger that lets only the newest write stand is caught (canary)', () => {
    const weaken = (ledger: Ledger): Partial<Beliefs> => ({
      candidates: (kind, sector) => ledger.candidates(kind, sector).slice(-1),
    })
    expect(caught('writeback', 'drain', {weaken})).toBeGreaterThan(0)
  })

  it('a ledger that ties each write to all before it is caught (canary)', () => {
    const weaken = (ledger: Ledger): Partial<Beliefs> => ({
      ties: () => {
        const ids = ledger.unflushed()
        return ids.map((request, i) => ({request, needs: ids.slice(0, i)}))
      },
    })
    expect(caught('writeback', 'drain', {weaken})).toBeGreaterThan(0)
  })

  it('a device that ignores ordered tags is caught (canary)', () => {
    class Ignoring extends SimBackend {
      override queue(...[op, token, memory, from, offset, length, dsync]: Parameters<SimBackend['queue']>): boolean {
        return super.queue(op, token, memory, from, offset, length, dsync, false)
      }
    }
    const makeBackend: Mistakes['makeBackend'] = (options) => new Ignoring(options)
    expect(caught('directsync', 'tag', {makeBackend})).toBeGreaterThan(0)
  })
})
