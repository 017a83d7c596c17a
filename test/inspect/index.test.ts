import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {
  contentsOf,
  infoDocument,
  noTable,
  openTarget,
  partitionsDocument,
  partitionTable,
  summaryOf,
} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type Document, type FormatName} from '../../src/report/index.js'
import {Disk} from '../disk-layout/disk.js'
import {GOLDEN} from '../disk-layout/signature/golden.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function render(document: Document, format: FormatName = 'table'): Promise<string> {
  let text = ''
  for await (const chunk of renderDocument(document, format, {width: 120, color: false})) text += chunk
  return text
}

function write(bytes: Uint8Array): string {
  const path = scene.path('disk.img')
  writeFileSync(path, bytes)
  return path
}

/** An ext4 of 2 MiB in the first of two partitions of a GPT; the image has grown by 1 MiB since. */
function grownDisk(): string {
  const ext4 = GOLDEN.find(({kind}) => kind === 'ext4')?.disk.bytes ?? new Uint8Array(0)
  const disk = new Disk(10 * 2048).gpt([
    {first: 2048, last: 6143, name: 'root', attributes: 4n},
    {first: 8193, last: 10000, type: '11111111111111111111111111111111'},
  ])
  return write(new Disk(11 * 2048).put(0, disk.bytes).put(2048 * 512, ext4).bytes)
}

async function infoOf(name: string): Promise<Document> {
  const target = openTarget(name)
  try {
    return infoDocument(await summaryOf(target))
  } finally {
    target.close()
  }
}

function partitionsOf(path: string): Document {
  const target = openTarget(path)
  try {
    const contents = contentsOf(target.source)
    const table = partitionTable(target.source)
    if (table === undefined) throw noTable('disk.img', contents)
    return partitionsDocument('disk.img', table, contents)
  } finally {
    target.close()
  }
}

describe('the report about a partition table', () => {
  it('shows each partition with its place, what it is for and what is in it, then what is wrong', async () => {
    const text = await render(partitionsOf(grownDisk()))
    for (const part of [
      'disk.img: GPT with 2 partitions',
      'of 512 bytes: the GPT header lies at byte 512',
      'primary valid, backup valid; read from the primary',
      'Partition 2 begins at byte 4194816, which is no multiple of 4096.',
      '✗ not ok: The backup GPT lies at sector 20479, not in the last one (22527): the image has grown by 1 MiB.',
      'Not partitioned:',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toMatch(/^p1 +2048 +1M +2 MiB +Linux filesystem \(LegacyBIOSBootable\) +root +ext4 "my label"$/m)
    expect(text).toMatch(/^p2 +8193 +4194816 +904 KiB +type 11111111-1111-1111-1111-111111111111 +nothing known$/m)
  })

  it('has the shape of sfdisk -J as JSON, and what sfdisk does not tell below flushpoint', async () => {
    const json: unknown = JSON.parse(await render(partitionsOf(grownDisk()), 'json'))
    expect(json).toMatchObject({
      partitiontable: {
        label: 'gpt',
        device: 'disk.img',
        unit: 'sectors',
        firstlba: 34,
        sectorsize: 512,
        partitions: [{node: 'disk.img1', start: 2048, size: 4096, name: 'root', attrs: 'LegacyBIOSBootable'}, {}],
      },
      flushpoint: {
        schema: 'flushpoint/partitions@1',
        partitions: [
          {number: 1, offsetBytes: 1 << 20, signatures: [{type: 'ext4'}]},
          {number: 2, signatures: []},
        ],
        problems: [{code: 'GPT_BACKUP_MISPLACED'}, {severity: 'warning'}, {code: 'PARTITION_MISALIGNED'}],
      },
    })
  })

  it('prints plain numbers as csv, and can be printed in every format', async () => {
    const document = partitionsOf(grownDisk())
    expect((await render(document, 'csv')).split('\n')[1]).toMatch(
      /^1,gpt,2048,4096,1048576,2097152,0FC63DAF-[^,]+,Linux filesystem,/,
    )
    for (const format of FORMAT_NAMES) expect((await render(document, format)).length).toBeGreaterThan(0)
  })

  it('is the answer no when there is no table, with what is there instead', () => {
    const ext2 = GOLDEN.find(({kind}) => kind === 'ext2')?.disk.bytes ?? new Uint8Array(0)
    expect(() => partitionsOf(write(ext2))).toThrow(
      expect.objectContaining({
        kind: 'verdict',
        code: 'E_NO_PARTITION_TABLE',
        hint: 'What is there: ext2 "my label". "flushpoint info" says more.',
      }),
    )
    expect(() => partitionsOf(write(new Uint8Array(4096)))).toThrow(
      expect.objectContaining({hint: expect.stringContaining('Nothing known') as unknown}),
    )
  })
})

describe('the report about an image', () => {
  it('says on one screen what it is, what is in it, who uses it and what is wrong', async () => {
    const text = await render(await infoOf(grownDisk()))
    for (const part of [
      'disk.img: 11 MiB, GPT with 2 partitions',
      '11 MiB (11534336 bytes), a multiple of 4096',
      'GPT 33221100-5544-7766-8899-AABBCCDDEEFF, sectors of 512 bytes',
      'p1, ext4: 2 MiB, state clean, last mounted on /mnt/here, has_journal filetype extent 64bit',
      'What bears on its cache modes here',
      '✗ not ok: The backup GPT lies at sector 20479',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toMatch(/^p1 +1M +2 MiB +ext4 +my label +01234567-89ab-cdef-fedc-ba9876543210$/m)
    expect(text.split('\n').length).toBeLessThan(40)
  })

  it('can be about one partition', async () => {
    const path = grownDisk()
    const text = await render(await infoOf(`${path}#p1`))
    expect(text).toContain(`partition 1 of ${path}, at byte 1048576`)
    expect(text).toContain(': 2 MiB, ext4\n')
  })

  it('of an odd size says how many bytes are left over', async () => {
    expect(await render(await infoOf(write(new Uint8Array(1000))))).toContain(
      'with 488 bytes behind its last whole sector',
    )
    expect(await render(await infoOf(write(new Uint8Array(1536))))).toContain('a multiple of 512 and not of 4096')
    expect(await render(await infoOf(write(new Uint8Array(0))))).toContain('0 bytes, empty')
  })

  it('of a virtual disk says that it is not raw, and how to make it so', async () => {
    const qcow2 = GOLDEN.find(({kind}) => kind === 'qcow2')?.disk.bytes ?? new Uint8Array(0)
    const text = await render(await infoOf(write(qcow2)))
    expect(text).toContain('a QCOW2 file, not a raw image')
    expect(text).toContain('convert it with "qemu-img convert -f qcow2 -O raw"')
    expect(text).toContain('backing file base.img')
  })

  it('as JSON has the keys of qemu-img info, and everything else below flushpoint', async () => {
    const json: unknown = JSON.parse(await render(await infoOf(grownDisk()), 'json'))
    expect(json).toMatchObject({
      'virtual-size': 11 << 20,
      format: 'raw',
      'dirty-flag': false,
      flushpoint: {
        schema: 'flushpoint/info@1',
        kind: 'file',
        sizeBytes: 11 << 20,
        contents: {table: {label: 'gpt'}, partitions: [{signatures: [{type: 'ext4'}]}, {signatures: []}]},
        host: {syncProbe: {skipped: 'nothing was to be written'}},
      },
    })
  })

  it('can be printed in every format', async () => {
    const document = await infoOf(grownDisk())
    for (const format of FORMAT_NAMES) expect((await render(document, format)).length).toBeGreaterThan(0)
  })

  it('as csv has a row for each place, in bytes, also where nothing is known', async () => {
    expect((await render(await infoOf(grownDisk()), 'csv')).split('\n')).toEqual([
      'where,offsetBytes,lengthBytes,content,label,uuid',
      'p1,1048576,2097152,ext4,my label,01234567-89ab-cdef-fedc-ba9876543210',
      'p2,4194816,925696,,,',
      '',
    ])
    const nothing = await render(await infoOf(write(new Uint8Array(1000))), 'csv')
    expect(nothing.split('\n')[1]).toBe('whole,0,1000,,,')
  })

  it('of many partitions stays on its screen', async () => {
    const disk = new Disk(400 * 8)
    const entries = Array.from({length: 100}, (_, i) => ({first: 800 + i * 8, last: 807 + i * 8}))
    disk.gpt(entries)
    for (const {first} of entries) disk.put(first * 512, 'LUKS\xba\xbe').be16(first * 512 + 6, 2)
    expect(await render(await infoOf(write(disk.bytes)))).toContain('88 more in --json')
  })
})
