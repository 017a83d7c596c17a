import {fstatSync, statSync, type BigIntStats} from 'node:fs'

/** Whether two names lead to one file or device, through links. A name that leads nowhere is nobody's. */
export function sameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, {bigint: true, throwIfNoEntry: false}))
  return isSame(a, b)
}

/** Whether two descriptors are open on one file or device. */
export function sameOpenFile(one: number, other: number): boolean {
  const [a, b] = [one, other].map((fd) => fstatSync(fd, {bigint: true}))
  return isSame(a, b)
}

function isSame(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
}
