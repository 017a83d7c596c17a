import {constants, openSync} from 'node:fs'
import {join} from 'node:path'
import {codeOf} from '../base/index.js'

/** A file that is to leave nothing behind, on the file system of `directory`. */
export interface Scratch {
  readonly directory: string
  /** Opened for reading and writing through the page cache. */
  readonly fd: number
  /** Its name, which the owner unlinks as soon as it can; undefined when it never had one. */
  readonly name: string | undefined
}

/** Not in node:fs: the generic O_TMPFILE of asm-generic/fcntl.h is this bit and O_DIRECTORY. */
const O_TMPFILE_BIT = 0o20000000

/** Errnos that say "not in this folder", where another may do. */
export const NOT_HERE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOSPC',
  'EDQUOT',
])

/**
 * Makes a file without a name, or with one where the file system knows no such files.
 *
 * @param named with a name in any case
 * @throws what open(2) reports
 */
export function makeScratchIn(directory: string, named = false): Scratch {
  if (process.platform === 'linux' && !named) {
    try {
      const fd = openSync(directory, constants.O_RDWR | constants.O_DIRECTORY | O_TMPFILE_BIT, 0o600)
      return {directory, fd, name: undefined}
    } catch (error) {
      if (NOT_HERE.has(codeOf(error))) throw error // anything else: a file system without nameless files
    }
  }
  const {randomBytes} = process.getBuiltinModule('node:crypto') // loaded where it is needed: it is large
  const name = join(directory, `.flushpoint-${randomBytes(8).toString('hex')}`)
  return {directory, fd: openSync(name, 'wx+', 0o600), name}
}
