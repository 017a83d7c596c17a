import type {TableBlock} from './document.js'
import {displayWidth} from './wrap.js'

/** Left-aligned columns wrap down to this; narrower ones are a column of letters. */
const TEXT_FLOOR = 8

/**
 * Decides how wide each column of a table is printed. Promises: the widths and the gaps between them add up to at most
 * `width`; only left-aligned cells have to wrap (heads may wrap between words).
 *
 * @param cellLines splits a cell into the lines it will be printed as
 * @param gap blanks between two columns
 * @returns terminal columns per table column, or undefined when the table cannot fit
 */
export function fitColumns(
  table: TableBlock,
  width: number,
  gap: number,
  cellLines: (cell: string) => readonly string[],
): number[] | undefined {
  const widest = table.columns.map(() => 0)
  for (const row of table.rows) {
    for (let x = 0; x < widest.length; x++) {
      for (const line of cellLines(row[x] ?? '')) widest[x] = Math.max(widest[x] ?? 0, displayWidth(line))
    }
  }
  const room = width - gap * (table.columns.length - 1)
  const columns = table.columns.map((column, x) => {
    const cells = widest[x] ?? 0
    const headWord = Math.max(...column.name.split(' ').map(displayWidth))
    const natural = Math.max(cells, displayWidth(column.name), 1)
    const narrow = column.align === 'right' ? cells : Math.min(cells, TEXT_FLOOR)
    return {width: natural, floor: Math.max(headWord, narrow, 1)}
  })
  let excess = columns.reduce((sum, column) => sum + column.width, 0) - room
  for (; excess > 0; excess--) {
    const shrinkable = columns.filter((column) => column.width > column.floor)
    if (shrinkable.length === 0) return undefined
    shrinkable.reduce((a, b) => (b.width > a.width ? b : a)).width--
  }
  return columns.map((column) => column.width)
}
