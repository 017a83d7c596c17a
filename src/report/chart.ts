import type {ChartBar, ChartBlock, TableBlock} from './document.js'
import {printable} from './printable.js'
import {displayWidth} from './wrap.js'

const GAP = '  '

/** Bars shorter than this tell nothing that the numbers do not. */
const BAR_COLUMNS_MIN = 10

/** Longer bars are only harder to follow. */
const BAR_COLUMNS_MAX = 60

/** An eighth of a column and more: full blocks alone would make all small values look alike. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█']

/**
 * A chart as lines no wider than `width`: label, bar, text. What is certain of a value is solid, the rest of its interval shaded,
 * darker up to the value. Undefined when there is no room for bars, or nothing to draw.
 */
export function chartLines({bars}: ChartBlock, width: number): string[] | undefined {
  const labels = bars.map(({label}) => oneLine(label))
  const texts = bars.map(({text}) => oneLine(text))
  const labelColumns = widest(labels)
  const columns = Math.min(BAR_COLUMNS_MAX, width - labelColumns - widest(texts) - 2 * GAP.length)
  const longest = Math.max(0, ...bars.map(({value, interval}) => Math.max(value, interval?.high ?? 0)))
  if (columns < BAR_COLUMNS_MIN || longest <= 0) return undefined
  return bars.map((bar, i) => {
    const label = labels[i] as string
    const drawn = barOf(bar, columns / longest)
    const padding = [labelColumns - displayWidth(label), columns - displayWidth(drawn)].map((blanks) =>
      ' '.repeat(blanks),
    )
    return `${label}${padding[0]}${GAP}${drawn}${padding[1]}${GAP}${texts[i] as string}`
  })
}

/** The numbers of a chart, where no chart can be drawn. */
export function chartTable({title, heads, bars, note}: ChartBlock): TableBlock {
  return {
    kind: 'table',
    title,
    columns: [
      {name: heads[0], key: heads[0]},
      {name: heads[1], key: heads[1], align: 'right'},
    ],
    rows: bars.map(({label, text}) => [label, text]),
    ...(note === undefined ? {} : {note}),
  }
}

function barOf({value, interval}: ChartBar, columnsPerUnit: number): string {
  if (interval === undefined || interval.high <= interval.low) return solid(value * columnsPerUnit)
  const [low, middle, high] = [interval.low, value, interval.high].map((edge) =>
    Math.round(Math.max(0, edge) * columnsPerUnit),
  ) as [number, number, number]
  return '█'.repeat(low) + '▓'.repeat(Math.max(0, middle - low)) + '░'.repeat(Math.max(0, high - Math.max(low, middle)))
}

/** Something is never drawn as nothing. */
function solid(columns: number): string {
  const eighths = columns > 0 ? Math.max(1, Math.round(columns * 8)) : 0
  return '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '')
}

function oneLine(text: string): string {
  return printable(text).replaceAll('\n', ' ')
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0)
}
