import {readdirSync, readFileSync, realpathSync} from 'node:fs'

/** Where the kernel tells about itself; tests plant their own. */
export interface KernelRoots {
  readonly procfs: string
  readonly sysfs: string
}

/** This system. */
export const KERNEL_ROOTS: KernelRoots = {procfs: '/proc', sysfs: '/sys'}

/** What one file of /proc or /sys says, without blanks at its ends; undefined when it says nothing to us. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** A whole number from a file of /proc or /sys; undefined when there is none. */
export function readNumber(path: string): number | undefined {
  const text = readText(path)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The names in a folder, sorted; none when it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}

/** The path behind all symbolic links; undefined when it leads nowhere. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
