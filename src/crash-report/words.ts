import {formatBytes} from '../base/index.js'
import {shownIn, type Content, type CrashState, type Insertion, type LostRange, type Settled} from '../crash/index.js'

/** What a content is, in words: "#3", "before the trace". */
export function contentText({writer, part, under}: Content): string {
  const name = (id: number | undefined): string => (id === undefined || id === 0 ? 'before the trace' : `#${id}`)
  switch (part) {
    case 'whole':
      return name(writer)
    case 'zero':
      return `zeroes (discarded by ${name(writer)})`
    case 'any':
      return `anything (discarded by ${name(writer)})`
    case 'old':
      return `${name(under)} still (discarded by ${name(writer)})`
    case 'left':
      return `half ${name(writer)}, then half ${name(under)}`
    case 'right':
      return `half ${name(under)}, then half ${name(writer)}`
    case 'garbage':
      return `garbage (${name(writer)} torn)`
  }
}

/** Neighbouring ranges that are told the same, put together. */
export interface ToldRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly texts: readonly string[]
}

/** Puts neighbours together whose texts are the same. Ranges ascend. */
export function joined(ranges: Iterable<ToldRange>): ToldRange[] {
  const all: ToldRange[] = []
  for (const range of ranges) {
    const last = all.at(-1)
    const isNext = last !== undefined && last.offsetBytes + last.lengthBytes === range.offsetBytes
    if (isNext && last.texts.join('\n') === range.texts.join('\n')) {
      all[all.length - 1] = {...last, lengthBytes: last.lengthBytes + range.lengthBytes}
    } else all.push(range)
  }
  return all
}

/** What a state shows where the trace wrote, by place. */
export function shownRanges(state: CrashState, isTold: (unit: number) => boolean = () => true): ToldRange[] {
  const {units} = state.point.model
  const sectors = shownIn(state)
    .filter(({unit}) => isTold(unit))
    .flatMap(({unit, content}) => units.sectorsOf(unit).map((sector) => ({sector, texts: [contentText(content)]})))
    .toSorted((a, b) => a.sector - b.sector)
  return joined(sectors.map(({sector, texts}) => ({offsetBytes: sector * 512, lengthBytes: 512, texts})))
}

/** "8704 (512 bytes)" */
function placeText({offsetBytes, lengthBytes}: {offsetBytes: number; lengthBytes: number}): string {
  return `${offsetBytes} (${formatBytes(lengthBytes)})`
}

export function lostText(lost: readonly LostRange[]): string {
  const ids = [...new Set(lost.map(({request}) => request))]
  return ids
    .map(
      (id) =>
        `#${id} at ${lost
          .filter(({request}) => request === id)
          .map(placeText)
          .join(', ')}`,
    )
    .join('; ')
}

/** "a FLUSH when #3 has completed" */
export function insertionText({insert, after}: Insertion): string {
  switch (insert) {
    case 'FLUSH':
      return `a FLUSH, waited for, when #${after} has completed`
    case 'FUA':
      return `FUA on #${after}`
  }
}

const KINDS = {power: 'a power cut', os: 'a crash of the operating system', process: 'a kill of the process'} as const

/** The question that was asked, as rows of a report. */
export function settledRows({kind, mode, ordering, device, atom}: Settled): [string, string][] {
  const atoms = typeof atom === 'number' ? `${atom} bytes` : atom === 'request' ? 'a request' : 'less than a sector'
  return [
    ['crash', KINDS[kind]],
    ['cache mode', mode],
    ['barriers', ordering],
    ['device', `${device}; what is kept or lost as a whole: ${atoms}`],
  ]
}

/** Counts beyond what a double holds exactly are text. */
export function exactJson(count: bigint): number | string {
  return count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : String(count)
}
