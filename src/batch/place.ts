import {ToolError} from '../base/index.js'

/** The line of a batch that is being read or expanded. One object follows the text; only the line changes. */
export interface Place {
  readonly sourceName: string
  /** From 1. */
  line: number
}

/** What a word may refer to and cost while a batch is parsed. */
export interface Scope extends Place {
  /** How many REPEATs enclose the line. */
  loops: number
  /** Operands and names the rest of the line may still hold. */
  piecesLeft: number
}

/**
 * A usage error at a character of the batch: `disk.fp:12:5: ...`.
 *
 * @param column from 1, in UTF-16 units, where the offending text starts (one past the last word when something is missing)
 */
export function fault(place: Place, column: number, message: string, hint?: string): ToolError {
  const {sourceName, line} = place
  return new ToolError('usage', 'E_BATCH', `${sourceName}:${line}:${column}: ${message}`, {
    context: {path: sourceName, line, column},
    ...(hint === undefined ? {} : {hint}),
  })
}

/** The refusal of a batch that holds more of something than a run can. */
export function tooMany(place: Place, column: number, max: number, what: string): ToolError {
  return fault(place, column, `more than ${max} ${what}`, 'Split the batch, or measure with a benchmark.')
}

/** Counts one operand or name, so that a text within its limit cannot fill memory. */
export function spendPiece(scope: Scope, column: number): void {
  if (scope.piecesLeft-- <= 0) {
    throw fault(scope, column, 'too many operands and names', 'Split the line, or use REPEAT.')
  }
}

const SHOWN_MAX = 40

/** Text of the batch for a message: quoted, cut, and with nothing a terminal would obey. */
export function show(text: string): string {
  const cut = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text
  return JSON.stringify(cut).replaceAll(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}
