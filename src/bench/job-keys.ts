import {editDistance} from '../base/index.js'
import {JOB_VALUES, type ValueReader} from './job-values.js'

/** One key of a job file. */
export interface JobKey {
  /** As it is kept: the name fio's manual gives first. */
  readonly name: string
  readonly aliases: readonly string[]
  /** The value as we keep it, or why it cannot be kept. */
  readonly read: ValueReader
}

const key = (name: string, read: ValueReader, ...aliases: string[]): JobKey => ({name, aliases, read})

const {text, flag, count, size, range, duration, percent, access, choice} = JOB_VALUES

/** fio's ways to check blocks that are a checksum. */
const CHECKSUMS = [
  'md5',
  'crc64',
  'crc32c',
  'crc32c-intel',
  'crc32',
  'crc16',
  'crc7',
  'xxhash',
  'sha512',
  'sha256',
  'sha1',
]

/** Every key that is understood: first fio's, then our own words, which fio does not know. */
export const JOB_KEYS: readonly JobKey[] = [
  key('name', text),
  key('description', text),
  key('filename', text),
  key('rw', access, 'readwrite'),
  key('rwmixread', percent),
  key('bs', size, 'blocksize'),
  key('bsrange', range, 'blocksize_range'),
  key('size', size),
  key('offset', size),
  key('io_size', size, 'io_limit'),
  key('iodepth', count(1)),
  key('numjobs', count(1)),
  key('runtime', duration('s')),
  key('time_based', flag),
  key('ramp_time', duration('s')),
  key('loops', count(1)),
  key('randseed', count(0)),
  key('norandommap', flag),
  key('random_distribution', text),
  key('thinktime', duration('us')),
  key('rate_iops', count(1)),
  key('verify', choice(...CHECKSUMS, '1', '0')),
  key('fsync', count(0)),
  key('fdatasync', count(0)),
  key('fsync_on_close', flag),
  key('direct', flag),
  key('sync', choice('none', '0', 'sync', '1', 'dsync')),
  key('ioengine', choice('io_uring', 'libaio', 'posixaio', 'psync', 'sync', 'vsync', 'pvsync', 'pvsync2')),
  key('group_reporting', flag),
  key('stonewall', flag, 'wait_for_previous'),
  key('cache', text),
  key('aio', text),
  key('pattern', text),
  key('ordering', text),
  key('flush-every', text),
  key('fua-every', text),
  key('barrier-every', text),
  key('flush-drain', flag),
]

/** Keys of fio whose meaning nothing here has, with what to write instead or why there is nothing. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  ['write_barrier', 'fio accepts it and does nothing. Write barrier-every, with ordering.'],
  ['end_fsync', 'Write fsync_on_close=1.'],
  ['buffered', 'Write direct=1 for buffered=0.'],
  ['bssplit', 'Shares of block sizes are not measured. Write bsrange=512-64k, or a job for each size.'],
  ['rwmixwrite', 'Write rwmixread with what is left of 100.'],
  ['sync_file_range', 'It makes nothing stable. Write fdatasync=N.'],
  ['include', 'Put everything into one file.'],
  ['no_drain', 'Write flush-drain=0.'],
  ['verify_only', 'It is for all jobs: --verify-only on the command line.'],
  ['sync_methods', 'It is no job: --sync-methods on the command line.'],
])

/** fio's keys have low lines where our flags have dashes: either is understood. */
const plain = (name: string): string => name.replaceAll('-', '_')

/** The key of a name or alias. */
export function jobKeyOf(name: string): JobKey | undefined {
  const asked = plain(name)
  return JOB_KEYS.find(({name: own, aliases}) => [own, ...aliases].some((known) => plain(known) === asked))
}

/** What to do about a key that is not understood. */
export function keyHint(name: string): string {
  const known = NOT_HERE.get(plain(name))
  if (known !== undefined) return known
  const names = JOB_KEYS.flatMap(({name: own, aliases}) => [own, ...aliases])
  const typed = name.toLowerCase()
  const nearest = names
    .map((candidate) => ({candidate, slips: editDistance(plain(typed), plain(candidate))}))
    .filter(({candidate, slips}) => slips <= Math.max(1, Math.floor(candidate.length / 4)))
    .toSorted((a, b) => a.slips - b.slips)[0]
  if (nearest !== undefined) return `Did you mean "${nearest.candidate}"?`
  return `Leave it out. Understood are: ${JOB_KEYS.map(({name: own}) => own).join(', ')}.`
}
