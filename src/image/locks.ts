import {ERRNO, errnoName, ToolError} from '../base/index.js'
import type {Libc, LibcAnswer, OtherLock} from '../native/index.js'

/**
 * The permissions QEMU's file-posix driver speaks of, by number. A lock on byte 100 + n says "I have permission n", one on
 * byte 200 + n says "I do not share permission n". All are read locks, so that many may say the same; conflicts are found by
 * asking whether a write lock would be granted.
 */
const PERMISSIONS = ['consistent reading', 'writing', 'rewriting of unchanged data', 'resizing'] as const
const CONSISTENT_READ = 0
const WRITE = 1
const WRITE_UNCHANGED = 2
const RESIZE = 3
const HELD_BASE = 100
const UNSHARED_BASE = 200

/** What a user of an image does to it (`holds`), and what nobody else may do meanwhile (`unshares`). */
interface Claim {
  readonly holds: readonly number[]
  readonly unshares: readonly number[]
}

const CLAIMS: Readonly<Record<'writer' | 'reader', Claim>> = {
  // Write-unchanged of somebody else would put back what it read before one of our writes.
  writer: {holds: [CONSISTENT_READ, WRITE], unshares: [WRITE, WRITE_UNCHANGED, RESIZE]},
  reader: {holds: [CONSISTENT_READ], unshares: [WRITE]},
}

/** Whether the claim stands, or why there are no locks here. */
export type LockResult = {readonly locked: true} | {readonly locked: false; readonly reason: string}

/**
 * Takes the locks of a writer or a reader on an open image, in the protocol of QEMU: first say what one does, then look at
 * what others say, so that of two that start together at most one goes on. The locks belong to the open file description
 * and end with it. Where locks do not exist the answer says why.
 *
 * @throws ToolError E_LOCKED of kind environment when somebody is in the way; close the descriptor then
 */
export function takeLocks(native: LibcAnswer, fd: number, path: string, role: 'writer' | 'reader'): LockResult {
  if (!native.ok) return {locked: false, reason: native.reason}
  const {libc} = native
  const {holds, unshares} = CLAIMS[role]
  for (const byte of [...holds.map((n) => HELD_BASE + n), ...unshares.map((n) => UNSHARED_BASE + n)]) {
    const errno = libc.ofdLock(fd, 'read', byte, 1)
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EACCES) throw claimed(libc, fd, path, role, byte)
    if (errno !== 0) return {locked: false, reason: `the file system has no such locks (${errnoName(errno)})`}
  }
  for (const n of holds) {
    const other = libc.ofdTest(fd, 'write', UNSHARED_BASE + n, 1)
    if (other !== undefined) return refuseOrGiveUp(other, path, role, `does not share ${PERMISSIONS[n]}`)
  }
  for (const n of unshares) {
    const other = libc.ofdTest(fd, 'write', HELD_BASE + n, 1)
    if (other !== undefined) return refuseOrGiveUp(other, path, role, `has it open for ${PERMISSIONS[n]}`)
  }
  return {locked: true}
}

/** What others say about an image: what they do to it, and what they do not share, in the order of the protocol. */
export interface LocksSeen {
  readonly holds: readonly string[]
  readonly unshares: readonly string[]
}

/** Looks at the locks of others without taking one. @returns an errno where they cannot be looked at */
export function locksSeen(libc: Libc, fd: number): LocksSeen | number {
  const said = (base: number): string[] | number => {
    const found: string[] = []
    for (const [n, permission] of PERMISSIONS.entries()) {
      const other = libc.ofdTest(fd, 'write', base + n, 1)
      if (typeof other === 'number') return other
      if (other !== undefined) found.push(permission)
    }
    return found
  }
  const [holds, unshares] = [said(HELD_BASE), said(UNSHARED_BASE)]
  if (typeof holds === 'number') return holds
  return typeof unshares === 'number' ? unshares : {holds, unshares}
}

/** A lock of somebody else is a refusal; an errno means that nothing can be known about locks. */
function refuseOrGiveUp(other: OtherLock | number, path: string, role: 'writer' | 'reader', why: string): LockResult {
  if (typeof other !== 'number') throw lockedError(path, role, why, other.pid)
  return {locked: false, reason: `locks cannot be tested (${errnoName(other)})`}
}

/** Somebody holds a write lock over our bytes: not QEMU's protocol, but a claim all the same. */
function claimed(libc: Libc, fd: number, path: string, role: 'writer' | 'reader', byte: number): ToolError {
  const other = libc.ofdTest(fd, 'read', byte, 1)
  const pid = typeof other === 'object' ? other.pid : undefined
  return lockedError(path, role, 'holds an exclusive lock on it', pid)
}

function lockedError(path: string, role: 'writer' | 'reader', why: string, pid: number | undefined): ToolError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  const instead =
    role === 'writer'
      ? 'to look at it meanwhile, use --read-only --force-share'
      : 'or read it as it is, possibly half changed, with --force-share'
  return new ToolError('environment', 'E_LOCKED', `${path} is in use: ${who} ${why}`, {
    hint: `Stop the virtual machine or tool that uses it ("fuser -v" on the image names it); ${instead}.`,
    context: {path, op: 'lock'},
  })
}
