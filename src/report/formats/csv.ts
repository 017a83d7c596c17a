import {ToolError} from '../../base/index.js'
import type {Document} from '../document.js'

/**
 * The document's main table: the column keys, then one record a row, quoted as RFC 4180 section 2 says. Records end in a
 * bare line feed: every reader of the RFC's CRLF takes it, and cut, sort and awk would keep the CR as data.
 *
 * @throws ToolError of kind usage when the document holds no table
 */
export function* csv(document: Document): Generator<string> {
  const table = document.csvTable ?? document.blocks.find((block) => block.kind === 'table')
  if (!table) {
    throw new ToolError('usage', 'E_NO_TABLE', 'this result has no table to print as csv', {
      hint: 'Use --format json or --format ndjson.',
    })
  }
  yield record(table.columns.map((column) => column.key))
  for (const row of table.rows) yield record(table.columns.map((_column, x) => row[x] ?? ''))
}

function record(fields: readonly string[]): string {
  // A lone empty field would be an empty line, which readers skip.
  if (fields.length === 1 && fields[0] === '') return '""\n'
  return `${fields.map(quote).join(',')}\n`
}

function quote(field: string): string {
  return /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
