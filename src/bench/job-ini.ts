import {jobFileError, type Entry, type Section} from './job-section.js'

/**
 * Sections of a file in fio's syntax. A comment begins at ; or # wherever it stands, as in fio, and a key may stand alone. Blanks
 * around "=" are allowed, where fio takes them for a part of the key.
 *
 * @throws ToolError of kind usage with line and column
 */
export function readIni(text: string, path: string): Section[] {
  const sections: {name: string; line: number; entries: Entry[]}[] = []
  for (const [i, written] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = i + 1
    const said = written.replace(/[;#].*$/, '').trimEnd()
    if (said.trim() === '') continue
    const column = said.search(/\S/) + 1
    const trimmed = said.trimStart()
    if (trimmed.startsWith('[')) {
      sections.push({name: sectionName(trimmed, {path, line, column}), line, entries: []})
      continue
    }
    const section = sections.at(-1)
    if (section === undefined) {
      const hint = 'Begin with [global] for what holds for all jobs, or with [name] for a job.'
      throw jobFileError(path, line, column, `"${trimmed}" stands before the first section`, hint)
    }
    section.entries.push(entryOf(trimmed, {path, line, column}))
  }
  return sections
}

interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

function sectionName(trimmed: string, {path, line, column}: Place): string {
  const end = trimmed.indexOf(']')
  if (end < 0)
    throw jobFileError(path, line, column + trimmed.length, 'the section has no closing "]"', 'Write [name].')
  if (end < trimmed.length - 1) {
    const hint = 'Put it on a line of its own.'
    throw jobFileError(path, line, column + end + 1, `"${trimmed.slice(end + 1).trim()}" stands behind a section`, hint)
  }
  const name = trimmed.slice(1, end).trim()
  if (name === '') throw jobFileError(path, line, column, 'the section has no name', 'Write [name].')
  return name
}

function entryOf(trimmed: string, {path, line, column}: Place): Entry {
  const [, key, equals, value = ''] = /^([\w-]+)(\s*=\s*|$)(.*)$/.exec(trimmed) ?? []
  if (key === undefined || equals === undefined) {
    if (/^include\s/.test(trimmed))
      throw jobFileError(path, line, column, `"${trimmed}": files are not included`, 'Put everything into one file.')
    throw jobFileError(path, line, column, `"${trimmed}" is neither a section nor key=value`, 'Write key=value.')
  }
  if (equals !== '' && value === '') {
    throw jobFileError(path, line, column + key.length + equals.length, `${key} has no value`, 'Write one behind "=".')
  }
  return {key, value, line, column, valueColumn: column + key.length + equals.length}
}
