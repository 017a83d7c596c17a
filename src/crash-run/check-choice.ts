import {ToolError} from '../base/index.js'
import type {Check} from '../crash/index.js'
import type {CommandCheck} from './command-check-asking.js'
import {builtinCheck, BUILTIN_CHECKS} from './builtin.js'

/** A check that runs in this process, as plain values: it is looked up again in the thread that runs it. */
export type InProcessCheck =
  {readonly kind: 'module'; readonly path: string} | {readonly kind: 'builtin'; readonly name: string}

/** What --check names. */
export type CheckChoice = InProcessCheck | {readonly kind: 'command'; readonly command: CommandCheck}

const MODULE = /\.[cm]?js$/
/** What makes a text a command: it says where the image goes. */
const COMMAND = /\{image\}|\bFLUSHPOINT_IMAGE\b/

/**
 * Reads what was given to --check, and to --recover.
 *
 * @throws ToolError of kind usage when it is no check, or one that nothing recovers for; of kind environment when the program that a
 *   built-in needs is missing
 */
export function checkChoiceOf(text: string, recover?: string): CheckChoice {
  const choice = choiceOf(text)
  if (recover === undefined) return choice
  if (choice.kind !== 'command' || choice.command.recover !== undefined) {
    throw new ToolError('usage', 'E_RECOVER', '--recover goes with a command as --check', {
      hint: 'A module recovers by itself: it may write. A built-in check knows what has to come before it.',
    })
  }
  return {kind: 'command', command: {...choice.command, recover}}
}

function choiceOf(text: string): CheckChoice {
  const builtin = builtinCheck(text)
  if (builtin?.check.kind === 'command') return {kind: 'command', command: builtin.check.command}
  if (builtin !== undefined) return {kind: 'builtin', name: text}
  if (COMMAND.test(text)) return {kind: 'command', command: {check: text}}
  if (MODULE.test(text)) return {kind: 'module', path: text}
  throw new ToolError('usage', 'E_CHECK', `--check ${JSON.stringify(text)} is not a check`, {
    hint: `Give a module (recovery.mjs), a command with {image} in it, or one of ${BUILTIN_CHECKS.map(({name}) => name).join(', ')}.`,
  })
}

/** The function behind the name of a built-in; undefined for one that asks the model instead of an image. */
export function builtinFunction(name: string): Check | undefined {
  const check = builtinCheck(name)?.check
  return check?.kind === 'function' ? check.run : undefined
}
