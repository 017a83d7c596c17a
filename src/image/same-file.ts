import {statSync} from 'node:fs'

/** Whether two names lead to one file or device, through links. A name that leads nowhere is nobody's. */
export function sameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, {bigint: true, throwIfNoEntry: false}))
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
}
