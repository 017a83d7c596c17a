import {chartLines, chartTable} from '../chart.js'
import {fitColumns} from '../column-fit.js'
import type {Block, ChartBlock, Document, FieldsBlock, FormatOptions, TableBlock} from '../document.js'
import {printable} from '../printable.js'
import {displayWidth, wrap} from '../wrap.js'

const GAP = '  '
const GREEN = '\u001b[32m'
const RED = '\u001b[31m'
const RESET = '\u001b[39m'

/** Rows drawn by cli-table3. It takes some 0.2 ms a row; a list of a million is aligned without it, to the same look. */
const GRID_ROWS = 1000

/** A terminal narrower than this is left to break lines itself: there is no room for a label and its value. */
const WIDTH_MIN = 20

const BORDERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
] as const

/** No borders and no styles: cli-table3 colours even into a pipe, whatever NO_COLOR says. */
const LOOK = {
  chars: {...Object.fromEntries(BORDERS.map((name) => [name, ''])), middle: GAP},
  style: {'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true},
}

/**
 * For people: plain headings, aligned fields and tables, no line wider than `width`. A table too wide for that wraps its
 * text columns; when even that is not enough each row becomes a small list of fields.
 */
export async function* table(document: Document, {width, color}: FormatOptions): AsyncGenerator<string> {
  const options = {width: Math.max(width, WIDTH_MIN), color}
  if (document.title !== '') yield underlined(document.title, '=', options.width)
  let previous: Block['kind'] | undefined = document.title === '' ? undefined : 'text'
  for (const block of document.blocks) {
    const joined =
      previous === undefined || previous === 'heading' || (previous === 'verdict' && block.kind === previous)
    if (!joined) yield '\n'
    previous = block.kind
    yield* blockText(block, options)
  }
}

async function* blockText(block: Block, options: FormatOptions): AsyncGenerator<string> {
  const {width} = options
  switch (block.kind) {
    case 'heading':
      yield block.level === 1 ? underlined(block.text, '-', width) : lines(block.text, width)
      return
    case 'fields':
      yield* fieldsText(block, width)
      return
    case 'table':
      yield* tableText(block, width)
      return
    case 'text':
      yield lines(block.text, width)
      return
    case 'list':
      for (const item of block.items) yield hanging('- ', item, width)
      return
    case 'chart':
      yield* chartText(block, width)
      return
    case 'verdict':
      yield verdictText(block.ok, block.text, options)
  }
}

function underlined(text: string, rule: string, width: number): string {
  const broken = wrap(printable(text), width)
  return `${broken.join('\n')}\n${rule.repeat(Math.max(...broken.map(displayWidth)))}\n`
}

function lines(text: string, width: number): string {
  return `${wrap(printable(text), width).join('\n')}\n`
}

/** The text after a prefix, its further lines indented to stand under its first. */
function hanging(prefix: string, text: string, width: number): string {
  const indent = displayWidth(prefix)
  const broken = wrap(printable(text), Math.max(1, width - indent))
  return `${broken.map((line, i) => ((i === 0 ? prefix : ' '.repeat(indent)) + line).trimEnd()).join('\n')}\n`
}

function verdictText(ok: boolean, text: string, {width, color}: FormatOptions): string {
  const mark = ok ? '✓ ok' : '✗ not ok'
  const plain = hanging(`${mark}: `, text, width)
  return color ? `${ok ? GREEN : RED}${mark}${RESET}${plain.slice(mark.length)}` : plain
}

function* fieldsText(block: FieldsBlock, width: number): Generator<string> {
  const labels = block.rows.map(([label]) => `${printable(label).replaceAll('\n', ' ')}:`)
  const labelWidth = labels.reduce((widest, label) => Math.max(widest, displayWidth(label)), 0) + GAP.length
  const beside = labelWidth <= Math.floor(width / 2)
  for (const [i, [, value]] of block.rows.entries()) {
    const label = labels[i] ?? ''
    if (beside) {
      yield hanging(label + ' '.repeat(labelWidth - displayWidth(label)), value, width)
    } else {
      yield `${wrap(label, width).join('\n')}\n`
      yield hanging(GAP, value, width)
    }
  }
}

async function* chartText(block: ChartBlock, width: number): AsyncGenerator<string> {
  const drawn = chartLines(block, width)
  if (drawn === undefined) {
    yield* tableText(chartTable(block), width)
    return
  }
  yield lines(block.title, width)
  for (const line of drawn) yield `${line.trimEnd()}\n`
  if (block.note !== undefined) yield lines(block.note, width)
}

async function* tableText(block: TableBlock, width: number): AsyncGenerator<string> {
  if (block.title !== undefined) yield lines(block.title, width)
  const widths = fitColumns(block, width, GAP.length, (cell) => printable(cell).split('\n'))
  if (widths) yield* gridText(block, widths)
  else yield* rowsAsFields(block, width)
  if (block.rows.length === 0) yield '(none)\n'
  if (block.note !== undefined) yield lines(block.note, width)
}

async function* gridText(block: TableBlock, widths: readonly number[]): AsyncGenerator<string> {
  const {default: CliTable} = await import('cli-table3')
  const fit = (cell: string, x: number): string => wrap(printable(cell), widths[x] ?? 1).join('\n')
  const newGrid = (): InstanceType<typeof CliTable> =>
    new CliTable({
      ...LOOK,
      colWidths: [...widths],
      colAligns: block.columns.map((column) => column.align ?? 'left'),
    })
  const head = newGrid()
  head.push(block.columns.map((column, x) => fit(column.name, x)))
  yield trimmed(head.toString())
  yield `${widths.map((columns) => '─'.repeat(columns)).join(GAP)}\n`
  const grid = newGrid()
  for (const row of block.rows.slice(0, GRID_ROWS)) grid.push(block.columns.map((_column, x) => fit(row[x] ?? '', x)))
  if (grid.length > 0) yield trimmed(grid.toString())
  for (let y = GRID_ROWS; y < block.rows.length; y++) yield alignedRow(block, y, widths, fit)
}

function alignedRow(
  block: TableBlock,
  y: number,
  widths: readonly number[],
  fit: (cell: string, x: number) => string,
): string {
  const cells = block.columns.map((_column, x) => fit(block.rows[y]?.[x] ?? '', x).split('\n'))
  const height = Math.max(...cells.map((cell) => cell.length))
  const drawn = Array.from({length: height}, (_, i) =>
    block.columns
      .map((column, x) => {
        const line = cells[x]?.[i] ?? ''
        const padding = ' '.repeat(Math.max(0, (widths[x] ?? 1) - displayWidth(line)))
        return column.align === 'right' ? padding + line : line + padding
      })
      .join(GAP),
  )
  return trimmed(drawn.join('\n'))
}

/** Padding after the last column would make lines wrap on a narrower screen and diffs noisy. */
function trimmed(text: string): string {
  return `${text.replaceAll(/ +$/gm, '')}\n`
}

function* rowsAsFields(block: TableBlock, width: number): Generator<string> {
  for (const [y, row] of block.rows.entries()) {
    if (y > 0) yield '\n'
    yield* fieldsText(
      {kind: 'fields', rows: block.columns.map((column, x): [string, string] => [column.name, row[x] ?? ''])},
      width,
    )
  }
}
