/** What a value came to: as it is kept, or why it cannot be and what to write. */
export type ValueReading = {readonly value: string} | {readonly problem: string; readonly hint: string}

export type ValueReader = (text: string) => ValueReading

/** Exponents of 1024 by letter, in fio and in every size rule. */
const POWERS = ['', 'k', 'm', 'g', 't', 'p']

const SIZE_HINT =
  'Write digits with k, m, g, t or p (powers of 1024), or 0x... in hex. fio reads KiB as 1000 and any other unit as none.'

/**
 * A size as fio means it, in bytes: k and kB are 1024 and KiB is 1000, whatever their names say (fio(1), "kb_base", by default). What
 * fio would misread without a word ("1.5k" as 1, "4s" as 4) is refused.
 */
function sizeOf(text: string): bigint | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text)
  const [, digits, letter = '', inverted] = /^(\d{1,18})([kmgtp])?(?:(i)?b)?$/i.exec(text) ?? []
  if (digits === undefined || (letter === '' && inverted !== undefined)) return undefined
  return BigInt(digits) * (inverted === undefined ? 1024n : 1000n) ** BigInt(POWERS.indexOf(letter.toLowerCase()))
}

const size: ValueReader = (text) => {
  const bytes = sizeOf(text)
  if (bytes !== undefined) return {value: String(bytes)}
  const hint = text.includes(',')
    ? 'To fio these are sizes of reads, writes and trims, which are not measured in one job: write two.'
    : rangeOf(text) !== undefined
      ? 'Write bsrange for a range: here fio would take the first for reads and the second for writes.'
      : text.startsWith('(')
        ? 'Nothing is calculated: write the number.'
        : text.includes('%')
          ? 'A share of a file is not understood: write the size.'
          : SIZE_HINT
  return {problem: 'is not a size', hint}
}

const range: ValueReader = (text) => {
  const value = rangeOf(text)
  if (value !== undefined) return {value}
  return {problem: 'is not a range of sizes', hint: `Write 512-64k, the smaller first. ${SIZE_HINT}`}
}

function rangeOf(text: string): string | undefined {
  const [from, to, ...more] = text.split('-').map(sizeOf)
  if (from === undefined || to === undefined || more.length > 0 || from > to) return undefined
  return `${from}-${to}`
}

/** Whole numbers may carry the suffixes of sizes, as everywhere in fio. */
function count(min: number): ValueReader {
  return (text) => {
    const number = sizeOf(text)
    if (number !== undefined && number >= BigInt(min)) return {value: String(number)}
    const hint = text.includes(',')
      ? 'A job has one: give a list on the command line, where it holds for every job.'
      : `Write a whole number from ${min}.`
    return {problem: 'is not a number it can have', hint}
  }
}

const percent: ValueReader = (text) => {
  const [, digits] = /^(\d{1,3})%?$/.exec(text) ?? []
  if (digits !== undefined && Number(digits) <= 100) return {value: String(Number(digits))}
  return {problem: 'is not a percentage', hint: 'Write a whole number from 0 to 100.'}
}

/** A key that stands alone means yes. */
const flag: ValueReader = (text) => {
  if (text === '' || text === '1' || text === 'true') return {value: '1'}
  if (text === '0' || text === 'false') return {value: '0'}
  return {problem: 'is neither 0 nor 1', hint: 'Write 1 for yes, 0 for no.'}
}

const US_PER: Readonly<Record<string, number>> = {
  us: 1,
  usec: 1,
  ms: 1e3,
  msec: 1e3,
  s: 1e6,
  sec: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
}

/** A time as fio means it, kept with its unit: a bare number counts in the unit of its key. */
function duration(bareUnit: 's' | 'us'): ValueReader {
  return (text) => {
    const [, digits, unit = bareUnit] = /^(\d{1,15})([a-z]*[a-z])?$/i.exec(text) ?? []
    const scale = US_PER[unit.toLowerCase()]
    if (digits === undefined || scale === undefined) {
      return {
        problem: 'is not a time',
        hint: `Write a whole number with us, ms, s, m, h or d; without one it is ${bareUnit}.`,
      }
    }
    return {value: `${Number(digits) * scale}us`}
  }
}

/** fio's names of accesses that are measured here. */
const ACCESSES: ReadonlyMap<string, string> = new Map([
  ...['read', 'write', 'randread', 'randwrite', 'rw', 'randrw'].map((name): [string, string] => [name, name]),
  ['readwrite', 'rw'],
])

const access: ValueReader = (text) => {
  const value = ACCESSES.get(text)
  if (value !== undefined) return {value}
  const hint = text.includes('trim')
    ? 'Trims are not measured.'
    : `Choose from ${[...ACCESSES.keys()].join(', ')}, without a number behind it.`
  return {problem: 'is not an access that is measured here', hint}
}

function choice(...choices: string[]): ValueReader {
  return (text) =>
    choices.includes(text)
      ? {value: text}
      : {problem: 'is not a value it can have here', hint: `Choose from ${choices.join(', ')}.`}
}

const text: ValueReader = (given) =>
  given === '' ? {problem: 'has no value', hint: 'Write one behind "=".'} : {value: given}

/** How values of job files are read, by what they are. */
export const JOB_VALUES = {text, flag, count, size, range, duration, percent, access, choice}
