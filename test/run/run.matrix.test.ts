import {describe, expect, it} from 'vitest'
import {diskModelOf} from '../../src/aio/index.js'
import {CACHE_MODES, type CacheMode} from '../../src/cache-mode/index.js'
import {matrixCell} from '../../src/durability/index.js'
import {ERAS, factsIn, FRONTENDS, type Era, type Frontend} from '../../src/frontend/index.js'
import type {RunResult} from '../../src/run/result.js'
import type {GuestChoice} from '../../src/run/session.js'
import {guestWith, runLines} from './batch-run.js'

interface Cell {
  readonly frontend: Frontend
  readonly era: Era
  readonly mode: CacheMode
}

const CELLS: readonly Cell[] = FRONTENDS.flatMap((frontend) =>
  ERAS.flatMap((era) => CACHE_MODES.map((mode) => ({frontend, era, mode}))),
)

/** The guest of a cell; where O_DIRECT needs a permission it is given, for the mode to stay what it is. */
function guestOf({frontend, era}: Cell): GuestChoice {
  const permission = factsIn(frontend, era).asksForDirectIo.value ? true : undefined
  return guestWith(frontend.name, era.name, {directIoSafe: permission})
}

async function runCell(cell: Cell, lines: readonly string[]): Promise<RunResult> {
  return runLines(lines, {mode: cell.mode.name, guest: guestOf(cell)})
}

describe.each(CELLS)('$frontend.name ($era.name) under $mode.name', (cell) => {
  const {failure} = matrixCell(factsIn(cell.frontend, cell.era), cell.mode)
  const stable = failure !== 'stability'

  it(`a write that is followed by an fsync is ${stable ? 'stable' : 'not stable'} when the fsync is done`, async () => {
    const result = await runCell(cell, ['OUT 0 4k pattern=0xaa', 'FSYNC'])
    expect(result.mode.name).toBe(cell.mode.name)
    expect(result.counts).toMatchObject({ok: 2, writes: 1, stableWrites: stable ? 1 : 0})
    expect(result.atRisk.powerLoss.bytes).toBe(stable ? 0 : 4096)
    expect(result.atRisk.osCrash.bytes).toBe(stable ? 0 : 4096)
    expect(result.atRisk.processKill.bytes).toBe(0)
  })

  it('the hazards name a write that is not stable, and an fsync whose flush was not sent', async () => {
    const {hazards, commands} = await runCell(cell, ['OUT 0 4k pattern=0xaa', 'FSYNC'])
    const codes = hazards.map(({code}) => code)
    expect(codes.includes('NOT_FLUSHED')).toBe(!stable)
    expect(codes.includes('FLUSH_NOT_SENT')).toBe(commands.flushesNotSent > 0)
    // A flush is missing exactly where nobody ignores it and the write is volatile all the same.
    const missing = codes.includes('FLUSH_NOT_SENT')
    expect(cell.mode.noFlush || missing === !stable).toBe(true)
  })
})

describe('requests at depth 4 with a barrier between them', () => {
  const batch = ['OUT 0 4k', 'BARRIER', 'OUT 64k 4k']
  const options = {mode: 'none', depth: 4, diskModel: diskModelOf('ssd')} as const

  async function elapsedNs(lines: readonly string[], guest: GuestChoice): Promise<number> {
    return (await runLines(lines, {...options, guest})).aio.elapsedNs
  }

  it('E2: pass each other where the driver of virtio-blk (2009) declares no order', async () => {
    const guest = guestWith('virtio-blk', '2009')
    const result = await runLines(batch, {...options, guest})
    const [, barrier] = [...result.outcomes]
    expect(barrier).toMatchObject({status: 'UNSUPP', reason: 'the driver declares no barriers (EOPNOTSUPP)'})
    expect(result.hazards.map(({code}) => code)).toContain('BARRIER_REFUSED')
    expect(result.aio.elapsedNs).toBe(await elapsedNs(['OUT 0 4k', 'OUT 64k 4k'], guest))
  })

  it.each([
    ['virtio-blk', ['virtio-drain']],
    ['ide', []],
  ] as const)('wait for each other where the driver of %s drains', async (name, steps) => {
    const guest = guestWith(name, '2009', {steps})
    const drained = await elapsedNs(batch, guest)
    expect(drained).toBeGreaterThan(await elapsedNs(['OUT 0 4k', 'OUT 64k 4k'], guest))
    expect(drained).toBeGreaterThanOrEqual(await elapsedNs(['OUT 0 4k', 'WAIT', 'OUT 64k 4k'], guest))
  })
})
