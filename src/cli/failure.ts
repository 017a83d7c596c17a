import {stripVTControlCharacters} from 'node:util'

import {EXIT_CODES, exitCodeOf, ToolError, type ErrorContext} from '../base/index.js'
import {jsonText, printable} from '../report/index.js'
import {writeChunks} from './output.js'

type FailureKind = Exclude<(typeof EXIT_CODES)[number]['kind'], 'ok'>

/** Any error, as the user sees it. Its JSON form is a contract with scripts: add fields, never rename them. */
export interface Failure {
  readonly name: string
  readonly kind: FailureKind
  /** E_..., for scripts. */
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly context: ErrorContext
  /** The exit status of the process. */
  readonly exit: number
}

/** What oclif hangs on the errors it throws. */
interface OclifError extends Error {
  readonly code?: string
  readonly suggestions?: readonly string[]
  readonly oclif?: {readonly exit?: number}
  readonly parse?: unknown
}

/** How oclif's parser wraps whatever the parse function of a flag throws. */
const FLAG_PREFIX = /^Parsing (--\S+) \n\t/
const HELP_SUFFIX = /\nSee more help with --help$/

/**
 * Explains any thrown value. A ToolError is taken at its word; what oclif throws about the command line is a usage error;
 * everything else is a bug of this tool.
 *
 * @param helpCommand what to type for help, named in the hint of a usage error
 */
export function failureOf(error: unknown, helpCommand: string): Failure {
  if (error instanceof ToolError) {
    return {
      name: error.name,
      kind: error.kind,
      code: error.code,
      message: withoutParserNoise(error.message),
      hint: error.hint ?? null,
      context: error.context,
      exit: error.exitCode,
    }
  }
  const usage = error instanceof Error ? usageFailure(error, helpCommand) : undefined
  return usage ?? bugFailure(error)
}

function usageFailure(error: OclifError, helpCommand: string): Failure | undefined {
  const ofParser = error.parse !== undefined || FLAG_PREFIX.test(error.message)
  if (!ofParser && error.oclif?.exit === undefined) return undefined
  const exit = ofParser ? 2 : (error.oclif?.exit ?? 2)
  return {
    name: 'UsageError',
    kind: kindOf(exit),
    code: error.code ?? 'E_USAGE',
    // oclif dims some of its reasons.
    message: withoutParserNoise(stripVTControlCharacters(error.message)),
    hint: error.suggestions?.join('\n') ?? `Run "${helpCommand}" to see what it takes.`,
    context: {},
    exit,
  }
}

function kindOf(exit: number): FailureKind {
  const row = EXIT_CODES.find((candidate) => candidate.exit === exit)
  return row === undefined || row.kind === 'ok' ? 'usage' : row.kind
}

function bugFailure(error: unknown): Failure {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    name: error instanceof Error ? error.name : typeof error,
    kind: 'bug',
    code: 'E_BUG',
    message: `internal error: ${what}`,
    hint: 'This is a bug in flushpoint. Please report it with the command and its input; DEBUG=1 in the environment adds the stack.',
    context: {},
    exit: exitCodeOf('bug'),
  }
}

function withoutParserNoise(message: string): string {
  return message
    .replace(HELP_SUFFIX, '')
    .replace(FLAG_PREFIX, '$1: ')
    .replace(/^The following errors? occurred:\n\s*/, '')
}

/** The failure for a terminal: "error: ...", then where, then "  hint: ...". Ends with a line break. */
function failureText(failure: Failure): string {
  const {path, line, column} = failure.context
  const place = [path, line, column].filter((part) => part !== undefined).join(':')
  const told = line === undefined || failure.message.includes(place)
  return [
    indented('error: ', failure.message),
    ...(told ? [] : [indented('  at ', place)]),
    ...(failure.hint === null ? [] : [indented('  hint: ', failure.hint)]),
  ].join('')
}

function indented(prefix: string, text: string): string {
  const rest = ' '.repeat(prefix.length)
  return printable(text)
    .split('\n')
    .map((line, i) => `${((i === 0 ? prefix : rest) + line).trimEnd()}\n`)
    .join('')
}

/** The failure for a script: one document, `{"error": {...}}`. Ends with a line break. */
function failureJson(failure: Failure): string {
  return [...jsonText({error: failure})].join('')
}

/**
 * Tells the failure once: as JSON on stdout, or as text on stderr. When stdout cannot take it, stderr gets it; when that
 * fails too, the exit status has to do. Never throws.
 */
export async function reportFailure(failure: Failure, asJson: boolean): Promise<void> {
  try {
    if (asJson) await writeChunks(process.stdout, [failureJson(failure)])
    else await writeChunks(process.stderr, [failureText(failure)])
  } catch {
    if (asJson) await reportFailure(failure, false)
  }
}

/**
 * Thrown on once a failure has been printed, so that oclif ends the process with the right status and prints nothing
 * more. Carries no cause: oclif walks the causes of what it catches and trips over those that are not errors.
 */
export class ReportedError extends Error {
  readonly failure: Failure
  readonly code: string
  readonly exitCode: number
  readonly oclif: {readonly exit: number}
  readonly skipOclifErrorHandling = true

  constructor(failure: Failure) {
    super(failure.message)
    this.name = failure.name
    this.failure = failure
    this.code = failure.code
    this.exitCode = failure.exit
    this.oclif = {exit: failure.exit}
  }
}
