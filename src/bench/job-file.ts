import {ToolError} from '../base/index.js'
import {readIni} from './job-ini.js'
import {jobKeyOf, keyHint} from './job-keys.js'
import {jobFileError, type Section} from './job-section.js'

/** A value of a job and where it was given. */
export interface JobOption {
  /** Sizes in bytes, times with a unit, yes and no as 1 and 0; everything else as it was written. */
  readonly value: string
  /** From 1. */
  readonly line: number
}

export interface FileJob {
  /** Unique in the file: the second of a name is "name #2". */
  readonly name: string
  readonly line: number
  /** By the first name that fio's manual has for a key; global ones included, its own last word winning. */
  readonly options: ReadonlyMap<string, JobOption>
  /** It begins when those before it have ended. */
  readonly stonewall: boolean
}

/** Variables of the environment, for ${NAME} in values. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Keys whose value nobody looks at. */
const UNUSED: ReadonlySet<string> = new Set(['filename', 'description'])

/** A job file, read and checked. */
export interface JobFile {
  readonly path: string
  readonly jobs: readonly FileJob[]
}

/**
 * Reads a job file: fio's own syntax, or the same sections as a mapping in YAML or JSON, by the extension of the path (.yaml, .yml,
 * .json). Promises: a key that is not understood is an error, never passed over, and so is a value that fio would misread in silence.
 *
 * @throws ToolError of kind usage, with line and column, for the first thing that is wrong
 */
export async function readJobFile(text: string, path: string, variables: Variables = process.env): Promise<JobFile> {
  const structured = /\.(ya?ml|json)$/i.test(path)
  const sections = structured ? (await import('./job-yaml.js')).readYaml(text, path) : readIni(text, path)
  return {path, jobs: jobsOf(sections, path, variables)}
}

/** Options of a [global] section hold for the jobs behind it. */
function jobsOf(sections: readonly Section[], path: string, variables: Variables): FileJob[] {
  const globals = new Map<string, JobOption>()
  const jobs: FileJob[] = []
  const counts = new Map<string, number>()
  for (const section of sections) {
    const options = optionsOf(section, path, variables)
    if (section.name === 'global') {
      for (const [name, option] of options) globals.set(name, option)
      continue
    }
    const all = new Map([...globals, ...options])
    const name = all.get('name')?.value ?? section.name
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    jobs.push({
      name: count === 1 ? name : `${name} #${count}`,
      line: section.line,
      options: all,
      stonewall: all.get('stonewall')?.value === '1',
    })
  }
  if (jobs.length > 0) return jobs
  const only = sections.length > 0 ? 'only [global], and no job' : 'no job'
  throw new ToolError('usage', 'E_JOB_FILE_EMPTY', `${path}: the job file holds ${only}`, {
    hint: 'A job is a section of its own: [name], and below it lines such as rw=randwrite.',
    context: {path},
  })
}

function optionsOf({entries}: Section, path: string, variables: Variables): Map<string, JobOption> {
  const options = new Map<string, JobOption>()
  for (const {key, value: written, line, column, valueColumn} of entries) {
    const known = jobKeyOf(key)
    if (known === undefined) throw jobFileError(path, line, column, `the key "${key}" is not supported`, keyHint(key))
    const variable = /\$\{(\w+)\}/g
    const value = written.replaceAll(variable, (whole, name: string) => {
      const found = variables[name] ?? ''
      if (found !== '') return found
      const hint = 'Set it, or write the value itself: fio would put nothing in its place.'
      throw jobFileError(path, line, valueColumn, `${key}: the variable ${whole} is not set`, hint)
    })
    if (value.includes('$') && !UNUSED.has(known.name)) {
      const hint = 'Only ${NAME}, a variable of the environment, is replaced: write the value itself.'
      throw jobFileError(path, line, valueColumn, `${key}: "${value}" is not replaced`, hint)
    }
    const reading = known.read(value)
    if ('problem' in reading) {
      const said = value === '' ? key : `${key}: "${value}"`
      throw jobFileError(path, line, valueColumn, `${said} ${reading.problem}`, reading.hint)
    }
    options.set(known.name, {value: reading.value, line})
  }
  return options
}
