import {describe, expect, it} from 'vitest'

import {SimBackend} from '../../src/aio/sim/backend.js'
import {SimDisk} from '../../src/aio/sim/disk.js'
import type {SimFault} from '../../src/aio/sim/fault.js'
import {ERRNO, Prng, SECTOR_BYTES} from '../../src/base/index.js'
import {CACHE_MODES, trustsStableWrites, type CacheMode} from '../../src/cache-mode/index.js'
import {Ledger, type CrashKind} from '../../src/durability/index.js'
import {Engine, SYNC_TOKENS} from '../../src/engine/index.js'
import {ORDERING_MODES, type OrderingMode} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_UNMAP, idBytes} from '../../src/request/index.js'

// Random batches run through the real engine on a simulated disk. At a random moment the power is cut (or the OS crashes, or
// the process is killed), several times over from that same moment, and every sector of what is left must be one of the values
// the ledger allows. Where it allows one value only, that is the promise "stable".

const SECTORS = 40
const SIZE_BYTES = SECTORS * SECTOR_BYTES
const IN = 0
const OUT = 1
const FLUSH = 4
const DISCARD = 11
const WRITE_ZEROES = 13
const KINDS: readonly CrashKind[] = ['processKill', 'osCrash', 'powerLoss']
const CUTS = 3

/** What one experiment is made of; everything follows from the seed. */
interface Experiment {
  readonly seed: number
  readonly mode: CacheMode
  readonly ordering: OrderingMode
}

/** The bytes request `id` puts into a sector; id 0 is the content before the run. */
function sectorOf(id: number): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES)
  new Prng(id + 1).fill(sector)
  return sector
}

type Candidates = (kind: CrashKind, sector: number) => readonly number[]

/** Runs one experiment. @returns the sectors that hold something not allowed, in words */
function violationsOf({seed, mode, ordering}: Experiment, weaken?: (ledger: Ledger) => Candidates): string[] {
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
  const backend = new SimBackend({disk, seed: prng.next(), faults: randomFaults(prng), tokens: depth + SYNC_TOKENS})
  const ledger = new Ledger(mode, ordering)
  const engine = new Engine({
    device: {capacitySectors: SECTORS, readOnly: false, logicalBlockBytes: SECTOR_BYTES},
    mode,
    ordering,
    backend,
    depth,
    alignmentBytes: 1,
    soleWriter: prng.chance(0.5),
    id: idBytes('model'),
    observer: (event) => ledger.observe(event),
    freshRanges: (offsetBytes, lengthBytes) => disk.freshRanges(offsetBytes, lengthBytes, 'extents'),
  })
  const zeroing = new Set<number>()
  const discards = new Set<number>()
  const stepsBeforeCut = prng.below(60)
  for (let step = 0; step < stepsBeforeCut; step++) {
    if (engine.room > 0 && prng.chance(0.6)) submitRandom(engine, backend, prng, zeroing, discards)
    else void engine.tick(engine.room === 0 || prng.chance(0.3))
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) engine.release(slot)
  }
  const candidates: Candidates = weaken?.(ledger) ?? ((kind, sector) => ledger.candidates(kind, sector))
  const contentOf = (id: number, sector: number): Uint8Array => {
    const isHole = holes.has(Math.floor(sector / 8))
    return zeroing.has(id) || (id === 0 && isHole) ? new Uint8Array(SECTOR_BYTES) : sectorOf(id)
  }
  const violations: string[] = []
  for (const kind of KINDS) {
    for (let cut = 0; cut < CUTS; cut++) {
      const left = disk.crash(kind, prng.next())
      const found = new Uint8Array(SECTOR_BYTES)
      for (let sector = 0; sector < SECTORS; sector++) {
        const allowed = candidates(kind, sector)
        if (allowed.some((id) => discards.has(id))) continue // a discarded sector may hold anything
        left.read(sector * SECTOR_BYTES, found)
        if (allowed.some((id) => Buffer.compare(contentOf(id, sector), found) === 0)) continue
        violations.push(
          `${mode.name}, ${ordering.name}, ${kind}, seed ${seed}: sector ${sector} is none of ${allowed.join()}`,
        )
      }
    }
  }
  return violations
}

function submitRandom(
  engine: Engine,
  backend: SimBackend,
  prng: Prng,
  zeroing: Set<number>,
  discards: Set<number>,
): void {
  const id = engine.nextId
  const type = prng.pick([IN, OUT, OUT, OUT, OUT, FLUSH, FLUSH, DISCARD, WRITE_ZEROES])
  const start = prng.below(SECTORS)
  const sectors = 1 + prng.below(Math.min(10, SECTORS - start))
  let flags = prng.chance(0.1) ? FLAG_BARRIER : 0
  if (type === OUT && prng.chance(0.2)) flags |= FLAG_FUA
  if (type === WRITE_ZEROES && prng.chance(0.5)) flags |= FLAG_UNMAP
  if (type === WRITE_ZEROES) zeroing.add(id)
  if (type === DISCARD) discards.add(id)
  const memory = backend.createMemory(sectors * SECTOR_BYTES)
  for (let at = 0; at < memory.bytes.length; at += SECTOR_BYTES) memory.bytes.set(sectorOf(id), at)
  const after = id > 1 && prng.chance(0.15) ? [1 + prng.below(id - 1)] : undefined
  const isFlush = type === FLUSH
  engine.submit(type, flags, isFlush ? 0 : start * SECTOR_BYTES, isFlush ? 0 : memory.bytes.length, memory, 0, after)
}

/** Now and then a disk that fails. */
function randomFaults(prng: Prng): SimFault[] {
  const faults: SimFault[] = []
  if (prng.chance(0.2)) faults.push({step: 'sync', nth: 1 + prng.below(4), effect: {kind: 'errno', errno: ERRNO.EIO}})
  if (prng.chance(0.2)) faults.push({step: 'write', probability: 0.1, effect: {kind: 'errno', errno: ERRNO.ENOSPC}})
  if (prng.chance(0.2)) faults.push({step: 'write', probability: 0.2, effect: {kind: 'short', bytes: SECTOR_BYTES}})
  if (prng.chance(0.1)) faults.push({step: 'zero', probability: 0.2, effect: {kind: 'errno', errno: ERRNO.EOPNOTSUPP}})
  return faults
}

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 400)

describe('when the power is cut at a random moment', () => {
  for (const mode of CACHE_MODES) {
    it(`every sector holds a value that the ledger allows under ${mode.name}`, {timeout: 120_000}, () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const ordering = ORDERING_MODES[seed % ORDERING_MODES.length] as OrderingMode
        expect(violationsOf({seed, mode, ordering})).toEqual([])
      }
    })
  }

  it('a ledger that lets only the newest write stand is caught (canary)', {timeout: 120_000}, () => {
    const mode = CACHE_MODES.find(({name}) => name === 'writeback') as CacheMode
    const tooStrong =
      (ledger: Ledger): Candidates =>
      (kind, sector) =>
        ledger.candidates(kind, sector).slice(-1)
    const ordering = ORDERING_MODES[1] as OrderingMode
    const caught = Array.from({length: 50}, (_, i) => violationsOf({seed: i + 1, mode, ordering}, tooStrong))
    expect(caught.flat().length).toBeGreaterThan(0)
  })
})
