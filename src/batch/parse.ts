import {invariant, type ToolError} from '../base/index.js'
import {FSYNC_RANGE, type RequestKind} from '../request/index.js'
import {batchTooLarge} from './decode.js'
import {parseOffset, parseOperand, type SizeOperand} from './expression.js'
import {grammarOf, keywordHint, type OperandName, type RequestGrammar} from './keyword.js'
import {parseName} from './name.js'
import {nearest} from './nearest.js'
import {
  checkRangeSync,
  mayHaveValue,
  NO_OPTIONS,
  OPTION_ROWS,
  optionFits,
  optionLabel,
  type OptionDraft,
  type OptionRow,
} from './option.js'
import {fault, show, tooMany, type Scope} from './place.js'
import {
  BATCH_MAX_BYTES,
  LINE_PIECES_MAX,
  LOOPS_MAX,
  PIECES_MAX,
  REQUESTS_MAX,
  STATEMENTS_MAX,
  type Program,
  type ProgramNode,
  type RequestNode,
  type RequestOptions,
} from './program.js'
import {parseCdb} from './scsi.js'
import {parseSetting} from './setting.js'
import {splitWords, type Word} from './word.js'

/** A REPEAT whose END has not come yet. */
interface OpenRepeat {
  readonly line: number
  readonly column: number
  readonly count: SizeOperand
  readonly nodes: ProgramNode[]
}

interface Parser extends Scope {
  readonly nodes: ProgramNode[]
  readonly repeats: OpenRepeat[]
  /** Operands and names the rest of the batch may still hold. */
  piecesInBatch: number
  requests: number
  statements: number
}

/**
 * Reads the text of a batch. Promises: the whole text is read before anything is returned; nothing is guessed.
 *
 * @param sourceName what messages call the batch: its path, "-" or "-c"
 * @throws ToolError of kind usage, code E_BATCH, with line and column, for the first word that is wrong
 */
export function parseBatch(text: string, sourceName: string): Program {
  if (text.length > BATCH_MAX_BYTES) throw batchTooLarge(sourceName)
  const parser: Parser = {
    sourceName,
    line: 0,
    loops: 0,
    piecesLeft: 0,
    piecesInBatch: PIECES_MAX,
    nodes: [],
    repeats: [],
    requests: 0,
    statements: 0,
  }
  for (let at = 0; at <= text.length;) {
    const lineFeed = text.indexOf('\n', at)
    const end = lineFeed < 0 ? text.length : lineFeed
    parser.line++
    const words = splitWords(text.slice(at, end), parser)
    const pieces = Math.min(LINE_PIECES_MAX, parser.piecesInBatch)
    parser.piecesLeft = pieces
    if (words.length > 0) parseLine(words, parser)
    parser.piecesInBatch -= pieces - parser.piecesLeft
    at = end + 1
  }
  const open = parser.repeats.at(-1)
  if (open) throw fault({sourceName, line: open.line}, open.column, 'REPEAT without END', 'Close it with a line END.')
  return {nodes: parser.nodes}
}

function parseLine(words: readonly Word[], parser: Parser): void {
  const first = words[0]
  invariant(first !== undefined, 'a line without words was parsed')
  const keyword = first.text.toUpperCase()
  const grammar = grammarOf(keyword)
  if (grammar) {
    if (++parser.requests > REQUESTS_MAX) throw tooMany(parser, first.column, REQUESTS_MAX, 'requests')
    addNode(parseRequest(grammar, words, parser), parser)
    return
  }
  const {line} = parser
  const {column} = first
  switch (keyword) {
    case 'WAIT':
      endOfLine(words, 1, keyword, parser)
      addNode({kind: 'wait', line, column}, parser)
      return
    case 'MARK': {
      const name = operandWord(words, 1, keyword, 'name', parser)
      endOfLine(words, 2, keyword, parser)
      addNode({kind: 'mark', line, column, name: parseName(name.text, name.column, parser)}, parser)
      return
    }
    case 'REPEAT':
      openRepeat(words, column, parser)
      return
    case 'END':
      endOfLine(words, 1, keyword, parser)
      closeRepeat(column, parser)
      return
    default:
      throw fault(parser, column, `${show(first.text)} is not a keyword`, keywordHint(first.text))
  }
}

function addNode(node: ProgramNode, parser: Parser): void {
  if (++parser.statements > STATEMENTS_MAX) throw tooMany(parser, node.column, STATEMENTS_MAX, 'statements')
  const nodes = parser.repeats.at(-1)?.nodes ?? parser.nodes
  nodes.push(node)
}

function openRepeat(words: readonly Word[], column: number, parser: Parser): void {
  const count = operandWord(words, 1, 'REPEAT', 'count', parser)
  endOfLine(words, 2, 'REPEAT', parser)
  if (parser.loops === LOOPS_MAX) throw fault(parser, column, `more than ${LOOPS_MAX} REPEATs inside each other`)
  parser.repeats.push({
    line: parser.line,
    column,
    count: parseOperand(count.text, count.column, parser),
    nodes: [],
  })
  parser.loops++
}

function closeRepeat(column: number, parser: Parser): void {
  const open = parser.repeats.pop()
  if (!open) throw fault(parser, column, 'END without REPEAT')
  const {line, nodes, count} = open
  if (nodes.length === 0) {
    throw fault({sourceName: parser.sourceName, line}, open.column, 'REPEAT has nothing to repeat')
  }
  parser.loops--
  addNode({kind: 'repeat', line, column: open.column, count, body: nodes}, parser)
}

function parseRequest(grammar: RequestGrammar, words: readonly Word[], parser: Parser): RequestNode {
  const {keyword, operands, kind} = grammar
  const word = (name: OperandName): Word | undefined => {
    const at = operands.indexOf(name)
    return at < 0 ? undefined : operandWord(words, 1 + at, keyword, name, parser)
  }
  const size = (name: OperandName, parse = parseOperand): SizeOperand | undefined => {
    const found = word(name)
    return found && parse(found.text, found.column, parser)
  }
  const type = size('type')
  const offset = size('offset', parseOffset)
  const length = size('length')
  const cdb = word('CDB')
  const setting = word('setting')
  const node: RequestNode = {
    kind: 'request',
    line: parser.line,
    column: words[0]?.column ?? 1,
    keyword,
    type,
    offset,
    length,
    cdb: cdb && parseCdb(cdb.text, cdb.column, parser),
    on: setting && parseSetting(setting, parser),
    options: parseOptions(words, 1 + operands.length, keyword, kind, parser),
  }
  if (kind === FSYNC_RANGE) checkRangeSync(node.options, endOf(words), parser)
  return node
}

const ROW_BY_NAME: ReadonlyMap<string, OptionRow> = new Map(OPTION_ROWS.map((row) => [row.name, row]))

function parseOptions(
  words: readonly Word[],
  start: number,
  keyword: string,
  kind: RequestKind | undefined,
  scope: Scope,
): RequestOptions {
  if (start >= words.length) return NO_OPTIONS
  const draft: OptionDraft = {...NO_OPTIONS}
  const seen: OptionRow[] = []
  for (let i = start; i < words.length; i++) {
    const {text, column} = words[i] as Word
    const equals = text.indexOf('=')
    const name = (equals < 0 ? text : text.slice(0, equals)).toLowerCase()
    const row = ROW_BY_NAME.get(name)
    if (!row) throw fault(scope, column, `${show(text)} does not belong to ${keyword}`, optionHint(name, kind))
    if (!optionFits(row, kind)) {
      throw fault(scope, column, `${keyword} takes no ${optionLabel(row)}`, optionHint('', kind))
    }
    if (seen.includes(row)) throw fault(scope, column, `${optionLabel(row)} is given twice`)
    if (row.takesValue && equals < 0) throw fault(scope, column, `${name} needs a value: ${optionLabel(row)}...`)
    if (!row.takesValue && equals >= 0 && !mayHaveValue(row, kind)) throw noValue(row, keyword, column, scope)
    const value = equals < 0 ? '' : text.slice(equals + 1)
    if (equals >= 0 && value === '') throw fault(scope, column + equals + 1, `${name}= has no value`)
    seen.push(row)
    row.read(draft, value, column + equals + 1, scope)
  }
  return draft
}

function noValue(row: OptionRow, keyword: string, column: number, scope: Scope): ToolError {
  const hint = row.mayHaveValue ? `${keyword} has no data and no range: there is no side of it to stand on.` : undefined
  return fault(scope, column, `${row.name} takes no value`, hint)
}

function optionHint(name: string, kind: RequestKind | undefined): string {
  const taken = OPTION_ROWS.filter((row) => optionFits(row, kind))
  const meant = nearest(
    name,
    taken.map((row) => row.name),
  )
  const guess = meant === undefined ? '' : `Did you mean ${meant}? `
  const word = kind?.operands === 'cdb' ? 'The CDB is one word, without blanks. ' : ''
  return `${guess}${word}It takes ${taken.map(optionLabel).join(' ')}.`
}

/** The word of an operand. An option in its place means that the operand was forgotten. */
function operandWord(words: readonly Word[], at: number, keyword: string, what: string, scope: Scope): Word {
  const word = words[at]
  if (!word) throw fault(scope, endOf(words), `${keyword} needs ${aOrAn(what)}`, OPERAND_HINTS.get(what))
  const mayLookLikeOption = what === 'name' || what === 'setting'
  const isOption =
    (what !== 'setting' && word.text.includes('=')) || (!mayLookLikeOption && ROW_BY_NAME.has(word.text.toLowerCase()))
  if (isOption) throw fault(scope, word.column, `${keyword} needs ${aOrAn(what)} before ${show(word.text)}`)
  return word
}

/** What to write for an operand whose name does not say it. */
const OPERAND_HINTS: ReadonlyMap<string, string> = new Map([
  ['setting', 'Write SET writeback=0 or SET writeback=1.'],
  ['CDB', 'Write its bytes as one word of hex digits: SCSI 35000000000000000000.'],
])

/** One past the last word: where something is missing. */
function endOf(words: readonly Word[]): number {
  const last = words.at(-1)
  invariant(last !== undefined, 'a line without words was parsed')
  return last.column + last.text.length
}

function aOrAn(what: string): string {
  return `${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`
}

function endOfLine(words: readonly Word[], end: number, keyword: string, scope: Scope): void {
  const extra = words[end]
  if (extra) {
    throw fault(
      scope,
      extra.column,
      `${show(extra.text)} is one word too many after ${keyword}`,
      'One statement a line.',
    )
  }
}
