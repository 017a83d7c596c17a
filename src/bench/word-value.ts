import {parseDurationNs, parseSize, ToolError} from '../base/index.js'
import type {Distribution, JournalPattern, Workload} from './workload.js'

/** A refusal that names the flag and its value. */
export function wordRefusal(word: string, value: string, what: string, hint: string): ToolError {
  return new ToolError('usage', 'E_BENCH_FLAG', `--${word} ${value}: ${what}`, {hint})
}

/** A whole number of at least `min`, in decimal digits. @throws ToolError of kind usage */
export function wholeOf(word: string, value: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
  throw wordRefusal(word, value, 'not a number it can have', `Write a whole number ${range}.`)
}

/** A size by the one size rule, as a number. @throws ToolError of kind usage */
export function sizeOf(word: string, value: string, min = 0): number {
  let bytes: bigint
  try {
    bytes = parseSize(value)
  } catch (error) {
    if (error instanceof ToolError) throw wordRefusal(word, value, error.message, error.hint ?? '')
    throw error
  }
  if (bytes < BigInt(min) || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw wordRefusal(word, value, `sizes here go from ${min} bytes to 2^53-1`, 'Check the number and its suffix.')
  }
  return Number(bytes)
}

/** Durations as fio writes them: a number without a unit counts in the unit of its flag. @throws ToolError of kind usage */
export function durationNsOf(word: string, value: string, bareUnit: 's' | 'us'): number {
  const ns = parseDurationNs(value, bareUnit)
  if (ns !== undefined) return ns
  const hint = `Write a number with us, ms, s, m or h; without one it is ${bareUnit}.`
  throw wordRefusal(word, value, 'not a duration', hint)
}

/** One block size, or a range of them: "4k", "512-64k". @throws ToolError of kind usage */
export function blockSizesOf(value: string): Workload['bs'] {
  const [from = '', to = from, ...more] = value.split('-')
  const [minBytes, maxBytes] = [sizeOf('bs', from, 512), sizeOf('bs', to, 512)]
  if (more.length > 0 || maxBytes < minBytes || maxBytes > 2 ** 30) {
    throw wordRefusal('bs', value, 'not a block size or a range of them', 'Write 4k, or 512-64k, up to 1G.')
  }
  return {minBytes, maxBytes: Math.floor(maxBytes / minBytes) * minBytes}
}

/** "random", "zipf:1.2", "pareto:0.9". @throws ToolError of kind usage */
export function distributionOf(value: string): Distribution {
  const [name, text] = value.split(':', 2)
  const number = text === undefined || text === '' ? Number.NaN : Number(text)
  if (name === 'random' && text === undefined) return {kind: 'random'}
  if (name === 'zipf' && number > 0 && number !== 1 && number < 10) return {kind: 'zipf', theta: number}
  if (name === 'pareto' && number > 0 && number < 1) return {kind: 'pareto', h: number}
  throw wordRefusal(
    'random-distribution',
    value,
    'no distribution',
    'Write random, zipf:THETA (above 0, not 1), or pareto:H (between 0 and 1).',
  )
}

/** "journal:8+1", or "journal:8+1:fua". @throws ToolError of kind usage */
export function patternOf(value: string): JournalPattern {
  const [, data, commit, fua] = /^journal:(\d{1,6})\+(\d{1,6})(:fua)?$/.exec(value) ?? []
  if (data === undefined || commit === undefined || Number(data) === 0 || Number(commit) === 0) {
    const hint = 'Write journal:8+1: 8 data writes, a flush, 1 commit write, a flush. journal:8+1:fua commits with FUA.'
    throw wordRefusal('pattern', value, 'no pattern', hint)
  }
  return {dataWrites: Number(data), commitWrites: Number(commit), commit: fua === undefined ? 'flush' : 'fua'}
}
