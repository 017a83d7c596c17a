import type {TableBlock} from '../report/index.js'

/** A field of a line for programs: numbers as they are, never rounded or with a unit behind them. */
export type CsvField = readonly [key: string, value: string | number | null | undefined]

/** Lines for programs, each with the same keys. @param heads the keys where there is no line */
export function csvTable(lines: readonly (readonly CsvField[])[], heads: readonly string[]): TableBlock {
  const keys = lines[0]?.map(([key]) => key) ?? heads
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: lines.map((line) => line.map(([, value]) => String(value ?? ''))),
  }
}
