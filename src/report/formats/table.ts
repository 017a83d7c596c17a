import {chartLines, chartTable} from '../chart.js'
import {fitColumns} from '../column-fit.js'
import type {Block, ChartBlock, Document, FieldsBlock, FormatOptions, TableBlock} from '../document.js'
import {printable} from '../printable.js'
import {displayWidth, wrap} from '../wrap.js'

const GAP = '  '
const GREEN = '\u001b[32m'
const RED = '\u001b[31m'
const RESET = '\u001b[39m'

/** A terminal narrower than this is left to break lines itself: there is no room for a label and its value. */
const WIDTH_MIN = 20

/**
 * For people: plain headings, aligned fields and tables, no line wider than `width`. A table too wide for that wraps its
 * text columns; when even that is not enough each row becomes a small list of fields.
 */
export function* table(document: Document, {width, color}: FormatOptions): Generator<string> {
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

function* blockText(block: Block, options: FormatOptions): Generator<string> {
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

function* chartText(block: ChartBlock, width: number): Generator<string> {
  const drawn = chartLines(block, width)
  if (drawn === undefined) {
    yield* tableText(chartTable(block), width)
    return
  }
  yield lines(block.title, width)
  for (const line of drawn) yield `${line.trimEnd()}\n`
  if (block.note !== undefined) yield lines(block.note, width)
}

function* tableText(block: TableBlock, width: number): Generator<string> {
  if (block.title !== undefined) yield lines(block.title, width)
  const widths = fitColumns(block, width, GAP.length, (cell) => printable(cell).split('\n'))
  if (widths) yield* gridText(block, widths)
  else yield* rowsAsFields(block, width)
  if (block.rows.length === 0) yield '(none)\n'
  if (block.note !== undefined) yield lines(block.note, width)
}

function* gridText(block: TableBlock, widths: readonly number[]): Generator<string> {
  const names = block.columns.map((column) => column.name)
  yield alignedRow(block, names, widths)
  yield `${widths.map((columns) => '─'.repeat(columns)).join(GAP)}\n`
  for (const row of block.rows) yield alignedRow(block, row, widths)
}

function alignedRow({columns}: TableBlock, row: readonly string[], widths: readonly number[]): string {
  const cells = columns.map((_column, x) => wrap(printable(row[x] ?? ''), widths[x] ?? 1))
  const height = Math.max(...cells.map((cell) => cell.length))
  const drawn = Array.from({length: height}, (_, y) =>
    columns
      .map((column, x) => {
        const line = cells[x]?.[y] ?? ''
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
