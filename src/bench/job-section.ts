import {ToolError} from '../base/index.js'

/** A section as it stands in a file, whatever the syntax. */
export interface Section {
  readonly name: string
  readonly line: number
  readonly entries: readonly Entry[]
}

/** Line and column are from 1; the column of the value is that of the key where it has none of its own. */
export interface Entry {
  readonly key: string
  /** "" where the key stands alone. */
  readonly value: string
  readonly line: number
  readonly column: number
  readonly valueColumn: number
}

/** A refusal that names the place first. */
export function jobFileError(path: string, line: number, column: number, what: string, hint: string): ToolError {
  return new ToolError('usage', 'E_JOB_FILE', `${path}:${line}:${column}: ${what}`, {
    hint,
    context: {path, line, column},
  })
}
