/** Every way to end, and the exit status it becomes. Help, README and tests print this table. */
export const EXIT_CODES = [
  {exit: 0, kind: 'ok', means: 'worked; the answer is yes'},
  {
    exit: 1,
    kind: 'verdict',
    means: 'worked; the answer is no (a request refused, a verify that differs, --require unmet)',
  },
  {
    exit: 2,
    kind: 'usage',
    means: 'a flag, an argument or a line of the batch is wrong; nothing was opened for writing',
  },
  {exit: 3, kind: 'environment', means: 'missing, denied, locked, O_DIRECT refused, io_uring asked for but not there'},
  {exit: 4, kind: 'io', means: 'an I/O error: EIO, ENOSPC, a failed sync'},
  {exit: 5, kind: 'format', means: 'a file is not what it says it is'},
  {exit: 6, kind: 'protocol', means: 'a peer broke the protocol'},
  {exit: 70, kind: 'bug', means: 'an invariant of flushpoint failed: please report it'},
  {exit: 127, kind: 'unknown-command', means: 'there is no such command'},
  {exit: 130, kind: 'interrupted', means: 'cut short by SIGINT after draining and closing'},
  {exit: 143, kind: 'terminated', means: 'cut short by SIGTERM after draining and closing'},
] as const

export type ErrorKind = Exclude<(typeof EXIT_CODES)[number]['kind'], 'ok' | 'unknown-command'>

/** Where an error happened. Only what is known is set. */
export interface ErrorContext {
  readonly path?: string
  readonly line?: number
  readonly column?: number
  readonly offsetBytes?: number
  readonly op?: string
}

/** The exit status of a kind of error. */
export function exitCodeOf(kind: ErrorKind): number {
  const row = EXIT_CODES.find((candidate) => candidate.kind === kind)
  if (!row) throw new Error(`no exit code for ${kind}`)
  return row.exit
}

/**
 * The one error of this tool. `message` names the thing, then the number; `hint` gives the likely cause or the next step.
 * The base command turns it into text or JSON and into the exit status; nothing else formats errors.
 */
export class ToolError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly hint: string | undefined
  readonly context: ErrorContext

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    more: {hint?: string; context?: ErrorContext; cause?: unknown} = {},
  ) {
    super(message, more.cause === undefined ? undefined : {cause: more.cause})
    this.name = 'ToolError'
    this.kind = kind
    this.code = code
    this.hint = more.hint
    this.context = more.context ?? {}
  }

  get exitCode(): number {
    return exitCodeOf(this.kind)
  }
}

/** Throws a `bug` error when an invariant does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new ToolError('bug', 'E_INVARIANT', `internal error: ${message}`, {
      hint: 'This is a bug in flushpoint. Please report it with the command, the batch and this message.',
    })
  }
}
