/** A heading. Level 1 opens a part of the report, level 2 a section inside it. */
export interface HeadingBlock {
  readonly kind: 'heading'
  readonly level: 1 | 2
  readonly text: string
}

/** Labelled values, one a row: what a thing is, not many things of one sort. */
export interface FieldsBlock {
  readonly kind: 'fields'
  readonly rows: readonly (readonly [label: string, value: string])[]
}

export interface Column {
  /** The head people read. */
  readonly name: string
  /** The head scripts read (csv); carries its unit: "offsetBytes". */
  readonly key: string
  /** Right for numbers. Left when absent. Right-aligned cells are never broken over lines. */
  readonly align?: 'left' | 'right'
}

/** Many things of one sort. Every row holds one cell per column, in column order. */
export interface TableBlock {
  readonly kind: 'table'
  readonly title?: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  /** A sentence under the table. */
  readonly note?: string
}

/** A paragraph. Line breaks in it are kept; longer lines are wrapped where the format has a width. */
export interface TextBlock {
  readonly kind: 'text'
  readonly text: string
}

export interface ListBlock {
  readonly kind: 'list'
  readonly items: readonly string[]
}

/** A sentence that says how it stands, marked as good news or bad. */
export interface VerdictBlock {
  readonly kind: 'verdict'
  readonly ok: boolean
  readonly text: string
}

/** One bar of a chart. */
export interface ChartBar {
  readonly label: string
  /** How long the bar is, 0 or more; what the number means is for `text` to say. */
  readonly value: number
  /** Where the value may lie as well, when it is known only so well. */
  readonly interval?: {readonly low: number; readonly high: number}
  /** The value as people read it, with its unit. */
  readonly text: string
}

/** Bars of one scale that begins at zero. Where nothing can be drawn the labels and texts are printed. */
export interface ChartBlock {
  readonly kind: 'chart'
  readonly title: string
  /** What the labels are, and what the bars are: the heads of the same as a table. */
  readonly heads: readonly [labels: string, values: string]
  readonly bars: readonly ChartBar[]
  /** A sentence under the chart. */
  readonly note?: string
}

export type Block = HeadingBlock | FieldsBlock | TableBlock | TextBlock | ListBlock | VerdictBlock | ChartBlock

/**
 * One answer of the tool, before anyone decided how to print it. People get `title` and `blocks`; programs get `json`,
 * `records` or `csvTable`. All of them describe the same result.
 */
export interface Document {
  /** The first line for people, above all blocks; "" prints none. */
  readonly title: string
  readonly blocks: readonly Block[]
  /** The whole result as one value: its shape is a contract with scripts. May hold bigints. */
  readonly json: unknown
  /** One value a line for ndjson; the first field of each is `record`, naming its sort. May be made while it is read. */
  readonly records: Iterable<object>
  /** What csv prints, when that is not the first table of `blocks` (for example the same rows with plain numbers). */
  readonly csvTable?: TableBlock
}

/** What the place of printing is like. Formats for programs ignore it. */
export interface FormatOptions {
  /** Columns of the terminal; no line for people is longer. */
  readonly width: number
  /** Whether ANSI colours may be written. */
  readonly color: boolean
}

/**
 * Turns a document into text, piece by piece, so that a report of a million rows never becomes one string. Every format
 * ends its last line.
 */
export type Format = (document: Document, options: FormatOptions) => Generator<string>
