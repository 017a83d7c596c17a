import {fault, show, type Scope} from './place.js'
import type {Word} from './word.js'

const RULE = 'Write SET writeback=0 or SET writeback=1.'
const NAME = 'writeback'

/** Reads what SET switches, and whether on. There is one switch. @throws ToolError of kind usage at the part that is wrong */
export function parseSetting({text, column}: Word, scope: Scope): boolean {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  if (name.toLowerCase() !== NAME) throw fault(scope, column, `${show(name)} is nothing a guest can set`, RULE)
  const value = equals < 0 ? '' : text.slice(equals + 1)
  if (value === '1') return true
  if (value === '0') return false
  const at = column + name.length + (equals < 0 ? 0 : 1)
  throw fault(scope, at, value === '' ? 'writeback needs a value' : `${show(value)} is neither 0 nor 1`, RULE)
}

/** The setting as text that parses back to it. */
export function printSetting(on: boolean): string {
  return `${NAME}=${on ? '1' : '0'}`
}
