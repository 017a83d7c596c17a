import type {Hook} from '@oclif/core'

import {editDistance, EXIT_CODES} from '../base/index.js'
import {reportFailure, ReportedError, type Failure} from './failure.js'
import {asksForJson} from './json-request.js'
import {reportThroughCallbacks} from './output.js'

/** More slips than this per letter and the word is another word. */
const SLIPS_PER_LETTER = 0.4

/**
 * Answers a command that does not exist: names it, suggests the nearest one, ends with 127. It never runs the suggestion
 * and never asks: a wrong guess on a disk cannot be taken back.
 */
const commandNotFound: Hook.CommandNotFound = async function ({id, argv = [], config}) {
  const known = config.commands
    .filter((command) => !command.hidden)
    .flatMap(({id: name, aliases}) => [name, ...aliases])
  const failure = unknownCommand(id.split(':'), known, config.bin)
  reportThroughCallbacks(process.stdout)
  reportThroughCallbacks(process.stderr)
  process.exitCode = failure.exit
  const asJson = asksForJson([...id.split(':'), ...argv]) || config.scopedEnvVar('CONTENT_TYPE') === 'json'
  await reportFailure(failure, asJson)
  throw new ReportedError(failure)
}

export default commandNotFound

/**
 * @param typed the words that were taken for a command: with its arguments, since nobody knows where the command ends
 * @param known command ids, words separated by ":"
 */
function unknownCommand(typed: readonly string[], known: readonly string[], bin: string): Failure {
  const guesses = known
    .map((id) => {
      const words = id.split(':')
      const meant = typed.slice(0, words.length).join(' ')
      return {name: words.join(' '), meant, slips: editDistance(meant.toLowerCase(), words.join(' '))}
    })
    .filter(({name, slips}) => slips <= Math.max(1, Math.floor(name.length * SLIPS_PER_LETTER)))
    .toSorted((a, b) => a.slips - b.slips)
  const guess = guesses[0]
  const row = EXIT_CODES.find((candidate) => candidate.kind === 'unknown-command')
  return {
    name: 'UsageError',
    kind: 'unknown-command',
    code: 'E_UNKNOWN_COMMAND',
    message: `there is no command "${guess?.meant ?? typed[0] ?? ''}"`,
    hint: guess ? `Did you mean "${bin} ${guess.name}"?` : `Run "${bin} --help" for the list of commands.`,
    context: {},
    exit: row?.exit ?? 127,
  }
}
