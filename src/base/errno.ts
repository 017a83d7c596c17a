import os from 'node:os'

const BY_NUMBER: ReadonlyMap<number, string> = new Map(
  Object.entries(os.constants.errno)
    // Another name of EAGAIN nearly everywhere; every manual page and strace say EAGAIN.
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, number]) => [number, name]),
)

/** "EIO" for 5, "errno 9999" for a number this system does not name. */
export function errnoName(errno: number): string {
  return BY_NUMBER.get(errno) ?? `errno ${errno}`
}

/** The number of a named errno on this system. */
export const ERRNO = os.constants.errno

/** The errno of an error thrown or passed by node:fs, as a positive number; EIO when it carries none. */
export function errnoOf(error: unknown): number {
  const errno = (error as {errno?: unknown} | null)?.errno
  return typeof errno === 'number' && errno !== 0 ? Math.abs(errno) : ERRNO.EIO
}

/** The errno name of an error thrown by node:fs ("ENOENT"), or undefined when it is another kind of error. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as {code?: unknown} | null)?.code
  return typeof code === 'string' ? code : undefined
}
