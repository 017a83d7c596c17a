/**
 * Method: a command describes its result once, as a Document: blocks for people (headings, fields, tables, verdicts) and
 * plain values for programs. A format is a function from a Document to pieces of text. Nothing here knows what a block
 * device is, nothing here writes to a stream, and no format is loaded before someone asks for it.
 *
 * Text from outside (paths, batch lines, bytes) may hold control characters: formats for people print them as escapes, so
 * that a file name cannot drive a terminal.
 *
 * To add one: a file in formats/ that exports a Format, and a row in FORMATS below. The flag, its help and the tests that
 * every format must pass read this table.
 *
 * @module
 */
import type {Document, Format, FormatOptions} from './document.js'

export type {Block, ChartBar, ChartBlock, Column, Document, Format, FormatOptions, TableBlock} from './document.js'
export {jsonText} from './json-text.js'
export {printable} from './printable.js'
export {wrap} from './wrap.js'

/** One row of FORMATS. */
export interface FormatEntry {
  readonly name: string
  /** A few words for help. */
  readonly summary: string
  readonly load: () => Promise<Format>
}

/** Every output format by name, in the order help lists them. */
export const FORMATS = {
  table: {
    name: 'table',
    summary: 'for people, as wide as the terminal',
    load: async () => (await import('./formats/table.js')).table,
  },
  json: {
    name: 'json',
    summary: 'one document',
    load: async () => (await import('./formats/json.js')).json,
  },
  ndjson: {
    name: 'ndjson',
    summary: 'one record a line',
    load: async () => (await import('./formats/ndjson.js')).ndjson,
  },
  markdown: {
    name: 'markdown',
    summary: 'for a README or an issue',
    load: async () => (await import('./formats/markdown.js')).markdown,
  },
  csv: {
    name: 'csv',
    summary: 'the main table, for spreadsheets',
    load: async () => (await import('./formats/csv.js')).csv,
  },
} as const satisfies Record<string, FormatEntry>

export type FormatName = keyof typeof FORMATS

/** The names users type, in the order of FORMATS. */
export const FORMAT_NAMES: readonly FormatName[] = Object.values(FORMATS).map((entry) => entry.name)

/** One write(2) carries about this much; smaller pieces would cost a system call each. */
const CHUNK_CHARACTERS = 65_536

/**
 * Prints a document in the named format. Promises pieces of at least 64 Ki characters (the last may be shorter) whose
 * concatenation ends with a line break; the next piece is made only when it is asked for.
 *
 * @throws ToolError of kind usage when the format cannot show this document (csv without a table)
 */
export async function* renderDocument(
  document: Document,
  formatName: FormatName,
  options: FormatOptions,
): AsyncGenerator<string> {
  const format: Format = await FORMATS[formatName].load()
  let chunk = ''
  for (const piece of format(document, options)) {
    chunk += piece
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}
