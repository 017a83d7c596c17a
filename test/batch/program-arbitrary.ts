import fc from 'fast-check'
import type {SizeExpression, SizeOperand, Term} from '../../src/batch/expression.js'
import {REQUEST_GRAMMARS, type OperandName, type RequestGrammar} from '../../src/batch/keyword.js'
import type {NameSyntax} from '../../src/batch/name.js'
import {NO_OPTIONS} from '../../src/batch/option.js'
import type {PatternSyntax} from '../../src/batch/pattern.js'
import type {Program, ProgramNode, RepeatNode, RequestNode, RequestOptions} from '../../src/batch/program.js'
import type {RequestKind} from '../../src/request/index.js'

const at = {line: 1, column: 1}

function counter(loops: number): fc.Arbitrary<number> {
  return fc.nat({max: loops - 1})
}

const literal: fc.Arbitrary<SizeExpression> = fc.oneof(
  fc.nat().map((value): SizeExpression => ({kind: 'number', value})),
  fc.maxSafeNat().map((value): SizeExpression => ({kind: 'number', value})),
  fc.bigInt({min: 2n ** 53n, max: 2n ** 64n - 1n}).map((value): SizeExpression => ({kind: 'large', value})),
)

const partition: fc.Arbitrary<SizeExpression> = fc
  .nat({max: 999_999})
  .map((number) => ({kind: 'partition', number, column: 1}))

export function expressionIn(
  loops: number,
  depth = 2,
  more: readonly fc.Arbitrary<SizeExpression>[] = [],
): fc.Arbitrary<SizeExpression> {
  const atoms = [literal, ...more]
  if (loops > 0) atoms.push(counter(loops).map((level) => ({kind: 'counter', level})))
  if (depth === 0) return fc.oneof(...atoms)
  const inner = expressionIn(loops, depth - 1, more)
  const term: fc.Arbitrary<Term> = fc.record({minus: fc.boolean(), value: inner})
  return fc.oneof(
    ...atoms,
    fc.tuple(inner, fc.array(term, {minLength: 1, maxLength: 3})).map(([first, rest]): SizeExpression => ({
      kind: 'sum',
      terms: [{minus: false, value: first}, ...rest],
    })),
    fc.array(inner, {minLength: 2, maxLength: 3}).map((factors): SizeExpression => ({kind: 'product', factors})),
  )
}

function operand(loops: number): fc.Arbitrary<SizeOperand> {
  return expressionIn(loops).map((expression) => ({column: 1, expression}))
}

/** An offset in the image, which may name partitions. */
export function offset(loops: number): fc.Arbitrary<SizeOperand> {
  return expressionIn(loops, 2, [partition]).map((expression) => ({column: 1, expression}))
}

function name(loops: number): fc.Arbitrary<NameSyntax> {
  const tail =
    loops === 0 ? fc.constant([]) : fc.array(fc.tuple(counter(loops), fc.stringMatching(/^[a-z0-9_.-]{0,3}$/)))
  return fc.tuple(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,5}$/), tail).map(([head, pieces]) => {
    const parts: (string | number)[] = [head]
    let text = head
    for (const [level, word] of pieces.slice(0, 3)) {
      parts.push(level, ...(word === '' ? [] : [word]))
      text += `${level === 0 ? '${i}' : `\${i${level}}`}${word}`
    }
    return {column: 1, text, parts: parts.length === 1 ? undefined : parts}
  })
}

function pattern(loops: number): fc.Arbitrary<PatternSyntax> {
  const anyText = fc.string({unit: 'binary', minLength: 1, maxLength: 12})
  const path = fc.oneof(fc.constantFrom('a', 'dir/data.bin', 'me@home', 'two words', 'C:\\x', '#1'), anyText)
  return fc.oneof(
    fc.nat({max: 255}).map((value): PatternSyntax => ({kind: 'plain', column: 1, pattern: {kind: 'byte', value}})),
    fc
      .uint8Array({minLength: 1, maxLength: 9})
      .map((bytes): PatternSyntax => ({kind: 'plain', column: 1, pattern: {kind: 'hex', bytes}})),
    anyText.map((text): PatternSyntax => ({kind: 'plain', column: 1, pattern: {kind: 'text', text}})),
    operand(loops).map((seed): PatternSyntax => ({kind: 'seed', column: 1, seed})),
    fc
      .tuple(
        path.filter((text) => !text.includes('\0')),
        fc.option(operand(loops), {nil: undefined}),
      )
      .map(([text, offset]): PatternSyntax => ({kind: 'file', column: 1, path: text, offset})),
  )
}

const RARELY = {nil: undefined, freq: 2}

/** `kind` is that of the keyword, or undefined for TYPE, which takes what any command takes. */
function optionsOf(kind: RequestKind | undefined, loops: number): fc.Arbitrary<RequestOptions> {
  const raw = kind === undefined
  const rangeSync = kind?.name === 'FSYNC_RANGE'
  const scsi = kind?.operands === 'cdb'
  const isOut = raw || (kind.operands === 'data' && kind.writes)
  const isIn = raw || (kind.operands === 'data' && !kind.writes)
  const writes = raw || kind.writes
  const sided = raw || rangeSync || kind.operands === 'data' || kind.operands === 'segment'
  const blocked = sided || ['FLUSH', 'FLUSH_OUT', 'GET_ID'].includes(kind.name)
  const where = <T>(has: boolean, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    has ? fc.option(arbitrary, RARELY) : fc.constant(undefined)
  const flag = (has: boolean): fc.Arbitrary<boolean> => (has ? fc.boolean() : fc.constant(false))
  const side = fc.constantFrom(...(sided ? (['both', 'before', 'after'] as const) : (['both'] as const)))
  const byte = fc.nat({max: 255})
  return fc
    .record({
      dataIn: where(scsi, operand(loops)),
      dataOut: where(scsi, pattern(loops)),
      pattern: where(isOut, pattern(loops)),
      verify: where(isIn, pattern(loops)),
      sync: flag(rangeSync),
      metadata: where(
        rangeSync,
        fc.constantFrom('data' as const, 'all' as const).map((which) => ({column: 1, which})),
      ),
      fua: flag(isOut),
      preflush: where(writes, fc.constant({column: 1})),
      barrier: where(
        blocked,
        side.map((chosen) => ({column: 1, side: chosen})),
      ),
      unmap: flag(raw || kind.name === 'WRITE_ZEROES'),
      segmentFlags: where(raw, operand(loops)),
      sense: where(
        scsi,
        fc.oneof(fc.constant('none' as const), fc.record({key: fc.integer({min: 1, max: 15}), asc: byte, ascq: byte})),
      ),
      as: fc.option(name(loops), RARELY),
      after: fc.array(name(loops), {maxLength: 3}),
      depends: writes ? fc.array(name(loops), {maxLength: 3}) : fc.constant([]),
      expect: fc.constantFrom(undefined, 'OK' as const, 'IOERR' as const, 'UNSUPP' as const, 'CANCELED' as const),
    })
    .map((options) => (rangeSync ? {...options, sync: sensibleSync(options)} : options))
}

/** An FSYNC_RANGE that asks for nothing, or for metadata without sync, is no program. */
function sensibleSync({sync, metadata, barrier}: Pick<RequestOptions, 'sync' | 'metadata' | 'barrier'>): boolean {
  return sync || metadata !== undefined || barrier === undefined
}

function request({keyword, kind, operands}: RequestGrammar, loops: number): fc.Arbitrary<RequestNode> {
  const given = <T>(named: OperandName, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    operands.includes(named) ? arbitrary : fc.constant(undefined)
  const options = optionsOf(kind, loops)
  return fc.record({
    kind: fc.constant('request' as const),
    line: fc.constant(1),
    column: fc.constant(1),
    keyword: fc.constant(keyword),
    type: given('type', operand(loops)),
    offset: given('offset', offset(loops)),
    length: given('length', operand(loops)),
    cdb: given(
      'CDB',
      fc.uint8Array({minLength: 1, maxLength: 16}).map((bytes) => ({column: 1, bytes})),
    ),
    on: given('setting', fc.boolean()),
    options: kind?.name === 'FSYNC_RANGE' ? options : fc.oneof(fc.constant(NO_OPTIONS), options),
  })
}

function nodesIn(loops: number, minLength: number): fc.Arbitrary<ProgramNode[]> {
  const leaves: fc.Arbitrary<ProgramNode>[] = [
    ...REQUEST_GRAMMARS.map((grammar) => request(grammar, loops)),
    fc.constant({kind: 'wait', ...at}),
    name(loops).map((text) => ({kind: 'mark', ...at, name: text})),
  ]
  if (loops < 3) leaves.push(repeat(loops))
  return fc.array(fc.oneof(...leaves), {minLength, maxLength: 4})
}

function repeat(loops: number): fc.Arbitrary<RepeatNode> {
  return fc.tuple(operand(loops), nodesIn(loops + 1, 1)).map(([count, body]) => ({kind: 'repeat', ...at, count, body}))
}

/** Any program the parser can give, with every place set to 1:1. */
export const anyProgram: fc.Arbitrary<Program> = nodesIn(0, 0).map((nodes) => ({nodes}))

/** The program with every line and column set to 1: what was written, not where. */
export function withoutPlaces<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutPlaces(item)) as T
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    key === 'line' || key === 'column' ? 1 : withoutPlaces(item),
  ])
  return Object.fromEntries(entries) as T
}
