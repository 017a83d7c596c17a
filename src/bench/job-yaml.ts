import {isMap, isScalar, LineCounter, parseDocument, type Node, type Pair} from 'yaml'
import {jobFileError, type Entry, type Section} from './job-section.js'

const SHAPE = 'Write a mapping of jobs: each a name with a mapping of keys below it, "global" for what holds for all.'

/**
 * Sections of a job file in YAML, of which JSON is a part: a mapping from their names to mappings of keys. Order counts as in fio.
 *
 * @throws ToolError of kind usage with line and column
 */
export function readYaml(text: string, path: string): Section[] {
  const lines = new LineCounter()
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false, version: '1.2'})
  const problem = document.errors[0]
  if (problem !== undefined) {
    const {line, col} = lines.linePos(problem.pos[0])
    throw jobFileError(path, line, col, problem.message, 'Correct the syntax.')
  }
  const place = (node: unknown): {line: number; column: number} => {
    const {line, col} = lines.linePos((node as Node | null)?.range?.[0] ?? 0)
    return {line, column: col}
  }
  const refuse = (node: unknown, what: string): never => {
    const {line, column} = place(node)
    throw jobFileError(path, line, column, what, SHAPE)
  }
  const root = document.contents
  if (root === null) return []
  if (!isMap(root)) return refuse(root, 'the file is not a mapping')
  return root.items.map(({key, value}) => {
    const name = nameOf(key) ?? refuse(key, 'the name of a job is not plain text')
    if (value === null || (isScalar(value) && value.value === null)) return {name, line: place(key).line, entries: []}
    if (!isMap(value)) return refuse(value, `${name} is not a mapping of keys`)
    return {name, line: place(key).line, entries: value.items.map((pair) => entryOf(pair, place, refuse))}
  })
}

function entryOf(
  {key, value}: Pair,
  place: (node: unknown) => {line: number; column: number},
  refuse: (node: unknown, what: string) => never,
): Entry {
  const name = nameOf(key) ?? refuse(key, 'a key is not plain text')
  const text = value === null ? '' : textOf(value)
  if (text === undefined) return refuse(value, `the value of ${name} is not plain text, a number, true or false`)
  const {line, column} = place(key)
  const of = place(value ?? key)
  return {key: name, value: text, line, column, valueColumn: of.line === line ? of.column : column}
}

function nameOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '' ? node.value.trim() : undefined
}

/** As it was written where it is a number: 0x10 stays hex, and no digit is lost. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined
  const {value, source} = node
  if (value === null) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'number') return source ?? String(value)
  return typeof value === 'string' ? value.trim() : undefined
}
