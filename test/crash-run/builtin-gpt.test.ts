import {crc32} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {CrashModel, explore} from '../../src/crash/index.js'
import {gptCheck} from '../../src/crash-run/builtin-gpt.js'
import {TraceWriter} from '../crash/traces.js'

const ENTRIES = 128
const TABLE_BYTES = ENTRIES * 128

/** A header and a table as UEFI 2.10, 5.3.2 and 5.3.3 lay them out. */
function gpt(blockBytes: number, at: number, tableAt: number, last: number, partition: number) {
  const table = new Uint8Array(TABLE_BYTES)
  table.fill(partition, 0, 16)
  const header = new Uint8Array(blockBytes)
  const view = new DataView(header.buffer)
  header.set(new TextEncoder().encode('EFI PART'))
  view.setUint32(8, 0x00010000, true)
  view.setUint32(12, 92, true)
  view.setBigUint64(24, BigInt(at), true)
  view.setBigUint64(32, BigInt(at === 1 ? last : 1), true)
  view.setBigUint64(72, BigInt(tableAt), true)
  view.setUint32(80, ENTRIES, true)
  view.setUint32(84, 128, true)
  view.setUint32(88, crc32(table), true)
  view.setUint32(16, crc32(header.subarray(0, 92)), true)
  return {header, table}
}

const SIZE_BYTES = 1 << 20

function places(blockBytes: number) {
  const last = SIZE_BYTES / blockBytes - 1
  return {last, tableBlocks: TABLE_BYTES / blockBytes, inSectors: blockBytes / 512}
}

/** A disk with both copies of a partition table. */
function disk(blockBytes: number): TraceWriter {
  const {last, tableBlocks, inSectors} = places(blockBytes)
  const primary = gpt(blockBytes, 1, 2, last, 1)
  const backup = gpt(blockBytes, last, last - tableBlocks, last, 1)
  return new TraceWriter()
    .before(inSectors, primary.header)
    .before(2 * inSectors, primary.table)
    .before(last * inSectors, backup.header)
    .before((last - tableBlocks) * inSectors, backup.table)
}

function exploreTable(writer: TraceWriter) {
  return explore(new CrashModel(writer.trace({sizeBytes: SIZE_BYTES})), gptCheck)
}

describe.each([512, 4096])('a partition table in blocks of %i bytes', (blockBytes) => {
  const {last, tableBlocks, inSectors} = places(blockBytes)
  const changed = {
    primary: gpt(blockBytes, 1, 2, last, 2),
    backup: gpt(blockBytes, last, last - tableBlocks, last, 2),
  }

  function rewrite(writer: TraceWriter, copy: 'primary' | 'backup'): void {
    const [header, table] = copy === 'primary' ? [1, 2] : [last, last - tableBlocks]
    writer.out(table * inSectors, changed[copy].table)
    writer.out(header * inSectors, changed[copy].header)
  }

  it('is valid', () => {
    expect(exploreTable(disk(blockBytes))).toMatchObject({complete: true, violations: []})
  })

  it('survives a change of one copy after the other with a flush between', () => {
    const writer = disk(blockBytes)
    rewrite(writer, 'backup')
    writer.flush()
    rewrite(writer, 'primary')
    expect(exploreTable(writer)).toMatchObject({complete: true, violations: []})
  })

  it('is lost when both copies change and nothing is flushed between', () => {
    const writer = disk(blockBytes)
    rewrite(writer, 'backup')
    rewrite(writer, 'primary')
    const {complete, violations} = exploreTable(writer)
    expect(complete).toBe(true)
    expect(violations).toMatchObject([{kind: 'inconsistent', lost: [{}, {}]}])
  })
})

describe('a partition table', () => {
  const {last} = places(512)
  it.each<[string, number, string]>([
    ['signature', 0, 'the primary has no signature'],
    ['header size', 13, 'the primary has a header of'],
    ['own place', 24, 'the primary has a header with a wrong CRC'],
    ['CRC', 17, 'the primary has a header with a wrong CRC'],
  ])('is not valid with another %s', (_what, at, message) => {
    const {header} = gpt(512, 1, 2, last, 1)
    header[at] = (header[at] ?? 0) ^ 0xff
    const writer = disk(512)
    writer.out(1, header)
    writer.out(last, new Uint8Array(512))
    const {violations} = exploreTable(writer)
    expect(violations[0]?.message).toContain(message)
    expect(violations[0]?.message).toContain('the backup has no signature')
  })

  it.each([
    ['says it lies elsewhere', gpt(512, 9, 2, last, 1)],
    ['has a table that cannot be', gpt(512, 1, last, last, 1)],
    ['has a table with a wrong CRC', gpt(512, 1, 2, last, 7)],
  ])('is not valid when its header is, but %s', (message, {header}) => {
    const writer = disk(512)
    writer.out(1, header)
    writer.out(last, new Uint8Array(512))
    expect(exploreTable(writer).violations[0]?.message).toContain(`the primary ${message}`)
  })

  it('needs more room than two blocks', () => {
    const {violations} = explore(new CrashModel(new TraceWriter().trace({sizeBytes: 1024})), gptCheck)
    expect(violations[0]?.message).toContain('2 blocks are too few')
  })
})
