import {describe, expect, it} from 'vitest'
import {SimBackend, type SimBackendOptions} from '../../../src/aio/sim/backend.js'
import {SimDevice} from '../../../src/aio/sim/device.js'
import {DISK_MODELS, diskModelOf, type DiskModel} from '../../../src/aio/sim/disk-model.js'
import {SimDisk} from '../../../src/aio/sim/disk.js'
import {Passage} from '../../../src/aio/sim/passage.js'
import {STEP_WRITE} from '../../../src/request/index.js'
import {endsOf, latenciesOf, type Act} from './driver.js'
import {NONE, sectorValues, WRITEBACK} from './moments.js'
import {TOY, TOY_HDD} from './toy-model.js'

const SIZE_BYTES = 1 << 16

function backendOf(options: Partial<SimBackendOptions>, mode = NONE): SimBackend {
  return new SimBackend({disk: new SimDisk({sizeBytes: SIZE_BYTES, seed: 1, mode}), seed: 1, ...options})
}

const ends = (model: DiskModel, acts: readonly Act[], mode = NONE): Promise<number[]> =>
  endsOf(backendOf({model}, mode), acts)
const total = (latencies: readonly number[]): number => latencies.reduce((sum, ns) => sum + ns, 0)

describe('the cost of a small program, reckoned by hand from the fields of the model,', () => {
  it('of two writes: the second waits for the channel, not for the host', async () => {
    // Each 500 interface + 2000 command: ends at 2500 and 5000, known 1000 later.
    expect(await ends(TOY, [{write: 0}, {write: 8}])).toEqual([3_500, 6_000])
  })

  it('of two writes on two channels: the second waits for the interface', async () => {
    expect(await ends({...TOY, channels: 2}, [{write: 0}, {write: 8}])).toEqual([3_500, 4_000])
  })

  it('of a write and an ordered flush: no round trip between them', async () => {
    // The write ends at 2500; then 2000 command + 1000 destaging + 10,000 flush: 15,500, known 1000 later.
    expect(await ends(TOY, [{write: 0}, {ordered: true}])).toEqual([3_500, 16_500])
  })

  it('of a write, drained, and a flush: one round trip more', async () => {
    // Known at 3500; 3500 + 13,000, known 1000 later.
    expect(await latenciesOf(backendOf({model: TOY}), [{write: 0}, {}])).toEqual([3_500, 14_000])
  })

  it('of two reads a quarter of the disk apart: a seek and half a turn', async () => {
    // 500 + 2000 + 1000; then 500 + 2000 + seek 1000 + 8000 / 2 + half a turn 3000 + 1000.
    expect(await ends(TOY_HDD, [{read: 0}, {read: 33}])).toEqual([4_500, 16_000])
  })

  it('of a stable write without FUA: a write, a round trip, a flush', async () => {
    // 2500, known 3500; 2000 + 1000 + 10,000: 16,500, known 17,500.
    expect(await ends(TOY, [{write: 0, dsync: true}])).toEqual([17_500])
  })

  it('of a stable write with FUA: one command to the medium', async () => {
    // 500 + 2000 + 1000 + 700, known 1000 later.
    expect(await ends({...TOY, hasFua: true, fuaNs: 700}, [{write: 0, dsync: true}])).toEqual([5_200])
  })

  it('of a buffered write, a sync, and a read of what was written: memory, the disk, memory', async () => {
    // A copy is 100 + 100, with no round trip.
    // The sync: 2500 to write back, 1000 to know it, 2000 + 1000 + 10,000 to flush, 1000 to know it.
    expect(await latenciesOf(backendOf({model: TOY}, WRITEBACK), [{write: 0}, {}, {read: 0}])).toEqual([
      200, 17_500, 200,
    ])
  })

  it('of a buffered read of what nobody wrote: the disk, a round trip, a copy', async () => {
    expect(await latenciesOf(backendOf({model: TOY}, WRITEBACK), [{read: 9}, {read: 9}])).toEqual([4_700, 200])
  })

  it('of two buffered writes: one copy after the other', async () => {
    expect(await ends(TOY, [{write: 0}, {write: 8, sectors: 2}], WRITEBACK)).toEqual([200, 500])
  })

  it('of two buffered reads: the drive one after the other, each copied when it is there', async () => {
    // Read at 3500 and 7000; each 1000 later, 200 to copy.
    expect(await ends(TOY, [{read: 0}, {read: 1}], WRITEBACK)).toEqual([4_700, 8_200])
  })

  it('of a step that is refused: one call', async () => {
    expect(await latenciesOf(backendOf({model: TOY, readOnly: true}), [{write: 0}])).toEqual([100])
  })

  it('of a step with a delay: that much more', async () => {
    const faults = [{step: 'write', effect: {kind: 'delay', ns: 12_345}}] as const
    expect(await latenciesOf(backendOf({model: TOY, faults}), [{write: 0}])).toEqual([3_500 + 12_345])
  })
})

describe('the model has no chance in it', () => {
  it.each(DISK_MODELS)('$name costs the same with every seed', async (model) => {
    const acts = Array.from({length: 24}, (_, i): Act =>
      i % 5 === 4 ? {} : {write: (i * 37) % 120, sectors: 1 + (i % 8)},
    )
    const runs = [1, 2, 3].map((seed) => endsOf(backendOf({model, seed}), acts))
    const [first, second, third] = await Promise.all(runs)
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  })
})

describe('a flush after each write', () => {
  const sectors = Array.from({length: 16}, (_, i) => (i * 53) % 127)

  it.each(DISK_MODELS)(
    'costs less in order than drained on the $name model: every round trip but the last',
    async (model) => {
      const acts = sectors.flatMap((sector): Act[] => [{write: sector}, {}])
      const drained = total(await latenciesOf(backendOf({model}), acts))
      const ordered = Math.max(
        ...(await ends(
          model,
          acts.map((act) => ({...act, ordered: act.write === undefined})),
        )),
      )
      expect(ordered).toBeLessThan(drained)
      expect(drained - ordered).toBe((acts.length - 1) * model.roundTripNs)
    },
  )

  it.each(DISK_MODELS)('in batches costs less in order than drained on the $name model', async (model) => {
    const batches = [0, 4, 8, 12].map((from) => sectors.slice(from, from + 4).map((write): Act => ({write})))
    const backend = backendOf({model})
    for (const batch of batches) {
      await endsOf(backend, batch)
      await endsOf(backend, [{}])
    }
    const ordered = Math.max(
      ...(await ends(
        model,
        batches.flatMap((batch) => [...batch, {ordered: true}]),
      )),
    )
    expect(ordered).toBeLessThan(backend.nowNs())
  })

  it('is no dearer drained when nothing passes between the host and the drive', async () => {
    const model = {...TOY, roundTripNs: 0}
    const acts = sectors.flatMap((sector): Act[] => [{write: sector}, {}])
    const ordered = await ends(
      model,
      acts.map((act) => ({...act, ordered: act.write === undefined})),
    )
    expect(total(await latenciesOf(backendOf({model}), acts))).toBe(Math.max(...ordered))
  })
})

describe('waiting for every step', () => {
  const reads = [100, 5, 60, 2, 90, 30].map((read): Act => ({read}))

  it('loses the channels that would have worked side by side', async () => {
    const model = {...TOY, channels: 6, roundTripNs: 0}
    const together = Math.max(...(await ends(model, reads)))
    // One after the other: 6 * (500 + 2000 + 1000). Together: the interface, six times 500, then 2000 + 1000.
    expect([total(await latenciesOf(backendOf({model}), reads)), together]).toEqual([21_000, 6_000])
  })

  it('loses the choice of the shortest way', async () => {
    const model = {...TOY_HDD, scheduling: 'shortest-seek', roundTripNs: 0} as const
    expect(Math.max(...(await ends(model, reads)))).toBeLessThan(total(await latenciesOf(backendOf({model}), reads)))
  })
})

/**
 * A disk that makes the comparison of two guests easy to reckon: a write takes 1000 on the interface and 10,000 on one of
 * four channels, 16,000 with its round trip; a flush 10,000 and 100,000, and 250 for each dirty sector.
 */
const SHARED: DiskModel = {
  ...TOY,
  channels: 4,
  roundTripNs: 5_000,
  commandNs: 10_000,
  mediumBytesPerSecond: 512e6,
  interfaceBytesPerSecond: 512e6,
  cacheBytes: 1 << 20,
  flushNs: 100_000,
}
const GUEST_B = Array.from({length: 10}, (_, i): Act => ({write: i}))

/** What the writes of guest B take beside a guest A, which writes and flushes again and again in its own way. */
async function beside(
  model: DiskModel,
  guestA: 'absent' | 'drains' | 'tags',
): Promise<{longestNs: number; meanNs: number}> {
  const device = new SimDevice(model)
  const [a, b] = [backendOf({device}), backendOf({device})]
  const drive = async (): Promise<void> => {
    for (let round = 0; guestA !== 'absent' && round < 12; round++) {
      if (guestA === 'drains') await latenciesOf(a, [{write: round}, {}])
      else await endsOf(a, [{write: round}, {ordered: true}])
    }
    await a.close()
  }
  const measure = async (): Promise<number[]> => {
    const latencies = await latenciesOf(b, GUEST_B)
    await b.close()
    return latencies
  }
  const [latencies] = await Promise.all([measure(), drive()])
  return {longestNs: Math.max(...latencies), meanNs: total(latencies) / latencies.length}
}

describe('two guests on one device', () => {
  it('alone, a write of guest B takes 16,000 ns', async () => {
    expect(await beside(SHARED, 'absent')).toEqual({longestNs: 16_000, meanNs: 16_000})
  })

  it('beside a guest that drains, it takes no longer: the guest waits for itself', async () => {
    // A's first write is carried from 1000 to 2000, behind B's, known at 17,000; its flush is known at 132,750, its next
    // write carried from then to 133,750: never when B's is, which begin at multiples of 16,000.
    expect(await beside(SHARED, 'drains')).toEqual({longestNs: 16_000, meanNs: 16_000})
  })

  it('beside a guest that drains, on a disk that flushes alone, it waits for the flushes', async () => {
    // A's flush arrives at 17,000, waits until B's second write ends at 27,000, destages three sectors, ends at 137,750.
    // B's third write, of 32,000, ends at 148,750, known at 153,750: 121,750. Every second one from there on meets a flush:
    // (6 * 16,000 + 4 * 121,750) / 10.
    expect(await beside({...SHARED, flushAlone: true}, 'drains')).toEqual({longestNs: 121_750, meanNs: 58_300})
  })

  it('beside a guest that uses ordered tags, it is held by every one of them', async () => {
    // B's first write is ahead of the tag: 16,000. A's first write ends at 12,000, and its flush, with two sectors, lasts
    // from then to 122,500. B's second, of 16,000, is held until then, known at 138,500: 122,500. A's next tag was handed
    // over at 127,500; from there on B waits for a whole flush, 110,500, and for its own 16,000.
    const all = 16_000 + 122_500 + 8 * 126_500
    expect(await beside(SHARED, 'tags')).toEqual({longestNs: 126_500, meanNs: all / 10})
  })

  it('does the same each time', async () => {
    const run = (): Promise<unknown> => beside(diskModelOf('nvme'), 'tags')
    expect(await run()).toEqual(await run())
  })

  it('shares one clock', async () => {
    const device = new SimDevice(TOY)
    const [a, b] = [backendOf({device}), backendOf({device})]
    await Promise.all([endsOf(a, [{write: 0}]).then(() => a.close()), endsOf(b, [{write: 0}]).then(() => b.close())])
    expect([a.nowNs(), b.nowNs(), device.nowNs]).toEqual([6_000, 6_000, 6_000])
  })

  it('keeps what each of them wrote apart', async () => {
    const device = new SimDevice(TOY)
    const [a, b] = [backendOf({device}), backendOf({device})]
    await endsOf(a, [{write: 0, ordered: true}])
    const memory = b.createMemory(512)
    memory.bytes.fill(7)
    b.queue(STEP_WRITE, 0, memory, 0, 512, 512, false, true)
    for (let ended = 0; ended === 0; ended = b.reap()) await b.submit(true)
    expect([sectorValues(a.powerCut('processKill', 1), 2), sectorValues(b.powerCut('processKill', 1), 2)]).toEqual([
      [0, 0],
      [0, 7],
    ])
  })

  it('goes on when one of them closes in the middle of its steps, which is an internal error of that one', async () => {
    const device = new SimDevice(TOY)
    const [a, b] = [backendOf({device}), backendOf({device})]
    const memory = a.createMemory(512)
    a.queue(STEP_WRITE, 0, memory, 0, 0, 512, false)
    a.queue(STEP_WRITE, 1, memory, 0, 0, 512, false, true)
    expect(a.submit(false)).toBeUndefined()
    const others = endsOf(b, [{write: 0}])
    await expect(a.close()).rejects.toThrow(/2 steps outstanding/)
    expect(await others).toHaveLength(1)
  })
})

describe('the device', () => {
  it('is told of a step that cannot come to an end by an internal error', () => {
    const device = new SimDevice()
    const stuck = new Passage(false, {freeNs: 0}, {start: () => [{kind: 'flush'}], end: () => {}, report: () => {}})
    expect(() => device.hand([stuck])).toThrow(/without a model/)
  })

  it('has nothing to do when nothing was handed over', () => {
    const device = new SimDevice(TOY)
    expect(device.next()).toBe(false)
    device.pass(5)
    expect(device.nowNs).toBe(5)
  })

  it('lets images lie one behind the other: a seek leads from one to the other', async () => {
    const device = new SimDevice(TOY_HDD)
    const [a, b] = [backendOf({device}), backendOf({device})]
    const first = await latenciesOf(a, [{read: 0}])
    // From sector 1 of the first image to sector 0 of the second, of 256 in all: 127 of 256 sectors of way.
    const second = await latenciesOf(b, [{read: 0}])
    const seekNs = 1_000 + 8_000 * Math.sqrt(127 / 256)
    expect([first, second]).toEqual([[4_500], [Math.round(500 + 2_000 + seekNs + 3_000 + 1_000) + 1_000]])
  })
})
