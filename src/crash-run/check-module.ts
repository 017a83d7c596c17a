import fs from 'node:fs'
import path from 'node:path'
import {pathToFileURL} from 'node:url'
import {codeOf, importFile, ToolError} from '../base/index.js'
import type {Check} from '../crash/index.js'

/**
 * Loads the check that is the default export of a module.
 *
 * @throws ToolError of kind environment when there is no such file, of kind usage when it cannot be loaded or exports no function
 */
export async function loadCheck(file: string): Promise<Check> {
  const absolute = path.resolve(file)
  mustBeFile(file, absolute)
  let loaded: Record<string, unknown>
  try {
    loaded = await importFile(pathToFileURL(absolute).href)
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new ToolError('usage', 'E_CHECK_LOAD', `${file} cannot be loaded: ${what}`, {
      hint: `Try it by itself: node ${file}`,
      context: {path: file},
      cause: error,
    })
  }
  const {default: check} = loaded
  if (typeof check === 'function') return check as Check
  const found = check === undefined ? 'has no default export' : `exports ${typeOf(check)} by default, not a function`
  throw new ToolError('usage', 'E_CHECK_EXPORT', `${file} ${found}`, {
    hint: 'Write: export default function check({read, write, sizeBytes, reached, fail}) { ... }',
    context: {path: file},
  })
}

function typeOf(value: unknown): string {
  const type = value === null ? 'null' : typeof value
  return type === 'object' ? 'an object' : type === 'null' ? 'null' : `a ${type}`
}

function mustBeFile(file: string, absolute: string): void {
  let code: string
  try {
    if (fs.statSync(absolute).isFile()) return
    code = 'it is not a file'
  } catch (error) {
    code = codeOf(error) ?? String(error)
  }
  throw new ToolError('environment', 'E_CHECK_OPEN', `${file}: the check cannot be opened (${code})`, {
    hint: 'Check the path of the module.',
    context: {path: file},
  })
}
