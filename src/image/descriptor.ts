import {closeSync, constants, fstatSync, openSync} from 'node:fs'
import {codeOf, ToolError} from '../base/index.js'

/** The bits of named open(2) flags on this system. @throws ToolError of kind environment when the system lacks one */
export function flagBits(names: readonly string[]): number {
  let bits = 0
  for (const name of names) {
    const bit = (constants as Readonly<Record<string, number | undefined>>)[name]
    if (bit === undefined) {
      throw new ToolError('environment', 'E_OPEN_FLAG', `this system (${process.platform}) has no ${name}`, {
        hint: 'Choose a cache mode that does not need it, such as writeback.',
      })
    }
    bits |= bit
  }
  return bits
}

/**
 * Opens the file behind a descriptor again, with flags of its own and as an open file description of its own. Through
 * /proc it is the same file by construction, even if it was renamed or has no name any more; elsewhere it is opened by its
 * path, and anything but the same file is an ESTALE error.
 *
 * @throws what open(2) reports, as node:fs does
 */
export function reopen(fd: number, path: string, flags: number): number {
  if (process.platform === 'linux') {
    try {
      return openSync(`/proc/self/fd/${fd}`, flags)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error // no /proc here: by path, like other systems
    }
  }
  const second = openSync(path, flags)
  if (!sameFile(fd, second)) {
    closeSync(second)
    throw Object.assign(new Error(`ESTALE: ${path} is another file now`), {code: 'ESTALE'})
  }
  return second
}

function sameFile(a: number, b: number): boolean {
  const one = fstatSync(a, {bigint: true})
  const other = fstatSync(b, {bigint: true})
  return one.dev === other.dev && one.ino === other.ino
}
