import {describe, expect, it} from 'vitest'
import {CrashModel, type Fix} from '../../src/crash/index.js'
import {exploreWithCommand} from '../../src/crash-run/index.js'
import {TraceWriter} from '../crash/traces.js'
import {firstByte, folder, script} from './scene.js'

async function fixOf(writer: TraceWriter, lines: readonly string[], more: object = {}): Promise<Fix | undefined> {
  const model = new CrashModel(writer.trace({sizeBytes: 8192, ...more}))
  const found = await exploreWithCommand(model, {check: [script(folder(), 'check', ...lines), '{image}']})
  expect(found.violations).toHaveLength(1)
  return found.violations[0]?.fix
}

/** A header that says two records are there. */
const TWO_RECORDS = [
  firstByte('A', 0),
  firstByte('B', 1),
  firstByte('H', 2),
  '[ $H = 0 ] || { [ $A != 0 ] && [ $B != 0 ]; }',
]

function twoRecords(): TraceWriter {
  const writer = new TraceWriter()
  writer.out(0)
  writer.out(1)
  writer.out(2)
  return writer
}

describe('a fix for what a command found', () => {
  it('is one FLUSH where one FUA does not help', async () => {
    expect(await fixOf(twoRecords(), TWO_RECORDS)).toEqual({
      insertions: [{insert: 'FLUSH', after: 2}],
      isWhole: true,
    })
  })

  it('is not whole when the check fails later all the same', async () => {
    const writer = twoRecords()
    writer.flush()
    writer.out(3)
    const fix = await fixOf(writer, [
      ...TWO_RECORDS.map((line) => `${line}\n`),
      '[ $? = 0 ] || exit 1',
      firstByte('L', 3),
      '[ $L = 0 ]',
    ])
    expect(fix).toEqual({insertions: [{insert: 'FLUSH', after: 2}], isWhole: false})
  })

  it('is found although other sectors are written later, wherever they lie', async () => {
    for (const later of [[], [0, 1], [3], [7], [0, 7]]) {
      const writer = new TraceWriter()
      writer.out(4)
      writer.out(5)
      writer.flush()
      for (const sector of later) writer.out(sector)
      const ordered = [firstByte('A', 4), firstByte('B', 5), '[ $B = 0 ] || [ $A != 0 ]']
      expect(await fixOf(writer, ordered)).toEqual({insertions: [{insert: 'FUA', after: 1}], isWhole: true})
    }
  })

  it('is none where flushes are not heard', async () => {
    expect(await fixOf(twoRecords(), TWO_RECORDS, {mode: 'unsafe'})).toBeUndefined()
  })
})
