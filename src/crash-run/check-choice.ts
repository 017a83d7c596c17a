import {ToolError} from '../base/index.js'

/** What --check names: a module, or one of the checks that come with the tool. */
export type CheckChoice =
  {readonly kind: 'module'; readonly path: string} | {readonly kind: 'builtin'; readonly name: BuiltinName}

/** Checks that are part of the tool and need no other program. */
export const BUILTIN_CHECKS = {
  'stable-survives': 'every write that was stable when the trace was recorded is there',
} as const satisfies Record<string, string>

type BuiltinName = keyof typeof BUILTIN_CHECKS

const MODULE = /\.[cm]?js$/

/** Reads what was given to --check. @throws ToolError of kind usage when it is neither */
export function checkChoiceOf(text: string): CheckChoice {
  if (Object.hasOwn(BUILTIN_CHECKS, text)) return {kind: 'builtin', name: text as BuiltinName}
  if (MODULE.test(text) && !text.includes('{image}')) return {kind: 'module', path: text}
  throw new ToolError('usage', 'E_CHECK', `--check ${JSON.stringify(text)} is not a check`, {
    hint: `Name a module (recovery.mjs), or one of ${Object.keys(BUILTIN_CHECKS).join(', ')}.`,
  })
}
