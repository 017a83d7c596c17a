import {crc32} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {contentsOf, partitionTableOf} from '../../../src/disk-layout/index.js'
import {counted} from '../counted-reader.js'
import {Disk} from '../disk.js'

function tableOf(disk: Disk) {
  const table = partitionTableOf(counted(disk.bytes))
  if (table === undefined) throw new Error('no table')
  return table
}

function codesOf(disk: Disk): string[] {
  return tableOf(disk).problems.map(({code}) => code)
}

/** 4 MiB with two partitions of 1 MiB. */
function gptDisk(sectorBytes = 512): Disk {
  const mib = 2 ** 20 / sectorBytes
  return new Disk(4 * mib, sectorBytes).gpt([
    {first: mib, last: 2 * mib - 1, name: 'first'},
    {first: 2 * mib, last: 3 * mib - 1},
  ])
}

describe('an MBR', () => {
  it('is read with its partitions in their slots', () => {
    const table = tableOf(
      new Disk(8192).record(
        0,
        [
          {type: 0x83, firstLba: 2048, sectors: 2048, boot: 0x80},
          undefined,
          {type: 0x07, firstLba: 4096, sectors: 1024},
        ],
        0x1234abcd,
      ),
    )
    expect(table).toMatchObject({label: 'dos', id: '0x1234abcd', sectorBytes: 512, problems: []})
    expect(table.partitions).toMatchObject([
      {number: 1, kind: 'primary', type: '83', bootable: true, offsetBytes: 2 ** 20, lengthBytes: 2 ** 20},
      {number: 3, kind: 'primary', type: '7', bootable: false, firstLba: 4096, sectors: 1024},
    ])
  })

  it('without partitions is a table when it has a disk id, and a mere boot sector when it has none', () => {
    expect(tableOf(new Disk(64).record(0, [], 7))).toMatchObject({label: 'dos', id: '0x00000007', partitions: []})
    expect(partitionTableOf(counted(new Disk(64).record(0, []).bytes))).toBeUndefined()
  })

  it('with a boot flag that does not exist is no MBR', () => {
    const disk = new Disk(64).record(0, [{type: 0x83, firstLba: 8, sectors: 8, boot: 0x12}], 0)
    expect(partitionTableOf(counted(disk.bytes))).toBeUndefined()
  })

  it('has logical partitions in a chain: each counted from its own record, each link from the extended partition', () => {
    const disk = new Disk(8192)
      .record(0, [{type: 0x05, firstLba: 2048, sectors: 4096}])
      .record(2048, [
        {type: 0x83, firstLba: 8, sectors: 100},
        {type: 0x05, firstLba: 1024, sectors: 500},
      ])
      .record(3072, [{type: 0x82, firstLba: 16, sectors: 200}])
    expect(
      tableOf(disk).partitions.map(({number, kind, firstLba, sectors}) => [number, kind, firstLba, sectors]),
    ).toEqual([
      [1, 'extended', 2048, 4096],
      [5, 'logical', 2056, 100],
      [6, 'logical', 3088, 200],
    ])
    expect(codesOf(disk)).toEqual([])
  })

  it('counts a logical partition of type 0 that has a size, as Linux and sfdisk do; one without a size has no number', () => {
    const disk = (sectors: number): Disk =>
      new Disk(8192)
        .record(0, [{type: 0x05, firstLba: 2048, sectors: 4096}])
        .record(2048, [
          {type: 0, firstLba: 8, sectors},
          {type: 0x05, firstLba: 1024, sectors: 500},
        ])
        .record(3072, [{type: 0x82, firstLba: 16, sectors: 200}])
    const numbers = (sectors: number): unknown[] =>
      tableOf(disk(sectors)).partitions.map(({number, type, firstLba}) => [number, type, firstLba])
    expect(numbers(100)).toEqual([
      [1, '5', 2048],
      [5, '0', 2056],
      [6, '82', 3088],
    ])
    expect(numbers(0)).toEqual([
      [1, '5', 2048],
      [5, '82', 3088],
    ])
  })

  it('whose chain is a loop, leaves its partition or breaks off is told so, with what was found until there', () => {
    const chain = (link: number): Disk =>
      new Disk(8192).record(0, [{type: 0x05, firstLba: 2048, sectors: 4096}]).record(2048, [
        {type: 0x83, firstLba: 8, sectors: 100},
        {type: 0x05, firstLba: link, sectors: 500},
      ])
    for (const [link, says] of [
      [0, 'leads back to sector 2048'],
      [4096, 'leads to sector 6144, outside'],
      [1024, 'has no boot record at sector 3072'],
    ] as const) {
      const table = tableOf(chain(link))
      expect(table.partitions.map(({number}) => number)).toEqual([1, 5])
      expect(table.problems).toMatchObject([{severity: 'error', code: 'EBR_CHAIN'}])
      expect(table.problems[0]?.text).toContain(says)
    }
  })

  it('whose chain never ends is followed for a bounded way', () => {
    const disk = new Disk(8192).record(0, [{type: 0x05, firstLba: 1, sectors: 8000}])
    for (let lba = 1; lba < 2000; lba++) {
      disk.record(lba, [undefined, {type: 0x05, firstLba: lba, sectors: 1}])
    }
    expect(tableOf(disk).problems[0]?.text).toContain('does not end after 256')
  })

  it('counts in sectors of 4096 bytes when what begins where its entries point says so', () => {
    const disk = new Disk(64, 4096).record(0, [{type: 0x83, firstLba: 16, sectors: 32}])
    disk.u16(16 * 4096 + 1024 + 0x38, 0xef53)
    expect(tableOf(disk)).toMatchObject({sectorBytes: 4096, partitions: [{offsetBytes: 65536, lengthBytes: 131072}]})
  })

  it.each([
    [
      'PARTITION_OVERLAP',
      [
        {type: 0x83, firstLba: 8, sectors: 9},
        {type: 0x83, firstLba: 16, sectors: 8},
      ],
    ],
    ['PARTITION_BEYOND_END', [{type: 0x83, firstLba: 8, sectors: 57}]],
    ['PARTITION_MISALIGNED', [{type: 0x83, firstLba: 63, sectors: 1}]],
    ['PARTITION_AT_ZERO', [{type: 0x83, firstLba: 0, sectors: 8}]],
    [
      'MBR_BOOTABLE',
      [
        {type: 0x83, firstLba: 8, sectors: 8, boot: 0x80},
        {type: 0x83, firstLba: 16, sectors: 8, boot: 0x80},
      ],
    ],
    ['GPT_MISSING', [{type: 0xee, firstLba: 8, sectors: 8}]],
  ])('is judged: %s', (code, entries) => {
    expect(codesOf(new Disk(64).record(0, entries))).toEqual([code])
  })

  it('is judged: logical partitions outside of the extended one, or over a boot record of the chain', () => {
    const disk = new Disk(64)
      .record(0, [{type: 0x05, firstLba: 8, sectors: 32}])
      .record(8, [
        {type: 0x83, firstLba: 8, sectors: 16},
        {type: 0x05, firstLba: 16, sectors: 16},
      ])
      .record(24, [{type: 0x83, firstLba: 8, sectors: 16}])
    expect(codesOf(disk)).toEqual(['PARTITION_OVERLAP', 'LOGICAL_OUTSIDE'])
  })
})

describe('a GPT', () => {
  it.each([512, 4096])('is read in sectors of %i bytes, which its header tells by its place', (sectorBytes) => {
    const table = tableOf(gptDisk(sectorBytes))
    expect(table).toMatchObject({
      label: 'gpt',
      id: '33221100-5544-7766-8899-AABBCCDDEEFF',
      sectorBytes,
      problems: [],
      gpt: {used: 'primary', primary: {status: 'valid'}, backup: {status: 'valid'}, mbr: 'protective'},
    })
    expect(table.partitions).toMatchObject([
      {number: 1, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', typeName: 'Linux filesystem', name: 'first'},
      {number: 2, offsetBytes: 2 ** 21, lengthBytes: 2 ** 20, name: undefined},
    ])
  })

  it('names the attributes that are set', () => {
    const disk = new Disk(8192).gpt([{first: 2048, last: 4095, attributes: 0b101n | (1n << 63n) | (1n << 60n)}])
    expect(tableOf(disk).partitions[0]?.attributes).toEqual(['RequiredPartition', 'LegacyBIOSBootable', 'GUID:60,63'])
  })

  it('is read from its backup when the primary is damaged, and says so', () => {
    const disk = gptDisk().damage(512 + 60)
    expect(tableOf(disk)).toMatchObject({gpt: {used: 'backup', primary: {status: 'damaged'}}})
    expect(tableOf(disk).partitions).toHaveLength(2)
    expect(codesOf(disk)).toEqual(['GPT_PRIMARY_DAMAGED'])
    const text = tableOf(disk).problems[0]?.text
    expect(text).toMatch(/the primary GPT at sector 1 is damaged: the CRC of its header is 0x[0-9a-f]{8}, should be 0x/)
  })

  it('whose entries are damaged is damaged', () => {
    expect(codesOf(gptDisk().damage(1024 + 200))).toEqual(['GPT_PRIMARY_DAMAGED'])
    expect(codesOf(gptDisk().damage(8159 * 512 + 200))).toEqual(['GPT_BACKUP_DAMAGED'])
  })

  it('with both headers damaged names no partitions, for none can be believed', () => {
    const table = tableOf(
      gptDisk()
        .damage(512 + 60)
        .damage(8191 * 512 + 60),
    )
    expect(table).toMatchObject({label: 'gpt', partitions: [], gpt: {used: undefined}})
    expect(table.problems.map(({code}) => code)).toEqual(['GPT_PRIMARY_DAMAGED', 'GPT_BACKUP_DAMAGED'])
  })

  it('with both arrays damaged still lists what the header that holds points to, with the damage', () => {
    const table = tableOf(
      gptDisk()
        .damage(1024 + 57)
        .damage(8159 * 512 + 57),
    )
    expect(table.partitions).toHaveLength(2)
    expect(table.gpt?.used).toBeUndefined()
  })

  it('of an image that has grown has its backup in the wrong place', () => {
    const grown = new Disk(16384).put(0, gptDisk().bytes)
    const [problem, ...more] = tableOf(grown).problems
    expect(problem).toMatchObject({severity: 'error', code: 'GPT_BACKUP_MISPLACED'})
    expect(problem?.text).toContain('lies at sector 8191, not in the last one (16383): the image has grown by 4 MiB')
    expect(more).toMatchObject([{code: 'MBR_PROTECTION_SIZE', severity: 'warning'}])
  })

  it('of an image that has grown is found by its protective entry when the primary is lost', () => {
    const grown = new Disk(16384).put(0, gptDisk().bytes).put(512, new Uint8Array(512))
    expect(tableOf(grown)).toMatchObject({gpt: {used: 'backup', primary: {status: 'missing'}, backup: {lba: 8191}}})
  })

  it('of an image that was cut short has no backup', () => {
    const cut = new Disk(7000).put(0, gptDisk().bytes.subarray(0, 7000 * 512))
    expect(codesOf(cut)).toEqual(['GPT_BACKUP_MISSING', 'GPT_USABLE', 'MBR_PROTECTION_SIZE'])
  })

  it('without a protective MBR is one that other tools do not see', () => {
    expect(codesOf(gptDisk().put(0, new Uint8Array(512)))).toEqual(['MBR_PROTECTION_MISSING'])
  })

  it('beside an MBR with partitions and no protective entry is a leftover', () => {
    const disk = gptDisk().record(0, [{type: 0x83, firstLba: 2048, sectors: 2048}])
    expect(tableOf(disk)).toMatchObject({label: 'dos', partitions: [{number: 1}]})
    expect(codesOf(disk)).toEqual(['GPT_STALE'])
  })

  it('with a hybrid MBR is told so, and an entry that the GPT does not have is an error', () => {
    const hybrid = (sectors: number): Disk =>
      gptDisk().record(0, [
        {type: 0xee, firstLba: 1, sectors: 2047},
        {type: 0x83, firstLba: 2048, sectors},
      ])
    expect(tableOf(hybrid(2048))).toMatchObject({gpt: {mbr: 'hybrid', hybrid: [{type: '83', offsetBytes: 2 ** 20}]}})
    expect(codesOf(hybrid(2048))).toEqual(['MBR_HYBRID'])
    expect(codesOf(hybrid(2049))).toEqual(['MBR_HYBRID_MISMATCH', 'MBR_HYBRID'])
  })

  it('whose copies are both valid and differ is told so', () => {
    const disk = gptDisk().gptEntry(2, 5, {first: 6144, last: 6151}).gptHeader(1, 8191, 2)
    expect(codesOf(disk)).toEqual(['GPT_COPIES_DIFFER'])
  })

  it.each(['primary', 'backup'])('whose %s does not lead to the other copy is told so', (which) => {
    const disk = gptDisk()
    if (which === 'primary') disk.gptHeader(1, 4000, 2)
    else disk.gptHeader(8191, 5, 8159)
    expect(codesOf(disk)).toEqual(['GPT_COPIES_APART'])
    const [lba, other] = which === 'primary' ? [4000, 8191] : [5, 1]
    expect(tableOf(disk).problems[0]?.text).toContain(`at sector ${lba}, where it is at sector ${other}`)
  })

  it.each([
    [34, 2n ** 64n - 1n],
    [34, 8192],
    [5000, 4000],
  ])('with usable sectors %s to %s, which the disk does not have, is told so', (first, last) => {
    const disk = new Disk(8192).gpt([])
    for (const lba of [1, 8191]) disk.usable(lba, first, last)
    expect(codesOf(disk)).toEqual(['GPT_USABLE'])
  })

  it('with entries of 256 bytes is read, and told to be one that Linux does not read', () => {
    const disk = gptDisk()
    const wide = new Disk(32).put(0, disk.bytes.subarray(1024, 1152)).put(256, disk.bytes.subarray(1152, 1280))
    for (const [lba, entriesLba] of [
      [1, 2],
      [8191, 8159],
    ] as const) {
      disk
        .put(entriesLba * 512, wide.bytes)
        .u32(lba * 512 + 80, 64)
        .u32(lba * 512 + 84, 256)
      disk.u32(lba * 512 + 88, crc32(wide.bytes)).sealed(lba)
    }
    expect(tableOf(disk).partitions).toMatchObject([{number: 1, name: 'first'}, {number: 2}])
    expect(tableOf(disk).problems).toMatchObject([{severity: 'warning', code: 'GPT_ENTRY_SIZE'}])
  })

  it.each([
    ['PARTITION_OVERLAP', {first: 2048, last: 4096}, {first: 4096, last: 5000}],
    ['PARTITION_OUTSIDE_USABLE', {first: 2048, last: 4095}, {first: 4096, last: 8180}],
    ['PARTITION_EMPTY', {first: 2048, last: 4095}, {first: 5008, last: 4999}],
    ['PARTITION_MISALIGNED', {first: 2048, last: 4095}, {first: 4097, last: 5000}],
  ])('is judged: %s', (code, ...entries) => {
    expect(codesOf(new Disk(8192).gpt(entries))).toEqual([code])
  })

  it('with places that no disk has is judged, not believed', () => {
    const codes = codesOf(new Disk(8192).gpt([{first: 2048, last: 2n ** 64n - 1n}]))
    expect(codes).toEqual(['PARTITION_OUTSIDE_USABLE', 'PARTITION_BEYOND_END'])
  })
})

describe('what no partition covers', () => {
  it('is the rest of the usable sectors of a GPT, which leave room for the tables', () => {
    expect(contentsOf(counted(gptDisk().bytes)).unused).toEqual([
      {offsetBytes: 34 * 512, lengthBytes: (2048 - 34) * 512},
      {offsetBytes: 3 * 2 ** 20, lengthBytes: 2 ** 20 - 33 * 512},
    ])
  })

  it('is what lies between and behind the partitions of an MBR, and between the logical ones', () => {
    const disk = new Disk(64)
      .record(0, [
        {type: 0x83, firstLba: 8, sectors: 8},
        {type: 0x05, firstLba: 24, sectors: 32},
      ])
      .record(24, [{type: 0x83, firstLba: 8, sectors: 16}])
    const sectors = contentsOf(counted(disk.bytes)).unused.map((range) => [
      range.offsetBytes / 512,
      range.lengthBytes / 512,
    ])
    expect(sectors).toEqual([
      [1, 7],
      [16, 8],
      [24, 8],
      [48, 8],
      [56, 8],
    ])
  })
})
