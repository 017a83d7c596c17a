import {ToolError, type ErrorContext} from '../base/index.js'

/** Where in a trace something is wrong: a byte of a binary file, or a line of text. */
export interface TracePlace {
  readonly name: string
  readonly offsetBytes?: number
  readonly line?: number
}

/** The error for a trace that is not what it says it is. The message names file, place and fault; the hint the next step. */
export function traceFault(place: TracePlace, what: string, hint: string): ToolError {
  const {name, offsetBytes, line} = place
  const where = line === undefined ? (offsetBytes === undefined ? '' : `byte ${offsetBytes}: `) : `line ${line}: `
  const context: ErrorContext = {
    path: name,
    ...(line === undefined ? {} : {line}),
    ...(offsetBytes === undefined ? {} : {offsetBytes}),
  }
  return new ToolError('format', 'E_TRACE', `${name}: ${where}${what}`, {hint, context})
}
