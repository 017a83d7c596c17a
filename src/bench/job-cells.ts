import {ToolError} from '../base/index.js'
import type {Cell} from './cell.js'
import {readJobFile, type JobFile} from './job-file.js'
import {jobWords, type JobWords} from './job-words.js'
import {cellsOf, type BenchWords} from './matrix.js'
import {readTextFile} from './text-file.js'

/** The cells of a job file, and what the file asked for in other words than it is done. */
export interface JobCells {
  readonly cells: readonly Cell[]
  readonly notes: readonly string[]
}

/**
 * Makes cells of the jobs of a file, in their order.
 *
 * @param over words of the command line: they hold for every job, over its own
 * @throws ToolError of kind environment when the file cannot be read, of kind usage, naming file and job, when it is wrong
 */
export async function cellsOfJobFile(path: string, over: BenchWords): Promise<JobCells> {
  const file = await readJobFile(await readTextFile(path, 'job file'), path)
  const jobs = jobWords(file)
  return {
    cells: jobs.flatMap((job, i) => cellsOfJob(file, i, job, over)),
    notes: jobs.flatMap(({notes}) => notes),
  }
}

function cellsOfJob(file: JobFile, index: number, {name, words}: JobWords, over: BenchWords): Cell[] {
  try {
    return cellsOf({...words, ...over}, name)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    const line = file.jobs[index]?.line ?? 1
    throw new ToolError(error.kind, error.code, `${file.path}:${line}: ${name}: ${error.message}`, {
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      context: {...error.context, path: file.path, line},
      cause: error,
    })
  }
}
