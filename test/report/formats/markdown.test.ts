import {expect, it} from 'vitest'

import type {Block} from '../../../src/report/index.js'
import {documentOf, rendered, tableOf} from '../sample.js'

const markdown = (...blocks: Block[]): Promise<string> => rendered(documentOf(blocks), 'markdown')

it('the title and the headings become levels one to three', async () => {
  const blocks: Block[] = [
    {kind: 'heading', level: 1, text: 'At risk'},
    {kind: 'heading', level: 2, text: 'Power loss'},
  ]
  expect(await rendered(documentOf(blocks, {title: 'Run'}), 'markdown')).toBe('# Run\n\n## At risk\n\n### Power loss\n')
})

it('a table is a pipe table with its title above and its note below', async () => {
  const table = tableOf(['id', '>bytes'], [['1', '512']], {title: 'Requests', note: 'All of them.'})
  expect(await markdown(table)).toBe('**Requests**\n\n| id | bytes |\n| --- | ---: |\n| 1 | 512 |\n\nAll of them.\n')
})

it('a pipe in a cell is escaped and a line break becomes <br>', async () => {
  expect(await markdown(tableOf(['a'], [['x|y\\|z\nnext']]))).toBe('| a |\n| --- |\n| x\\|y\\\\\\|z<br>next |\n')
})

it('text cannot become emphasis, a link, HTML or a control sequence', async () => {
  expect(await markdown({kind: 'text', text: '*a* `b` [c](d) <e> _f_ O_DIRECT &amp; \u001b[1m'})).toBe(
    '\\*a\\* \\`b\\` \\[c\\](d) \\<e> \\_f\\_ O_DIRECT \\&amp; \\\\x1b\\[1m\n',
  )
})

it('a line of text cannot become a heading, a list or a quote', async () => {
  expect(await markdown({kind: 'text', text: '# a\n- b\n> c\n1. d\n1.5 e'})).toBe(
    '\\# a\\\n\\- b\\\n\\> c\\\n1\\. d\\\n1.5 e\n',
  )
})

it('fields, lists and verdicts are one line each', async () => {
  const text = await markdown(
    {kind: 'fields', rows: [['Mode', 'writeback']]},
    {kind: 'list', items: ['first', 'second']},
    {kind: 'verdict', ok: false, text: 'every write is stable'},
    {kind: 'verdict', ok: true, text: 'every flush completed'},
  )
  expect(text).toBe(
    '- **Mode:** writeback\n\n- first\n- second\n\n**✗ not ok:** every write is stable\n\n**✓ ok:** every flush completed\n',
  )
})
