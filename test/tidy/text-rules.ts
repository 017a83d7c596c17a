import {type House, type HouseFile, lineAt, type SyntaxNode} from './house.js'
import type {Rule} from './rules.js'

function matches(house: House, pattern: RegExp, concerns: (path: string) => boolean): string[] {
  return house.files
    .filter((file) => concerns(file.path))
    .flatMap((file) =>
      [...file.text.matchAll(pattern)].map((match) => `${file.path}:${lineAt(file.text, match.index)}: ${match[0]}`),
    )
}

function found(house: House, says: string, is: (node: SyntaxNode, file: HouseFile) => boolean): string[] {
  return house.files.flatMap((file) =>
    file.nodes.filter((node) => is(node, file)).map((node) => `${file.path}:${lineAt(file.text, node.start)}: ${says}`),
  )
}

const isCode = (path: string): boolean => /\.(ts|js)$/.test(path)

// The words are put together here, or this file would break its own rules.
const PROMISES = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`, 'g')
const COMPILER_GAGS = new RegExp(`@ts-${'(ignore|expect-error|nocheck)'}`, 'g')
const LINT_GAGS = new RegExp(`\\b(es|ox)lint-${'disable'}(?!-next-line [\\w/-]+ -- \\S)`, 'g')
const WORKPLACE = new RegExp(
  [`sub-?${'agent'}s?`, `session ${'\\d'}`, `issues? #?${'\\d'}`, `/${'work'}/(main|shared)`, `/tmp/${'fp'}/`]
    .map((word) => `(?<!\\w)${word}`)
    .join('|'),
  'gi',
)

function name(node: unknown): string | undefined {
  const named = node as {type?: unknown; name?: unknown} | undefined
  return named?.type === 'Identifier' && typeof named.name === 'string' ? named.name : undefined
}

const TEST_FUNCTIONS = ['it', 'test', 'describe', 'suite']

/** it.only, describe.skip ...: a test is switched off in test/peers.ts only, where the reason is kept. */
function isSwitchedOff(node: SyntaxNode, file: HouseFile): boolean {
  if (node.type !== 'MemberExpression' || !file.path.startsWith('test/')) return false
  return (
    TEST_FUNCTIONS.includes(name(node['object']) ?? '') &&
    ['only', 'skip', 'todo'].includes(name(node['property']) ?? '')
  )
}

/** What stands in the text. */
export const TEXT_RULES = {
  'no work is left as a note in the code': (house) =>
    matches(house, PROMISES, (path) => isCode(path) || path.endsWith('.md')),
  'no type is switched off with any': (house) => found(house, 'any', (node) => node.type === 'TSAnyKeyword'),
  'the compiler is not told to look away': (house) => matches(house, COMPILER_GAGS, isCode),
  'the linter is told to look away from one named rule with a reason': (house) => matches(house, LINT_GAGS, isCode),
  'no test is switched off without a reason': (house) => found(house, 'switched off', isSwitchedOff),
  'nothing in src writes to the console behind the back of cli': (house) =>
    found(
      house,
      'console',
      (node, file) =>
        file.path.startsWith('src/') && node.type === 'MemberExpression' && name(node['object']) === 'console',
    ),
  'the text is about the tool, not about the place where it was written': (house) =>
    matches(house, WORKPLACE, () => true),
} as const satisfies Record<string, Rule>
