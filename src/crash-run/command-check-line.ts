import fs from 'node:fs'
import path from 'node:path'
import {ToolError} from '../base/index.js'

/** Stands in a command for the path of the image. */
const IMAGE = '{image}'
/** Programs that look after file systems lie there, and not every user has these in PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** A command as a person writes it, or its words, which no shell looks at. */
export type CommandLine = string | readonly string[]

/** What to start for an image. */
export interface Started {
  readonly file: string
  readonly args: readonly string[]
}

/** Where programs are looked for: the folders of PATH, then those of the system. */
function programFolders(): string[] {
  return [...(process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean), ...SYSTEM_FOLDERS]
}

/** A program by its name in one of the folders, or by its path; undefined when there is none that may be run. */
export function findProgram(name: string, folders: readonly string[] = programFolders()): string | undefined {
  return (name.includes('/') ? [''] : folders).map((folder) => path.join(folder, name)).find(isProgram)
}

/**
 * Prepares a command: the answer tells what to start for an image. One that is plain words and names a program is started without a
 * shell, which saves half of the time of a short check; everything else is given to /bin/sh.
 *
 * @throws ToolError of kind usage for an empty command, of kind environment when the words of a list name no program
 */
export function prepareCommand(line: CommandLine): (image: string) => Started {
  const words = typeof line === 'string' ? plainWords(line) : line
  if (words !== undefined && words.length > 0) {
    const file = findProgram(words[0] ?? '')
    if (file !== undefined) {
      return (image) => ({file, args: words.slice(1).map((word) => word.replaceAll(IMAGE, image))})
    }
    if (typeof line !== 'string') throw missingProgram(words[0] ?? '')
  }
  if (typeof line !== 'string' || line.trim() === '') {
    throw new ToolError('usage', 'E_CHECK_EMPTY', 'the command is empty', {
      hint: `Write what to run, with ${IMAGE} for the path of the image: 'e2fsck -fn ${IMAGE}'.`,
    })
  }
  return (image) => ({file: '/bin/sh', args: ['-c', line.replaceAll(IMAGE, quoted(image))]})
}

/** A program that a check needs and that is not there. */
export function missingProgram(name: string): ToolError {
  return new ToolError('environment', 'E_CHECK_MISSING', `the check cannot run: there is no program "${name}"`, {
    hint: 'Install it, or check the spelling and PATH.',
  })
}

/** The words of a command that means the same without a shell; undefined where only a shell can tell. */
function plainWords(line: string): string[] | undefined {
  const word = /\s+|'([^']*)'|"([^"$`\\]*)"|((?:[\w@%+=:,./-]|\{image\})+)/y
  const words: string[] = []
  let isOpen = false
  while (word.lastIndex < line.length) {
    const match = word.exec(line)
    if (match === null) return undefined
    const text = match[1] ?? match[2] ?? match[3]
    if (text !== undefined && isOpen) words.push((words.pop() ?? '') + text)
    else if (text !== undefined) words.push(text)
    isOpen = text !== undefined
  }
  const isAssignment = words[0]?.includes('=') ?? false
  return isAssignment ? undefined : words
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}
