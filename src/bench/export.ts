import {createWriteStream, statSync} from 'node:fs'
import {dirname, extname, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {codeOf, ToolError} from '../base/index.js'
import {sameFile} from '../image/index.js'
import {renderDocument, type Document, type FormatName} from '../report/index.js'

/** What a file holds, by the end of its name. */
const FORMAT_OF: ReadonlyMap<string, FormatName> = new Map([
  ['.json', 'json'],
  ['.csv', 'csv'],
  ['.md', 'markdown'],
  ['.txt', 'table'],
])

/** Files are read in editors, not in 80 columns. */
const FILE_OPTIONS = {width: 120, color: false}

/** A file to write a document to. */
export interface Export {
  readonly path: string
  readonly format: FormatName
}

/**
 * Files to export to, each in the format of its extension. To be asked before anything is measured.
 *
 * @throws ToolError of kind usage for an extension that names no format, and for a file named twice
 */
export function exportsOf(paths: readonly string[]): Export[] {
  return paths.map((path, i) => {
    const format = FORMAT_OF.get(extname(path).toLowerCase())
    if (format === undefined) {
      throw new ToolError('usage', 'E_EXPORT', `--export ${path}: the extension names no format`, {
        hint: `Choose from ${[...FORMAT_OF.keys()].join(', ')}.`,
        context: {path},
      })
    }
    if (paths.indexOf(path) < i) {
      throw new ToolError('usage', 'E_EXPORT', `--export ${path} is given twice`, {
        hint: 'Name each file once.',
        context: {path},
      })
    }
    return {path, format}
  })
}

/**
 * Refuses to export over what is read or measured here, by whatever name, over a block device, and into a folder that is not there. To
 * be asked before anything is measured.
 *
 * @param used the image and every other file of the command line
 * @throws ToolError of kind usage or environment
 */
export function refuseExports(files: readonly Export[], used: readonly string[]): void {
  for (const {path} of files) {
    const refuse = (kind: 'usage' | 'environment', what: string, hint: string): never => {
      throw new ToolError(kind, 'E_EXPORT', `--export ${path}: ${what}`, {hint, context: {path}})
    }
    const clash = used.find((other) => resolve(path) === resolve(other) || sameFile(path, other))
    if (clash !== undefined)
      refuse('usage', `this is ${clash}, which would be overwritten`, 'Name another file for the report.')
    const found = statSync(path, {throwIfNoEntry: false})
    if (found?.isBlockDevice() === true)
      refuse('usage', 'a block device, which would be overwritten', 'Name a file for the report.')
    if (found?.isDirectory() === true) refuse('environment', 'a folder', 'Name a file in it.')
    const folder = dirname(resolve(path))
    if (statSync(folder, {throwIfNoEntry: false})?.isDirectory() !== true)
      refuse('environment', `there is no folder ${folder}`, 'Make it, or choose another one.')
  }
}

/**
 * Writes a document to each file, over what is there.
 *
 * @throws ToolError of kind environment where a file cannot be opened, of kind io where it cannot be written to its end
 */
export async function exportDocument(document: Document, files: readonly Export[]): Promise<void> {
  for (const {path, format} of files) {
    try {
      await pipeline(Readable.from(renderDocument(document, format, FILE_OPTIONS)), createWriteStream(path))
    } catch (error) {
      if (error instanceof ToolError) throw error
      throw exportError(path, error)
    }
  }
}

/** The calls that open a file, by which a folder that is not there is told from a disk that is full. */
function exportError(path: string, error: unknown): ToolError {
  const opening = error instanceof Error && 'syscall' in error && error.syscall === 'open'
  const reason = codeOf(error) ?? String(error)
  return new ToolError(
    opening ? 'environment' : 'io',
    'E_EXPORT',
    `${path} cannot be ${opening ? 'opened for writing' : 'written'} (${reason})`,
    {
      hint: opening
        ? 'Check that its folder exists and may be written to. What was measured is on stdout.'
        : 'The file is incomplete. What was measured is on stdout.',
      context: {path, op: opening ? 'open' : 'write'},
      cause: error,
    },
  )
}
