import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {forEveryChoice, SECTOR_BYTES} from '../../../src/base/index.js'
import {SimDisk, type CrashKind} from '../../../src/aio/sim/disk.js'
import {checkHistory, HISTORY_SECTORS, historyStep, type HistoryOptions} from './history.js'
import {CRASH_KINDS, images, NONE, sectorValues, Story, WRITEBACK, WRITETHROUGH} from './moments.js'

const hole = (): boolean => false

describe('what a crash of the simulated disk leaves: exactly the images of the crash model, none more and none fewer', () => {
  it('C1: a write in flight is there or not', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      story.submit(0, 1)
      return story
    }
    for (const kind of CRASH_KINDS) expect(images(kind, 1, tell)).toEqual(['0', '1'])
  })

  it('C2: a completed write that was never flushed survives a process kill, and may be lost by the others', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1)
    expect(images('processKill', 1, tell)).toEqual(['1'])
    expect(images('osCrash', 1, tell)).toEqual(['0', '1'])
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
  })

  it('C3: a flush submitted after a write completed makes it stable', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).flush()
    for (const kind of CRASH_KINDS) expect(images(kind, 1, tell)).toEqual(['1'])
  })

  it('C5: of two completed writes of one sector, either or none may be left', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).write(0, 2)
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1', '2'])
  })

  it('C6: a flush between two writes of one sector rules out the state before the first', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).flush().write(0, 2)
    expect(images('powerLoss', 1, tell)).toEqual(['1', '2'])
  })

  it('C7: a write of 8 sectors in flight leaves any of their 256 subsets', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      story.submit(0, 1, 8)
      return story
    }
    expect(images('processKill', 8, tell, {disks: 15, crashes: 900})).toHaveLength(256)
  })

  it('C9: waiting between two writes does not order them in a volatile cache', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).write(1, 1)
    expect(images('powerLoss', 2, tell)).toEqual(['00', '01', '10', '11'])
  })

  it('C10: of two overlapping writes in flight together a flush keeps one, and a read tells which', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      const both = [story.submit(0, 1), story.submit(0, 2)]
      story.disk.progress(() => 0.5)
      for (const change of both) story.complete(change)
      return story.flush()
    }
    expect(images('powerLoss', 1, tell)).toEqual(['1', '2'])
    for (let seed = 1; seed <= 50; seed++) {
      const {disk} = tell(seed)
      expect(sectorValues(disk.crash('powerLoss', seed), 1)).toEqual(sectorValues(disk, 1))
    }
  })

  it('overlapping writes in flight together meet in an order of their own on every sector', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      const both = [story.submit(0, 1, 2), story.submit(0, 2, 2)]
      story.disk.progress(() => 1)
      for (const change of both) story.complete(change)
      return story
    }
    expect(images('processKill', 2, tell)).toEqual(['11', '12', '21', '22'])
  })

  it('C15: under dsync a completed write is stable while one in flight is not', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed, mode: WRITETHROUGH}).write(0, 1)
      story.submit(1, 1)
      return story
    }
    for (const kind of CRASH_KINDS) expect(images(kind, 2, tell)).toEqual(['10', '11'])
  })

  it('C18, C20: an O_DIRECT write into allocated blocks survives an OS crash but not for certain a power cut', () => {
    const tell = (seed: number): Story => new Story({seed, mode: NONE}).write(0, 1)
    expect(images('osCrash', 1, tell)).toEqual(['1'])
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
  })

  it('C19: an O_DIRECT write into a hole may be lost by an OS crash, and reads back as zeroes then', () => {
    const tell = (seed: number): Story => {
      const initial = (_: number, target: Uint8Array): void => void target.fill(7)
      return new Story({seed, mode: NONE, allocated: hole, initial}).write(0, 1)
    }
    expect(images('processKill', 1, tell)).toEqual(['1'])
    expect(images('osCrash', 1, tell)).toEqual(['0', '1'])
  })

  it('a flush makes the allocation stable too, so that the next O_DIRECT write there survives an OS crash', () => {
    const tell = (seed: number): Story => new Story({seed, mode: NONE, allocated: hole}).write(0, 1).flush().write(1, 1)
    expect(images('osCrash', 2, tell)).toEqual(['11'])
    expect(images('powerLoss', 2, tell)).toEqual(['10', '11'])
  })

  it('a dsync write into a hole is stable with its allocation and carries no other write with it for certain', () => {
    const tell = (seed: number): Story =>
      new Story({seed, mode: NONE, allocated: hole}).write(8, 1).write(0, 2, 1, true).write(1, 3)
    expect(images('osCrash', 2, tell)).toEqual(['23'])
    expect(images('powerLoss', 9, tell)).toEqual(['200000000', '200000001', '230000000', '230000001'])
  })

  it('C25: a stable write rules out everything before it on its sector', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).write(0, 2, 1, true)
    expect(images('powerLoss', 1, tell)).toEqual(['2'])
  })

  it('C28: a flush does not cover a write that was in flight when the flush was submitted', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      const [one, two, three] = [story.submit(0, 1), story.submit(1, 2), story.submit(2, 3)] as const
      story.complete(three).complete(two)
      const sync = story.disk.beginSync()
      story.complete(one).disk.endSync(sync, true)
      return story
    }
    expect(images('powerLoss', 3, tell)).toEqual(['023', '123'])
  })

  it('zeroing is stable only after a flush, also where writes are dsync', () => {
    const tell = (seed: number): Story => new Story({seed, mode: WRITETHROUGH}).write(0, 1).zero(0, 8)
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
    expect(images('osCrash', 1, tell)).toEqual(['0', '1'])
    expect(images('powerLoss', 1, (seed) => tell(seed).flush())).toEqual(['0'])
  })

  it('an O_DIRECT write into blocks just zeroed needs their metadata, and may be lost by an OS crash', () => {
    const tell = (seed: number): Story => new Story({seed, mode: NONE}).write(0, 1).flush().zero(0, 8).write(0, 2)
    expect(images('osCrash', 1, tell)).toEqual(['0', '1', '2'])
  })

  it('a crash of a crashed disk follows the same rules: what the first left in a cache may be lost by the second', () => {
    const found = new Set<number>()
    for (let seed = 1; seed <= 100; seed++) {
      const left = new Story({seed}).write(0, 1).disk.crash('processKill', seed)
      expect(sectorValues(left, 1)).toEqual([1])
      for (const value of sectorValues(left.crash('powerLoss', seed), 1)) found.add(value)
      left.endSync(left.beginSync(), true)
      expect(sectorValues(left.crash('powerLoss', seed + 1), 1)).toEqual([1])
    }
    expect(found).toEqual(new Set([0, 1]))
  })
})

describe('a sync of the simulated disk that fails', () => {
  it('makes nothing stable, and no later sync does, though reads show the data', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).flush(false).flush()
    expect(images('processKill', 1, tell)).toEqual(['1'])
    expect(images('osCrash', 1, tell)).toEqual(['0', '1'])
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
  })

  it('C23: rewriting the sector and flushing makes it stable again', () => {
    const tell = (seed: number): Story => new Story({seed}).write(0, 1).flush(false).write(0, 2).flush()
    expect(images('powerLoss', 1, tell)).toEqual(['2'])
  })

  it('can take a write with it that was in flight beside it', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      const change = story.submit(0, 1)
      story.disk.progress(() => 0.5)
      return story.flush(false).complete(change).flush()
    }
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
  })

  it('can be told to one caller only, while another sync beside it reports success', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed}).write(0, 1)
      const [believed, failed] = [story.disk.beginSync(), story.disk.beginSync()]
      story.disk.endSync(failed, false)
      story.disk.endSync(believed, true)
      return story
    }
    expect(images('powerLoss', 1, tell)).toEqual(['0', '1'])
  })
})

describe('a write of the simulated disk', () => {
  it('that fails leaves any of its sectors changed', () => {
    const tell = (seed: number): Story => {
      const story = new Story({seed})
      story.disk.endChange(story.submit(0, 1, 2), false)
      return story
    }
    expect(images('processKill', 2, tell)).toEqual(['00', '01', '10', '11'])
  })

  it('reads its data when a sector is applied, so that a buffer reused too early shows', () => {
    const found = new Set<string>()
    for (let seed = 1; seed <= 50; seed++) {
      const story = new Story({seed})
      const data = new Uint8Array(2 * SECTOR_BYTES).fill(1)
      const change = story.disk.beginWrite(0, data, false)
      story.disk.progress(() => 0.5)
      data.fill(2)
      story.complete(change)
      found.add(sectorValues(story.disk, 2).join(''))
    }
    expect([...found].toSorted()).toEqual(['11', '12', '21', '22'])
  })

  it('may start and end anywhere in the page cache, and leaves the bytes beside it alone', () => {
    const disk = new SimDisk({
      sizeBytes: 4096,
      seed: 1,
      mode: WRITEBACK,
      initial: (_, target) => void target.fill(5),
    })
    disk.endChange(disk.beginWrite(510, new Uint8Array(4).fill(9), false), true)
    const bytes = new Uint8Array(8)
    disk.read(508, bytes)
    expect([...bytes]).toEqual([5, 5, 9, 9, 9, 9, 5, 5])
  })

  it('costs memory for its own sectors only, on a disk of a tebibyte', () => {
    const disk = new SimDisk({sizeBytes: 2 ** 40, seed: 1, mode: NONE})
    disk.endChange(disk.beginWrite(2 ** 40 - 4096, new Uint8Array(4096).fill(3), false), true)
    expect(disk.volatileBytes).toBe(4096)
    const bytes = new Uint8Array(8192)
    disk.read(2 ** 40 - 8192, bytes)
    expect([...new Set(bytes.subarray(0, 4096))]).toEqual([0])
    expect([...new Set(bytes.subarray(4096))]).toEqual([3])
  })
})

describe('which blocks are fresh', () => {
  const block = {offsetBytes: 4096, lengthBytes: 4096}

  it('is told in whole blocks, for holes and for what a ZERO left unwritten', () => {
    const {disk} = new Story({seed: 1, mode: NONE, allocated: (sector) => sector >= 16}).zero(16, 8)
    expect(disk.freshRanges(512, 16384)).toEqual([{offsetBytes: 0, lengthBytes: 12288}])
    expect(disk.freshRanges(12288, 4096)).toEqual([])
  })

  it('leaves a block fresh that was zeroed in part', () => {
    const {disk} = new Story({seed: 1, mode: NONE}).zero(9, 7)
    expect(disk.freshRanges(4096, 4096)).toEqual([])
  })

  it('counts a block as fresh until its allocation is committed, while an extent map calls it written at once', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const {disk} = new Story({seed, mode: NONE, allocated: hole})
      disk.endChange(disk.beginWrite(4096, new Uint8Array(512), false), true)
      expect(disk.freshRanges(4096, 4096)).toEqual([block])
      expect(disk.freshRanges(4096, 4096, 'extents')).toEqual([])
      disk.endSync(disk.beginSync(), true)
      expect(disk.freshRanges(4096, 4096)).toEqual([])
    }
  })

  it('counts delayed allocation of buffered writes as fresh in both views', () => {
    const {disk} = new Story({seed: 1, allocated: hole})
    disk.endChange(disk.beginWrite(4096, new Uint8Array(512), false), true)
    expect(disk.freshRanges(4096, 4096)).toEqual([block])
    expect(disk.freshRanges(4096, 4096, 'extents')).toEqual([block])
  })
})

describe('a disk whose choices are made by another', () => {
  it('shows every image of a moment once all of them are made in turn', () => {
    const {disk} = new Story({seed: 1}).write(0, 1).write(1, 2)
    const left = (kind: CrashKind): string[] => {
      const found = new Set<string>()
      forEveryChoice((chooser) => found.add(sectorValues(disk.crash(kind, chooser), 2).join('')), {limit: 100})
      return [...found].toSorted()
    }
    // The seed 1 is a disk that moves nothing unasked, so both writes are still in host memory.
    expect(left('processKill')).toEqual(['12'])
    expect(left('osCrash')).toEqual(['00', '12'])
    expect(left('powerLoss')).toEqual(['00', '02', '10', '12'])
  })

  it('lets each block and each sector move on or not, once, when it drifts', () => {
    const reached = new Set<string>()
    const runs = forEveryChoice(
      (random) => {
        const {disk} = new Story({seed: 1, random}).write(0, 1)
        reached.add(disk.fingerprint((bytes) => String(bytes[0])))
      },
      {limit: 100},
    )
    // In host memory; in the drive; on the medium.
    expect(runs).toBe(3)
    expect(reached.size).toBe(3)
  })
})

describe('a careless disk', () => {
  it('may write a block back in parts, which another never does', () => {
    const tell = (careless: boolean) => (seed: number) => new Story({seed, careless}).write(0, 1, 2)
    expect(images('osCrash', 2, tell(false))).toEqual(['00', '11'])
    expect(images('osCrash', 2, tell(true))).toEqual(['00', '01', '10', '11'])
  })

  it('may lose what was written over a block whose allocation moved on unasked, and leave what was there before', () => {
    const tell = (careless: boolean) => (seed: number) =>
      new Story({seed, careless, mode: NONE, allocated: hole}).write(0, 1).write(0, 2)
    expect(images('osCrash', 1, tell(false))).toEqual(['0', '2'])
    expect(images('osCrash', 1, tell(true), {disks: 300, crashes: 5})).toEqual(['0', '1', '2'])
  })

  it('loses nothing of that once a sync has settled the allocation', () => {
    const tell = (seed: number): Story =>
      new Story({seed, careless: true, mode: NONE, allocated: hole}).write(0, 1).flush().write(0, 2)
    expect(images('osCrash', 1, tell)).toEqual(['2'])
  })
})

describe('a disk that lies', () => {
  it('about flushes answers a sync and makes nothing stable, but keeps the word of a dsync write', () => {
    const tell = (seed: number): Story => new Story({seed, lies: 'flush'}).write(0, 1).flush().write(1, 2, 1, true)
    expect(images('powerLoss', 2, tell)).toEqual(['02', '12'])
  })

  it('about dsync writes may lose them, but keeps the word of a sync', () => {
    const tell = (seed: number): Story => new Story({seed, lies: 'fua'}).write(0, 1).flush().write(1, 2, 1, true)
    expect(images('powerLoss', 2, tell)).toEqual(['10', '12'])
  })
})

describe('random histories', () => {
  const SEED = 20_260
  const program = fc.record({
    options: fc.record({
      seed: fc.nat(1e6),
      direct: fc.boolean(),
      dsync: fc.boolean(),
      holes: fc.boolean(),
      failures: fc.boolean(),
      view: fc.constantFrom<HistoryOptions['view']>('committed', 'extents'),
    }),
    steps: fc.array(historyStep, {minLength: 5, maxLength: 60}),
    crashSeeds: fc.array(fc.nat(1e6), {minLength: 6, maxLength: 6}),
  })

  it(`leave on every sector one of the values the crash model allows (fast-check seed ${SEED})`, () => {
    fc.assert(
      fc.property(program, ({options, steps, crashSeeds}) => checkHistory(options, steps, crashSeeds)),
      {seed: SEED, numRuns: 1000},
    )
  }, 60_000)

  it(`would be caught if a sync were believed too early (fast-check seed ${SEED})`, () => {
    const credulous = fc.property(program, ({options, steps, crashSeeds}) =>
      checkHistory({...options, coversInFlight: true}, steps, crashSeeds),
    )
    expect(fc.check(credulous, {seed: SEED, numRuns: 1000}).failed).toBe(true)
  })

  it('lose more to an OS crash than to a process kill and more to a power cut than to an OS crash', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const story = new Story({seed, mode: seed % 2 ? NONE : WRITEBACK, allocated: (sector) => sector % 16 < 8})
      for (let i = 0; i < 6; i++) story.write((i * 5) % HISTORY_SECTORS, 1, 3)
      story.submit(40, 1, 8)
      story.disk.progress(() => 0.3)
      const [kill, os, power] = CRASH_KINDS.map((kind) => sectorValues(story.disk.crash(kind, seed), 64))
      kill?.forEach((value, i) => expect(value).toBeGreaterThanOrEqual(os?.[i] ?? Number.NaN))
      os?.forEach((value, i) => expect(value).toBeGreaterThanOrEqual(power?.[i] ?? Number.NaN))
    }
  })

  it('repeat exactly with the same seeds, and differ with others', () => {
    const tell = (seed: number, crashSeed: number): string => {
      const story = new Story({seed})
      for (let i = 0; i < 12; i++) story.write(i, 1)
      return sectorValues(story.disk.crash('powerLoss', crashSeed), 12).join('')
    }
    for (let seed = 1; seed <= 20; seed++) expect(tell(seed, 5)).toBe(tell(seed, 5))
    expect(new Set(Array.from({length: 20}, (_, seed) => tell(seed, 5))).size).toBeGreaterThan(1)
    expect(new Set(Array.from({length: 20}, (_, seed) => tell(1, seed))).size).toBeGreaterThan(1)
  })
})
