import type {FileJob, JobFile, JobOption} from './job-file.js'
import {jobFileError} from './job-section.js'
import type {BenchWord, BenchWords} from './matrix.js'

/** A job in the words of the bench, as its flags take them. */
export interface JobWords {
  readonly name: string
  /** Word of a flag, without its dashes -> value. */
  readonly words: BenchWords
  /** What was asked for in other words than it is done here, a sentence each. */
  readonly notes: readonly string[]
}

/** Keys whose value goes to the flag of another name, or of the same. */
const SAME: ReadonlyMap<string, BenchWord> = new Map<string, BenchWord>([
  ['rw', 'rw'],
  ['rwmixread', 'rwmixread'],
  ['bs', 'bs'],
  ['bsrange', 'bs'],
  ['size', 'size'],
  ['offset', 'offset'],
  ['iodepth', 'iodepth'],
  ['numjobs', 'numjobs'],
  ['runtime', 'runtime'],
  ['ramp_time', 'ramp-time'],
  ['randseed', 'randseed'],
  ['norandommap', 'norandommap'],
  ['random_distribution', 'random-distribution'],
  ['thinktime', 'thinktime'],
  ['rate_iops', 'rate-iops'],
  ['fsync_on_close', 'fsync-on-close'],
  ['cache', 'cache'],
  ['aio', 'aio'],
  ['pattern', 'pattern'],
  ['ordering', 'ordering'],
  ['flush-every', 'flush-every'],
  ['fua-every', 'fua-every'],
  ['barrier-every', 'barrier-every'],
  ['flush-drain', 'flush-drain'],
])

/** fio's engines, each with the backend that comes nearest. */
const BACKEND_OF: ReadonlyMap<string, string> = new Map([
  ['io_uring', 'uring'],
  ['libaio', 'uring'],
  ['posixaio', 'threads'],
  ['psync', 'threads'],
  ['sync', 'threads'],
  ['vsync', 'threads'],
  ['pvsync', 'threads'],
  ['pvsync2', 'threads'],
])

/** Two keys that say one thing. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ['fsync', 'fdatasync'],
  ['fsync', 'flush-every'],
  ['fdatasync', 'flush-every'],
  ['direct', 'cache'],
  ['sync', 'cache'],
  ['ioengine', 'aio'],
  ['bs', 'bsrange'],
]

/**
 * Says each job of a file in the words of the bench. fsync=N and fdatasync=N are a flush after every N writes, direct=1 and sync= are
 * the cache mode that opens the image so, and the size is gone through once unless fio would go on.
 *
 * @throws ToolError of kind usage, with the line, where two keys contradict each other
 */
export function jobWords(file: JobFile): JobWords[] {
  return file.jobs.map((job) => {
    for (const [one, other] of EXCLUSIVE) refuseBoth(file.path, job, one, other)
    return {
      name: job.name,
      words: {
        ...sameWords(job),
        ...flushWords(job),
        ...cacheWords(job),
        ...backendWords(job),
        ...lengthWords(file, job),
      },
      notes: notesOf(job),
    }
  })
}

/** fio reads in sequence unless told otherwise; the bench reads at random. */
const FIO_ACCESS = 'read'

function sameWords({options}: FileJob): BenchWords {
  const said = [...options].flatMap(([key, {value}]) => {
    const word = SAME.get(key)
    return word === undefined ? [] : [[word, value]]
  })
  return {...(options.has('pattern') ? {} : {rw: FIO_ACCESS}), ...(Object.fromEntries(said) as BenchWords)}
}

function flushWords({options}: FileJob): BenchWords {
  const every = ['fsync', 'fdatasync'].map((key) => options.get(key)?.value ?? '0').find((value) => value !== '0')
  return every === undefined ? {} : {'flush-every': every}
}

/** The mode whose flags of open(2) are the ones asked for. */
function cacheWords({options}: Pick<FileJob, 'options'>): BenchWords {
  if (!options.has('direct') && !options.has('sync')) return {}
  const direct = options.get('direct')?.value === '1'
  const sync = options.get('sync')?.value ?? 'none'
  const stable = sync !== 'none' && sync !== '0'
  if (stable) return {cache: direct ? 'directsync' : 'writethrough'}
  return {cache: direct ? 'none' : 'writeback'}
}

function backendWords({options}: Pick<FileJob, 'options'>): BenchWords {
  const backend = BACKEND_OF.get(options.get('ioengine')?.value ?? '')
  return backend === undefined ? {} : {aio: backend}
}

/**
 * How long: fio goes through the size once, or `loops` times, and a runtime only cuts that short; with time_based it goes on until
 * the time is up.
 */
function lengthWords({path}: JobFile, {options}: FileJob): BenchWords {
  const verify = options.get('verify')
  const verifying: BenchWords = verify === undefined || verify.value === '0' ? {} : {verify: '1'}
  const timed = options.get('time_based')
  if (timed?.value === '1') {
    if (options.has('runtime')) return verifying
    throw jobFileError(path, timed.line, 1, 'time_based has no runtime to go by', 'Write runtime=10s as well.')
  }
  const ioSize = options.get('io_size')
  if (ioSize !== undefined) return {...verifying, 'io-size': ioSize.value}
  return {...verifying, loops: options.get('loops')?.value ?? '1'}
}

function refuseBoth(path: string, {name, options}: FileJob, one: string, other: string): void {
  const [a, b] = [options.get(one), options.get(other)]
  if (a === undefined || b === undefined || isOff(one, a) || isOff(other, b)) return
  const hint = 'Keep one of the two; what [global] says counts for every job behind it.'
  throw jobFileError(path, Math.max(a.line, b.line), 1, `${one} and ${other} of ${name} say one thing twice`, hint)
}

/** fsync=0 and the like ask for nothing. Of cache modes and backends there is no nothing. */
function isOff(key: string, {value}: JobOption): boolean {
  return ['fsync', 'fdatasync', 'flush-every'].includes(key) && value === '0'
}

function notesOf({name, options}: FileJob): string[] {
  const said = (key: string): string => `${name}: ${key}=${options.get(key)?.value ?? ''}`
  const {cache} = cacheWords({options})
  const {aio} = backendWords({options})
  const verify = options.get('verify')?.value ?? '0'
  return [
    ...(options.has('filename') ? [`${said('filename')} is not used: the image is the one on the command line.`] : []),
    ...(aio === undefined ? [] : [`${said('ioengine')} is run by the backend ${aio}.`]),
    ...(cache === undefined
      ? []
      : [
          `${['direct', 'sync']
            .filter((key) => options.has(key))
            .map(said)
            .join(', ')} is the cache mode ${cache}.`,
        ]),
    ...(['sync', '1'].includes(options.get('sync')?.value ?? '')
      ? [`${said('sync')} is O_SYNC to fio; here O_DSYNC makes the same data stable.`]
      : []),
    ...(verify === '0' ? [] : [`${said('verify')}: blocks carry a checksum of our own.`]),
  ]
}
