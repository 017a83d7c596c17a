import {chartTable} from '../chart.js'
import type {Block, Document, TableBlock} from '../document.js'
import {printable} from '../printable.js'

/** GitHub-flavoured Markdown: the title as `#`, level 1 headings as `##`, tables as pipe tables. */
export function* markdown(document: Document): Generator<string> {
  let first = true
  if (document.title !== '') {
    yield `# ${inline(document.title)}\n`
    first = false
  }
  for (const block of document.blocks) {
    if (!first) yield '\n'
    first = false
    yield* blockText(block)
  }
}

function* blockText(block: Block): Generator<string> {
  switch (block.kind) {
    case 'heading':
      yield `${block.level === 1 ? '##' : '###'} ${inline(block.text)}\n`
      return
    case 'fields':
      for (const [label, value] of block.rows) yield `- **${inline(label)}:** ${inline(value)}\n`
      return
    case 'table':
      yield* tableText(block)
      return
    case 'text':
      yield `${paragraph(block.text)}\n`
      return
    case 'list':
      for (const item of block.items) yield `- ${inline(item)}\n`
      return
    case 'chart':
      yield* tableText(chartTable(block))
      return
    case 'verdict':
      yield `**${block.ok ? '✓ ok' : '✗ not ok'}:** ${inline(block.text)}\n`
  }
}

function* tableText(table: TableBlock): Generator<string> {
  if (table.title !== undefined) yield `**${inline(table.title)}**\n\n`
  yield `| ${table.columns.map((column) => inline(column.name)).join(' | ')} |\n`
  yield `| ${table.columns.map((column) => (column.align === 'right' ? '---:' : '---')).join(' | ')} |\n`
  for (const row of table.rows) yield `| ${table.columns.map((_column, x) => inline(row[x] ?? '')).join(' | ')} |\n`
  if (table.note !== undefined) yield `\n${paragraph(table.note)}\n`
}

/** Text as itself: nothing in it may become emphasis, a link, HTML or the end of a cell. */
function escape(text: string): string {
  return printable(text)
    .replace(/[\\`*|<[\]]/g, '\\$&')
    .replace(/&(?=#?\w+;)/g, '\\&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
}

/** For one line: a table cell, a list item, a heading. */
function inline(text: string): string {
  return escape(text).replaceAll('\n', '<br>')
}

/** Kept line breaks need a trailing backslash; the start of a line must not look like a heading, list or quote. */
function paragraph(text: string): string {
  return escape(text)
    .split('\n')
    .map((line) => line.replace(/^(\s*)([#>+-]|=+(?=\s*$))/, '$1\\$2').replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2'))
    .join('\\\n')
}
