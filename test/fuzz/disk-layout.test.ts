import {describe, expect, it} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {infoDocument, openTarget, partitionsDocument, summaryOf} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type Document} from '../../src/report/index.js'
import {Disk} from '../disk-layout/disk.js'
import {GOLDEN} from '../disk-layout/signature/golden.js'
import {Scene} from '../image/scene.js'
import {look, mutant, original} from './mutant.js'

const MUTANTS = 60

/** Disks with partitions, each holding something. */
function partitioned(): Uint8Array[] {
  const content = (index: number): Uint8Array => GOLDEN[index]?.disk.bytes.subarray(0, 80 << 10) ?? new Uint8Array(0)
  const mib = 256 // sectors: an eighth of one, so that thousands of looks stay cheap
  const gpt = new Disk(40 * mib).gpt([
    {first: mib, last: 5 * mib - 1, name: 'one'},
    {first: 5 * mib, last: 20 * mib - 1, name: 'two'},
  ])
  const large = new Disk(2048, 4096).gpt([{first: 256, last: 1279}])
  const dos = new Disk(40 * mib)
    .record(0, [
      {type: 0x83, firstLba: mib, sectors: 8 * mib},
      {type: 0x05, firstLba: 10 * mib, sectors: 20 * mib},
    ])
    .record(10 * mib, [
      {type: 0x83, firstLba: 8, sectors: 4 * mib},
      {type: 0x05, firstLba: 10 * mib, sectors: 8 * mib},
    ])
    .record(20 * mib, [{type: 0x82, firstLba: 8, sectors: 4 * mib}])
  return [
    gpt.put(mib * 512, content(2)).put(5 * mib * 512, content(8)).bytes,
    large.put(256 * 4096, content(0)).bytes,
    dos.put(mib * 512, content(10)).put((20 * mib + 8) * 512, content(15)).bytes,
  ]
}

/** Writes a document in every format. @returns how long the shortest is */
async function shortest(document: Document): Promise<number> {
  const lengths: number[] = []
  for (const format of FORMAT_NAMES) {
    let written = 0
    for await (const chunk of renderDocument(document, format, {width: 80, color: false})) written += chunk.length
    lengths.push(written)
  }
  return Math.min(...lengths)
}

describe('a damaged image never makes a parser fail, read outside or read without end', () => {
  it.each(GOLDEN)('$kind', ({kind, disk}) => {
    const whole = original(disk.bytes)
    for (let seed = 1; seed <= MUTANTS; seed++) {
      const image = mutant(whole, new Prng(seed))
      expect(() => look(image), `seed ${seed} of ${kind}`).not.toThrow()
    }
  })

  it('disks with partitions, of which every report can still be written', async () => {
    for (const [index, whole] of partitioned().map(original).entries()) {
      for (let seed = 1; seed <= MUTANTS; seed++) {
        const contents = look(mutant(whole, new Prng(index * 1000 + seed)))
        if (contents.table === undefined) continue
        expect(await shortest(partitionsDocument('disk', contents.table, contents))).toBeGreaterThan(0)
      }
    }
  })

  it('anything, of which everything that info says can still be written', async () => {
    const scene = new Scene()
    try {
      const target = openTarget(scene.file('disk', 4096))
      const summary = await summaryOf(target)
      target.close()
      for (const [index, whole] of [...GOLDEN.map(({disk}) => disk.bytes), ...partitioned()].map(original).entries()) {
        for (let seed = 1; seed <= 2; seed++) {
          const image = mutant(whole, new Prng(index * 1000 + seed))
          const told = infoDocument({...summary, sizeBytes: image.sizeBytes, contents: look(image)})
          expect(await shortest(told)).toBeGreaterThan(0)
        }
      }
    } finally {
      scene.close()
    }
  })

  it('noise', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Prng(seed)
      const bytes = new Uint8Array(1 + random.below(300_000))
      random.fill(bytes)
      if (random.chance(0.5)) new DataView(bytes.buffer).setUint16(Math.min(510, bytes.length - 2), 0xaa55, true)
      expect(() => look({bytes, sizeBytes: bytes.length}), `seed ${seed}`).not.toThrow()
    }
  })
})

describe('an image that is made to be expensive', () => {
  it('has only so many of its partitions looked into, and says so', () => {
    const disk = new Disk(8192)
    const zfs = GOLDEN.find(({kind}) => kind === 'zfs')?.disk.bytes ?? new Uint8Array(0)
    disk.put(3000 * 512, zfs.subarray(0, 300_000)).record(0, [{type: 0xee, firstLba: 1, sectors: 8191}])
    // 4096 entries of one and the same place; the backup has as many.
    for (let i = 0; i < 4096; i++) disk.gptEntry(2, i, {first: 3000, last: 8190})
    disk.gptHeader(1, 8191, 2, {entries: 4096}).gptHeader(8191, 1, 2, {entries: 4096})
    const {problems, partitions} = look({bytes: disk.bytes, sizeBytes: disk.bytes.length})
    expect(partitions).toHaveLength(256)
    expect(problems.map(({code}) => code)).toContain('CONTENT_UNREAD')
    expect(partitions.at(-1)?.signatures).toEqual([])
  })
})
