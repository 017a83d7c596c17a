import {ToolError} from '../base/index.js'
import type {Cell, Turn} from './cell.js'
import {readJobFile, type FileJob, type JobFile} from './job-file.js'
import {jobFileError} from './job-section.js'
import {jobWords, type JobWords} from './job-words.js'
import {BENCH_WORDS, cellsOf, listOf, type BenchWords} from './matrix.js'
import {readTextFile} from './text-file.js'

/** The turns of a job file, and what the file asked for in other words than it is done. */
export interface JobTurns {
  readonly turns: readonly Turn[]
  readonly notes: readonly string[]
}

/** A job with the cells that its lists and those of the command line make. */
interface Worded {
  readonly job: FileJob
  readonly cells: readonly Cell[]
}

/**
 * Makes turns of the jobs of a file: those between two stonewalls run side by side, as fio's do. Lists of the command line multiply
 * the turns; the same value then holds for every job of a turn.
 *
 * @param over words of the command line: they hold for every job, over its own
 * @throws ToolError of kind environment when the file cannot be read, of kind usage, naming file and job, when it is wrong
 */
export async function turnsOfJobFile(path: string, over: BenchWords): Promise<JobTurns> {
  const file = await readJobFile(await readTextFile(path, 'job file'), path)
  const words = jobWords(file)
  const worded = file.jobs.map((job, i): Worded => ({job, cells: cellsOfJob(file, job, words[i], over)}))
  const notes = words.flatMap((one) => one.notes)
  const simulated = worded.some(({cells}) => cells.some(({aio}) => aio === 'sim'))
  if (!simulated) return {turns: groupsOf(worded).flatMap((group) => turnsOf(file, group, over)), notes}
  const apart = groupsOf(worded).flatMap((group) => group.slice(1))
  const turns = worded.flatMap(({cells}) => cells.map((cell) => [cell]))
  return {turns, notes: apart.length === 0 ? notes : [apartNote(apart), ...notes]}
}

function cellsOfJob(file: JobFile, job: FileJob, words: JobWords | undefined, over: BenchWords): Cell[] {
  try {
    return cellsOf({...words?.words, ...over}, job.name)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    const {line} = job
    throw new ToolError(error.kind, error.code, `${file.path}:${line}: ${job.name}: ${error.message}`, {
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      context: {...error.context, path: file.path, line},
      cause: error,
    })
  }
}

/** A stonewall begins a new group. */
function groupsOf(worded: readonly Worded[]): Worded[][] {
  const groups: Worded[][] = []
  for (const one of worded) {
    const last = groups.at(-1)
    if (last === undefined || one.job.stonewall) groups.push([one])
    else last.push(one)
  }
  return groups
}

/** A job by itself has a turn for each of its cells; jobs side by side have one for each choice from the lists of the command line. */
function turnsOf(file: JobFile, group: readonly Worded[], over: BenchWords): Turn[] {
  const [first] = group
  if (first === undefined) return []
  if (group.length === 1) return first.cells.map((cell) => [cell])
  const choices = BENCH_WORDS.reduce((product, word) => product * listOf(word, over[word] ?? '-').length, 1)
  for (const {job, cells} of group) {
    if (cells.length === choices) continue
    const hint =
      'Write one value, put stonewall before and behind it, or give the list on the command line, for all jobs.'
    throw jobFileError(file.path, job.line, 1, `${job.name} has a list, and runs beside other jobs`, hint)
  }
  return first.cells.map((_, choice) => group.flatMap(({cells}) => cells[choice] ?? []))
}

function apartNote(jobs: readonly Worded[]): string {
  const names = jobs.map(({job}) => job.name).join(', ')
  return `${names}: without stonewall a job runs beside those before it; on a simulated disk each runs by itself.`
}
