import {codeOf, errnoName, errnoOf, ToolError} from '../base/index.js'

/** What was being opened, for the words of a refusal. */
export interface Attempt {
  readonly path: string
  readonly readOnly: boolean
  readonly blockDevice: boolean
  /** Where a block device is mounted, if it is. */
  readonly mountPoint?: string | undefined
}

/** The words for one errno of stat(2) or open(2). */
interface Words {
  readonly code: string
  readonly what: (attempt: Attempt) => string
  readonly hint: (attempt: Attempt) => string
}

/** Said by every command that opens an image, so it names those that have the flags. */
const READ_INSTEAD = 'run and serve take --read-only, or --snapshot to write to a throw-away copy'

const WORDS: Readonly<Record<string, Words>> = {
  ENOENT: {
    code: 'E_NO_IMAGE',
    what: ({path}) => `${path} does not exist`,
    hint: () => 'Check the path; run makes a new image with --create SIZE.',
  },
  ENOTDIR: {
    code: 'E_NO_IMAGE',
    what: ({path}) => `${path} does not exist: a part of the path is not a directory`,
    hint: () => 'Check the path.',
  },
  EACCES: {
    code: 'E_ACCESS',
    what: ({path, readOnly}) => `${path} may not be opened for ${readOnly ? 'reading' : 'writing'}`,
    hint: ({readOnly, blockDevice}) => {
      const device = blockDevice ? ' (a device may also be write-protected: blockdev --getro)' : ''
      return `Check the permissions of the ${blockDevice ? 'device' : 'file'} and its folders${device}${readOnly ? '' : `; ${READ_INSTEAD}`}.`
    },
  },
  EPERM: {
    code: 'E_ACCESS',
    what: ({path}) => `${path} may not be opened: the operation is not permitted`,
    hint: () => `The file may be immutable (lsattr shows an "i"), or a sandbox forbids it; ${READ_INSTEAD}.`,
  },
  EROFS: {
    code: 'E_READ_ONLY_FS',
    what: ({path}) => `${path} is on a read-only file system`,
    hint: () => `To go on without writing to it, ${READ_INSTEAD}.`,
  },
  ETXTBSY: {
    code: 'E_IN_USE',
    what: ({path}) => `${path} is in use as a running program or as swap space`,
    hint: () => `Check that this is the image you meant; ${READ_INSTEAD}.`,
  },
  EBUSY: {
    code: 'E_IN_USE',
    what: ({path, mountPoint}) =>
      mountPoint === undefined ? `${path} is claimed by something else` : `${path} is mounted on ${mountPoint}`,
    hint: ({mountPoint}) =>
      mountPoint === undefined
        ? `A mount, RAID, LVM, device mapper or swap holds the device or a part of it (lsblk shows which): release it. Else, ${READ_INSTEAD}.`
        : `Unmount it first (umount ${mountPoint}). Else, ${READ_INSTEAD}.`,
  },
  ELOOP: {
    code: 'E_PATH',
    what: ({path}) => `${path} goes through too many symbolic links`,
    hint: () => 'The links probably point at each other; name the file itself.',
  },
  ENAMETOOLONG: {
    code: 'E_PATH',
    what: ({path}) => `the path is too long (${Buffer.byteLength(path)} bytes): ${path.slice(0, 40)}...`,
    hint: () => 'A file name ends at 255 bytes and a path at 4095; change to the folder and use a shorter path.',
  },
  ENXIO: {
    code: 'E_NO_DEVICE',
    what: ({path}) => `${path} has no device behind it`,
    hint: () => 'The device was removed, or its driver is not loaded.',
  },
  ENOMEDIUM: {
    code: 'E_NO_DEVICE',
    what: ({path}) => `${path} has no medium in it`,
    hint: () => 'Insert one, or attach a file to the loop device.',
  },
  EMFILE: {
    code: 'E_TOO_MANY_FILES',
    what: ({path}) => `${path} cannot be opened: this process has too many open files`,
    hint: () => 'Raise the limit (ulimit -n).',
  },
}

/** Errnos that mean the storage failed, not that the place is wrong. */
const IO_ERRNOS: ReadonlySet<string> = new Set(['EIO', 'ENOSPC', 'EDQUOT', 'EREMOTEIO'])

/** The error for a failed stat(2) or open(2) of an image: names the image, says the likely cause and the next step. */
export function openRefusal(attempt: Attempt, error: unknown): ToolError {
  const errno = codeOf(error) ?? errnoName(errnoOf(error))
  const words = Object.hasOwn(WORDS, errno) ? WORDS[errno] : undefined
  const more = {context: {path: attempt.path, op: 'open'}, cause: error}
  if (words !== undefined) {
    const hint = words.hint(attempt)
    return new ToolError('environment', words.code, `${words.what(attempt)} (${errno})`, {...more, hint})
  }
  if (IO_ERRNOS.has(errno)) return ioFailure(attempt.path, 'opened', error)
  return new ToolError('environment', 'E_OPEN', `${attempt.path} cannot be opened (${errno})`, {
    ...more,
    hint: 'The system gave no more than this errno; the kernel log (dmesg) may say why.',
  })
}

/** The error for an operation on an image file that failed after it was opened. @param done as in "cannot be written" */
export function ioFailure(path: string, done: string, error: unknown): ToolError {
  const errno = codeOf(error) ?? errnoName(errnoOf(error))
  const full = errno === 'ENOSPC' || errno === 'EDQUOT'
  return new ToolError('io', full ? 'E_NO_SPACE' : 'E_IO', `${path} cannot be ${done} (${errno})`, {
    hint: full
      ? 'The file system or the quota is full: free some space.'
      : 'The storage reported an error; the kernel log (dmesg) may say more. Do not trust what was written last.',
    context: {path},
    cause: error,
  })
}

/** The error for a read of an image that failed. @param atBytes on the whole image */
export function readFailure(path: string, atBytes: number, error: unknown): ToolError {
  return new ToolError('io', 'E_IO', `${path} cannot be read at byte ${atBytes} (${codeOf(error) ?? 'EIO'})`, {
    hint: 'The storage reported an error; the kernel log (dmesg) may say more.',
    context: {path, offsetBytes: atBytes, op: 'read'},
    cause: error,
  })
}

/** The error for an image that ended at a byte (of the whole image) before what was to be there. @param done read or copied */
export function shortenedImage(path: string, atBytes: number, done: 'read' | 'copied'): ToolError {
  return new ToolError('io', 'E_SHORT_IMAGE', `${path} ended at byte ${atBytes} while it was ${done}`, {
    hint: 'Another process has made it shorter; stop that process and start again.',
    context: {path, offsetBytes: atBytes, op: 'read'},
  })
}

/** What a path is, when it is neither a regular file nor a block device. */
export type OtherKind = 'directory' | 'fifo' | 'socket' | 'character device' | 'unknown'

const KIND_HINTS: Readonly<Record<OtherKind, string>> = {
  directory: 'Name the image file inside it.',
  fifo: 'A pipe has no offsets to read or write at; copy what it delivers to a file first.',
  socket: 'To reach a disk served over a socket, attach it as a block device first (for NBD: nbd-client).',
  'character device': 'Name the block device of the disk (lsblk lists them).',
  unknown: 'Name a regular file or a block device.',
}

/** The error for something that can never be an image. It was not opened: opening a FIFO would wait for its other end. */
export function kindRefusal(path: string, kind: OtherKind): ToolError {
  const what = kind === 'unknown' ? 'neither a file nor a block device' : `a ${kind === 'fifo' ? 'FIFO' : kind}`
  return new ToolError('environment', 'E_NOT_AN_IMAGE', `${path} is ${what}, not an image`, {
    hint: KIND_HINTS[kind],
    context: {path},
  })
}
