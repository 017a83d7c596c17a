import {AIO_CHOICES, type AioChoice} from '../aio/index.js'
import {ToolError} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {SUBMIT_CHOICES, type Cell, type SubmitChoice} from './cell.js'
import {blockSizesOf, distributionOf, durationNsOf, patternOf, sizeOf, wholeOf, wordRefusal} from './word-value.js'
import {ACCESSES, isRandom, PLAIN_WORKLOAD, writes, type Access, type Workload} from './workload.js'

const ITERATIONS_MAX = 1e12
const DEPTH_MAX = 1024
const JOBS_MAX = 64
const CELLS_MAX = 1000

type Settings = Omit<Cell, 'settings'>
type Change = (settings: Settings) => Settings

const workload = (part: (value: string) => Partial<Workload>): ((value: string) => Change) => {
  return (value) => {
    const change = part(value)
    return (settings) => ({...settings, workload: {...settings.workload, ...change}})
  }
}
const yes = (word: string, value: string): boolean => {
  if (value !== '1' && value !== '0') throw wordRefusal(word, value, 'neither 0 nor 1', 'Write 1 for yes, 0 for no.')
  return value === '1'
}
const oneOf = <T extends string>(word: string, value: string, choices: readonly T[]): T => {
  const found = choices.find((choice) => choice === value)
  if (found === undefined)
    throw wordRefusal(word, value, 'there is no such thing', `Choose from ${choices.join(', ')}.`)
  return found
}

/**
 * What may be said of a cell, in fio's words where it has one: each word with what it changes. Every value may be a list with commas,
 * which multiplies the matrix, in this order.
 */
const WORDS = {
  cache: (value) => {
    const mode = cacheModeOf(value)
    return (settings) => ({...settings, mode})
  },
  aio: (value) => {
    const aio: AioChoice = oneOf('aio', value, AIO_CHOICES)
    return (settings) => ({...settings, aio})
  },
  submit: (value) => {
    const submit: SubmitChoice = oneOf('submit', value, SUBMIT_CHOICES)
    return (settings) => ({...settings, submit})
  },
  rw: workload((value) => ({rw: accessOf(value)})),
  pattern: workload((value) => ({pattern: patternOf(value)})),
  rwmixread: workload((value) => ({rwmixread: wholeOf('rwmixread', value, 0, 100)})),
  bs: workload((value) => ({bs: blockSizesOf(value)})),
  iodepth: workload((value) => ({iodepth: wholeOf('iodepth', value, 1, DEPTH_MAX)})),
  numjobs: workload((value) => ({numjobs: wholeOf('numjobs', value, 1, JOBS_MAX)})),
  'flush-every': workload((value) => ({flushEvery: wholeOf('flush-every', value, 0, ITERATIONS_MAX)})),
  'fua-every': workload((value) => ({fuaEvery: wholeOf('fua-every', value, 0, ITERATIONS_MAX)})),
  'barrier-every': workload((value) => ({barrierEvery: wholeOf('barrier-every', value, 0, ITERATIONS_MAX)})),
  ordering: (value) => {
    const ordering = orderingModeOf(value)
    return (settings) => ({...settings, ordering, workload: {...settings.workload, ordering: ordering.name}})
  },
  'random-distribution': workload((value) => ({distribution: distributionOf(value)})),
  'rate-iops': workload((value) => ({rateIops: wholeOf('rate-iops', value, 1)})),
  thinktime: workload((value) => ({thinktimeNs: durationNsOf('thinktime', value, 'us')})),
  size: workload((value) => ({sizeBytes: sizeOf('size', value, 512)})),
  offset: workload((value) => ({offsetBytes: sizeOf('offset', value)})),
  'io-size': workload((value) => ({ioSizeBytes: sizeOf('io-size', value, 512)})),
  loops: workload((value) => ({loops: wholeOf('loops', value, 1)})),
  runtime: workload((value) => ({runtimeNs: runtimeOf(value)})),
  'ramp-time': workload((value) => ({rampNs: durationNsOf('ramp-time', value, 's')})),
  randseed: workload((value) => ({randseed: wholeOf('randseed', value, 0, 2 ** 32 - 1)})),
  norandommap: workload((value) => ({norandommap: yes('norandommap', value)})),
  'flush-drain': workload((value) => ({flushDrain: yes('flush-drain', value)})),
  'fsync-on-close': workload((value) => ({fsyncOnClose: yes('fsync-on-close', value)})),
  verify: workload((value) => ({verify: yes('verify', value)})),
} satisfies Record<string, (value: string) => Change>

export type BenchWord = keyof typeof WORDS

/** Every word, in the order in which lists multiply. */
export const BENCH_WORDS = Object.keys(WORDS) as readonly BenchWord[]

/** What was said; a value may be a list with commas. */
export type BenchWords = Readonly<Partial<Record<BenchWord, string>>>

/** When nothing is said about how long: a second each on a real disk, less in simulated time, which takes longer. */
const RUNTIME_NS = 1e9
const SIMULATED_RUNTIME_NS = 100e6

/**
 * The cells of a matrix: one for each combination of the values that were given. A cell is named by the values of those words that
 * have several.
 *
 * @param name put in front of each name, for a job of a file
 * @throws ToolError of kind usage, naming the flag and the value
 */
export function cellsOf(words: BenchWords, name?: string): Cell[] {
  let cells: {settings: Settings; chosen: Partial<Record<BenchWord, string>>}[] = [{settings: PLAIN, chosen: {}}]
  const varied: BenchWord[] = []
  for (const word of BENCH_WORDS) {
    const said = words[word]
    if (said === undefined) continue
    const values = listOf(word, said)
    if (values.length > 1) varied.push(word)
    const changes = values.map((value) => ({value, change: WORDS[word](value)}))
    cells = cells.flatMap(({settings, chosen}) =>
      changes.map(({value, change}) => ({settings: change(settings), chosen: {...chosen, [word]: value}})),
    )
    if (cells.length > CELLS_MAX) {
      throw new ToolError('usage', 'E_BENCH_MATRIX', `the lists multiply to ${cells.length} runs a round`, {
        hint: `Name fewer values: ${CELLS_MAX} are the most.`,
      })
    }
  }
  return cells.map(({settings, chosen}) => finished(settings, chosen, varied, name))
}

const PLAIN: Settings = {
  mode: cacheModeOf('writeback'),
  ordering: orderingModeOf(PLAIN_WORKLOAD.ordering),
  aio: 'auto',
  submit: 'auto',
  workload: PLAIN_WORKLOAD,
}

function finished(
  settings: Settings,
  chosen: BenchWords,
  varied: readonly BenchWord[],
  name: string | undefined,
): Cell {
  const {mode, aio} = settings
  const {runtimeNs, ioSizeBytes, loops} = settings.workload
  // What is to be verified is written once over, so that a later run knows what was.
  const endless =
    runtimeNs === undefined && ioSizeBytes === undefined && loops === undefined && !settings.workload.verify
  const plainRuntimeNs = aio === 'sim' ? SIMULATED_RUNTIME_NS : RUNTIME_NS
  const full = endless ? {...settings.workload, runtimeNs: plainRuntimeNs} : settings.workload
  checkCell({...settings, workload: full})
  const parts = [...(name === undefined ? [] : [name]), ...varied.map((word) => phraseOf(word, chosen[word] ?? ''))]
  const {rw, bs, iodepth, numjobs} = full
  const block = chosen.bs ?? String(bs.minBytes)
  const options = {rw, bs: block, iodepth: String(iodepth), numjobs: String(numjobs), ...chosen}
  return {
    ...settings,
    workload: full,
    settings: {name: parts.join(', ') || rw, mode: mode.name, aio, options},
  }
}

/** What means nothing, or cannot be, in one cell. */
function checkCell({aio, ordering, workload: asked, submit}: Settings): void {
  const {barrierEvery, fuaEvery, flushEvery, numjobs, pattern, rw} = asked
  const refuse = (message: string, hint: string): never => {
    throw new ToolError('usage', 'E_BENCH_FLAGS', message, {hint})
  }
  if (barrierEvery > 0 && !ordering.drains && !ordering.tags)
    refuse(`--barrier-every needs barriers, and --ordering ${ordering.name} has none`, 'Choose --ordering drain-flush.')
  if (pattern !== undefined && fuaEvery + flushEvery + barrierEvery > 0)
    refuse('--pattern says itself when to flush', 'Leave out --flush-every, --fua-every and --barrier-every.')
  if (!writes(asked) && fuaEvery + flushEvery + barrierEvery > 0)
    refuse(`--rw ${rw} writes nothing that could be flushed`, 'Choose --rw randwrite, write or randrw.')
  if (!isRandom(rw) && asked.distribution.kind !== 'random')
    refuse(`--random-distribution is about random accesses, not --rw ${rw}`, 'Choose --rw randread or randwrite.')
  if (aio === 'threads' && submit !== 'auto')
    refuse(`--submit ${submit} is about io_uring, and --aio threads has none`, 'Leave out one of the two.')
  if (aio !== 'sim') return
  if (numjobs > 1)
    refuse('--numjobs is about threads, and simulated time has one', 'Write --iodepth, or leave out --aio sim.')
  if (submit !== 'auto') refuse('--submit means nothing on a simulated disk', 'Leave it out, or leave out --aio sim.')
}

/** The values of a list with commas. @throws ToolError of kind usage for an empty place, and a value named twice */
export function listOf(word: BenchWord, said: string): string[] {
  const values = said.split(',').map((value) => value.trim())
  if (values.includes(''))
    throw wordRefusal(word, said, 'an empty place in the list', 'Write values with commas between.')
  const twice = values.find((value, i) => values.indexOf(value) !== i)
  if (twice !== undefined) throw wordRefusal(word, said, `${twice} is named twice`, 'Name each value once.')
  return values
}

function accessOf(value: string): Access {
  return oneOf('rw', value === 'readwrite' ? 'rw' : value, ACCESSES)
}

function runtimeOf(value: string): number {
  const ns = durationNsOf('runtime', value, 's')
  if (ns > 0) return ns
  throw wordRefusal('runtime', value, 'no time to measure anything', 'Write 2s, or leave it out.')
}

/** How a value is said in a name: "writeback, flush every 8, depth 32". */
function phraseOf(word: BenchWord, value: string): string {
  const phrases: Partial<Record<BenchWord, string>> = {
    cache: value,
    rw: value,
    pattern: value,
    ordering: value,
    aio: `aio ${value}`,
    iodepth: `depth ${value}`,
    numjobs: value === '1' ? '1 job' : `${value} jobs`,
    bs: `bs ${value}`,
    'flush-every': value === '0' ? 'no flush' : `flush every ${value}`,
    'fua-every': value === '0' ? 'no FUA' : `FUA every ${value}`,
    'barrier-every': value === '0' ? 'no barrier' : `barrier every ${value}`,
  }
  return phrases[word] ?? `${word} ${value}`
}
