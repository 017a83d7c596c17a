import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import type {Block} from '../../../src/report/index.js'
import {displayWidth} from '../../../src/report/wrap.js'
import {documentOf, rendered, tableOf} from '../sample.js'

const table = (blocks: readonly Block[], options: {width?: number; color?: boolean} = {}): Promise<string> =>
  rendered(documentOf(blocks), 'table', options)

describe('tables', () => {
  it('a table has a line under its head and aligned columns, and no blanks at line ends', async () => {
    const block = tableOf(
      ['id', '>bytes', 'status'],
      [
        ['1', '4096', 'OK'],
        ['12', '512', 'IOERR'],
      ],
    )
    expect(await table([block])).toBe(
      ['id  bytes  status', '──  ─────  ──────', '1    4096  OK', '12    512  IOERR', ''].join('\n'),
    )
  })

  it('a text column wraps when the table is wider than the terminal, and numbers stay whole', async () => {
    const block = tableOf(['>bytes', 'why'], [['18446744073709551615', 'not covered by any later flush']])
    expect(await table([block], {width: 36})).toBe(
      [
        '               bytes  why',
        '────────────────────  ──────────────',
        '18446744073709551615  not covered by',
        '                      any later',
        '                      flush',
        '',
      ].join('\n'),
    )
  })

  it('a table that cannot fit prints each row as fields', async () => {
    const block = tableOf(
      ['>first byte', '>last byte'],
      [
        ['11111111111111', '22222222222222'],
        ['3', '4'],
      ],
    )
    expect(await table([block], {width: 28})).toBe(
      ['first byte:  11111111111111', 'last byte:   22222222222222', '', 'first byte:  3', 'last byte:   4', ''].join(
        '\n',
      ),
    )
  })

  it('a table without rows says so under its head', async () => {
    expect(await table([tableOf(['id', 'why'], [])])).toBe('id  why\n──  ───\n(none)\n')
  })

  it('a table prints its title above and its note below', async () => {
    const text = await table([tableOf(['id'], [['1']], {title: 'Requests', note: 'Times are virtual.'})])
    expect(text).toBe('Requests\nid\n──\n1\nTimes are virtual.\n')
  })

  it('a row looks the same wherever it stands in a table of thousands', async () => {
    const row = (i: number): string[] => [
      String(i % 2 ? 7 : 1234),
      i % 3 ? 'OK' : 'not flushed by any later request',
      '漢',
    ]
    const rows = Array.from({length: 3000}, (_, i) => row(i))
    const text = await table([tableOf(['>id', 'why', 'path'], rows)], {width: 30})
    const period = (await table([tableOf(['>id', 'why', 'path'], rows.slice(0, 6))], {width: 30})).split('\n')
    expect(text).toBe(
      [...period.slice(0, 2), ...rows.flatMap((_, i) => (i % 6 ? [] : period.slice(2, -1))), ''].join('\n'),
    )
  })

  it('a file name with escape sequences prints as text', async () => {
    expect(await table([tableOf(['path'], [['a\u001b[31mb']])])).toContain('a\\x1b[31mb')
  })
})

describe('other blocks', () => {
  it('the title and level 1 headings are underlined, level 2 headings are not', async () => {
    const blocks: Block[] = [
      {kind: 'heading', level: 1, text: 'At risk'},
      {kind: 'heading', level: 2, text: 'Power loss'},
      {kind: 'text', text: 'Nothing.'},
    ]
    expect(await rendered(documentOf(blocks, {title: 'Run'}), 'table')).toBe(
      'Run\n===\n\nAt risk\n-------\nPower loss\nNothing.\n',
    )
  })

  it('fields stand in two columns and wrap inside the second', async () => {
    const block: Block = {
      kind: 'fields',
      rows: [
        ['Mode', 'writeback'],
        ['Backend', 'threads, because io_uring is disabled here'],
      ],
    }
    expect(await table([block], {width: 32})).toBe(
      [
        'Mode:     writeback',
        'Backend:  threads, because',
        '          io_uring is disabled',
        '          here',
        '',
      ].join('\n'),
    )
  })

  it('a list item hangs under its dash', async () => {
    expect(await table([{kind: 'list', items: ['request 3 was not flushed', 'ok']}], {width: 20})).toBe(
      '- request 3 was not\n  flushed\n- ok\n',
    )
  })

  it('a verdict says ok or not ok in words, so that it survives without colour', async () => {
    const blocks: Block[] = [
      {kind: 'verdict', ok: true, text: 'every flush completed'},
      {kind: 'verdict', ok: false, text: 'every write is stable'},
    ]
    expect(await table(blocks)).toBe('✓ ok: every flush completed\n✗ not ok: every write is stable\n')
    expect(await table(blocks, {color: true})).toBe(
      '\u001b[32m✓ ok\u001b[39m: every flush completed\n\u001b[31m✗ not ok\u001b[39m: every write is stable\n',
    )
  })
})

it('no line is wider than the terminal, whatever the document', async () => {
  const text = fc.string({unit: fc.constantFrom('a', 'bcd', ' ', '漢', '\n', '0', '💾', '\u001b'), maxLength: 60})
  const block: fc.Arbitrary<Block> = fc.oneof(
    fc.record({kind: fc.constant('heading' as const), level: fc.constantFrom(1 as const, 2 as const), text}),
    fc.record({kind: fc.constant('fields' as const), rows: fc.array(fc.tuple(text, text), {maxLength: 3})}),
    fc.array(fc.tuple(text, text, text), {maxLength: 3}).map((rows) => tableOf(['id', '>bytes', 'why not'], rows)),
    fc.record({kind: fc.constant('text' as const), text}),
    fc.record({kind: fc.constant('list' as const), items: fc.array(text, {maxLength: 3})}),
    fc.record({kind: fc.constant('verdict' as const), ok: fc.boolean(), text}),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(block, {maxLength: 4}), fc.integer({min: 20, max: 120}), async (blocks, width) => {
      for (const line of (await table(blocks, {width})).split('\n')) {
        expect(displayWidth(line)).toBeLessThanOrEqual(width)
        expect(line).not.toContain('\u001b')
        expect(line).not.toContain('…')
      }
    }),
    {seed: 20260105},
  )
})
