import {readdirSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {contentsOf} from '../../../src/disk-layout/index.js'
import {headKeeping} from '../../../src/disk-layout/byte-reader.js'
import type {Probe} from '../../../src/disk-layout/signature/signature.js'
import {counted} from '../counted-reader.js'
import {Disk} from '../disk.js'
import {GOLDEN} from './golden.js'

const goldenOf = (kind: string) => {
  const golden = GOLDEN.find((candidate) => candidate.kind === kind)
  if (golden === undefined) throw new Error(`no golden ${kind}`)
  return golden
}

describe('what signs for itself', () => {
  it.each(GOLDEN)('is recognized: $kind', ({disk, expected}) => {
    const {whole, table} = contentsOf(counted(disk.bytes))
    expect(whole).toHaveLength(1)
    expect(whole[0]).toMatchObject(expected)
    expect(table).toBeUndefined()
  })

  it.each(GOLDEN.filter(({expected}) => expected.usage !== 'boot'))('is recognized in a partition: $kind', (golden) => {
    const {disk, expected} = golden
    const sectors = disk.bytes.length / 512
    const whole = new Disk(2048 + sectors)
      .put(2048 * 512, disk.bytes)
      .record(0, [{type: 0x83, firstLba: 2048, sectors}])
    const {partitions} = contentsOf(counted(whole.bytes))
    expect(partitions[0]?.signatures).toMatchObject([expected])
  })

  it('is recognized by a parser that some golden image is for, which is what damage is tried on', async () => {
    const folder = fileURLToPath(new URL('../../../src/disk-layout/signature', import.meta.url))
    const names = readdirSync(folder).filter((name) => name !== 'table.ts' && name !== 'signature.ts')
    const parsers: [string, Probe][] = []
    for (const name of names) {
      const room = (await import(`${folder}/${name}`)) as Record<string, unknown>
      for (const [key, probe] of Object.entries(room)) {
        if (typeof probe === 'function' && probe.length === 1) parsers.push([`${name} ${key}`, probe as Probe])
      }
    }
    expect(parsers.length).toBeGreaterThanOrEqual(names.length)
    const idle = parsers.filter(
      ([, parser]) => !GOLDEN.some(({disk}) => parser(headKeeping(counted(disk.bytes))) !== undefined),
    )
    expect(idle.map(([name]) => name)).toEqual([])
  })

  it('is nothing where nothing is, in an empty image and in a sparse one of 16 TiB', () => {
    for (const sizeBytes of [0, 1, 511, 1000, 2 ** 44, 2 ** 53 - 1]) {
      expect(contentsOf(counted(new Uint8Array(0), sizeBytes))).toMatchObject({
        whole: [],
        table: undefined,
        problems: [],
      })
    }
  })
})

describe('what is wrong with it', () => {
  it('is told when it says that it is larger than its place', () => {
    const {disk} = goldenOf('ext2')
    const cut = new Disk(4000).put(0, disk.bytes.subarray(0, 4000 * 512))
    const [problem] = contentsOf(counted(cut.bytes)).problems
    expect(problem).toMatchObject({severity: 'error', code: 'CONTENT_LARGER'})
    expect(problem?.text).toBe('the ext2 in the image says that it has 2 MiB, 48 KiB more than there are')
  })

  it.each(['ext4', 'xfs', 'btrfs'])('is told when the checksum of the superblock is: %s', (kind) => {
    const {disk} = goldenOf(kind)
    const at = {ext4: 1024 + 0x79, xfs: 109, btrfs: 65536 + 0x12c}[kind] ?? 0
    const damaged = new Disk(disk.sectors).put(0, disk.bytes).damage(at)
    expect(contentsOf(counted(damaged.bytes)).whole[0]?.warnings).toEqual(['the checksum of its superblock is wrong'])
  })

  it('is told when two things sign for one place', () => {
    const luks = goldenOf('luks1').disk.bytes.subarray(0, 512)
    const both = new Disk(goldenOf('ext2').disk.sectors).put(0, goldenOf('ext2').disk.bytes).put(0, luks)
    const {problems, whole} = contentsOf(counted(both.bytes))
    expect(whole.map(({type}) => type)).toEqual(['crypto_LUKS', 'ext2'])
    expect(problems).toMatchObject([{severity: 'warning', code: 'CONTENT_AMBIGUOUS'}])
  })

  it('is not told of a disc that is ISO 9660 and UDF on purpose', () => {
    const bridge = new Disk(2048).put(0, goldenOf('iso9660').disk.bytes)
    const udf = goldenOf('udf').disk.bytes
    // UDF goes on in the volume recognition sequence where ISO 9660 ends.
    bridge.put(32768 + 8192, udf.subarray(32768, 32768 + 6144)).put(256 * 512, udf.subarray(256 * 512))
    const {problems, whole} = contentsOf(counted(bridge.bytes))
    expect([whole.map(({type}) => type), problems]).toEqual([['udf', 'iso9660'], []])
  })
})

describe('a partition table beside it', () => {
  it('is shown with a disc that is also a disk, as a hybrid ISO', () => {
    const hybrid = new Disk(2048)
      .put(0, goldenOf('iso9660').disk.bytes)
      .record(0, [{type: 0x17, firstLba: 64, sectors: 1900, boot: 0x80}], 1)
    const {whole, table} = contentsOf(counted(hybrid.bytes))
    expect([whole[0]?.type, table?.label]).toEqual(['iso9660', 'dos'])
  })

  it.each(['iso9660', 'udf'])(
    'may begin at the table where that is a disc, which leaves its start free: %s',
    (kind) => {
      const begun = (content: Uint8Array): Disk =>
        new Disk(2048).put(0, content).record(0, [{type: 0x17, firstLba: 0, sectors: 2048}], 1)
      expect(contentsOf(counted(begun(goldenOf(kind).disk.bytes).bytes)).problems).toEqual([])
      const {problems} = contentsOf(counted(begun(new Uint8Array(0)).bytes))
      expect(problems).toMatchObject([{severity: 'error', code: 'PARTITION_AT_ZERO'}])
    },
  )

  it('is not read out of the boot sector of a file system', () => {
    for (const kind of ['fat12', 'fat16', 'fat32', 'exfat', 'ntfs', 'bitlocker 7', 'bitlocker to go']) {
      const {disk} = goldenOf(kind)
      const odd = new Disk(disk.sectors).put(0, disk.bytes).put(446, '\x80mpty\0\0\0\x01\0\0\0\x01\0\0\0')
      expect(contentsOf(counted(odd.bytes)).table).toBeUndefined()
    }
  })
})
