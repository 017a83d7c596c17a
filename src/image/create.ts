import {closeSync, fstatSync, fsyncSync, ftruncateSync, lstatSync, openSync, unlinkSync, writeSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import {codeOf, ERRNO, errnoName, ToolError} from '../base/index.js'
import {loadLibc} from '../native/index.js'
import {ioFailure, openRefusal} from './refusal.js'

/** Removes the image again, if what bears its name is still the file that was made. Never throws. */
type Undo = () => void

export interface CreateOptions {
  /** Reserve all blocks now, so that a later write cannot run out of space. */
  readonly preallocate?: boolean
}

/**
 * Makes an image, sparse unless it is to be preallocated. When it returns, the file, its size and its directory entry are stable. An existing file is
 * refused, never opened or cut; on any failure what was made is removed again.
 *
 * @returns how to take it back, for a caller that then finds it cannot go on
 * @throws ToolError of kind usage (size), environment (exists, no such folder, denied) or io (no space, failed sync)
 */
export async function createImage(path: string, sizeBytes: number, options: CreateOptions = {}): Promise<Undo> {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
    throw new ToolError('usage', 'E_CREATE_SIZE', `an image of ${sizeBytes} bytes cannot be made`, {
      hint: 'Sizes are whole numbers from 1 byte to 2^53-1 bytes; 64M is a good first one.',
    })
  }
  const fd = openNew(path)
  const undo = undoFor(fd, path)
  try {
    setSize(fd, path, sizeBytes)
    if (options.preallocate === true) await reserve(fd, path, sizeBytes)
    fsyncSync(fd)
    syncDirectory(dirname(path))
    return undo
  } catch (error) {
    undo()
    throw error instanceof ToolError ? error : ioFailure(path, 'made durable', error)
  } finally {
    closeSync(fd)
  }
}

function undoFor(fd: number, path: string): Undo {
  const absolute = resolve(path)
  const made = fstatSync(fd, {bigint: true})
  return () => {
    try {
      const found = lstatSync(absolute, {bigint: true})
      if (found.dev === made.dev && found.ino === made.ino) unlinkSync(absolute)
    } catch {
      // It is gone already, or its folder is: nothing is left to take back.
    }
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx') // O_EXCL: also refuses a dangling symbolic link
  } catch (error) {
    switch (codeOf(error)) {
      case 'EEXIST':
        throw new ToolError('environment', 'E_EXISTS', `${path} exists already; nothing was changed`, {
          hint: 'Choose another name, or use it as it is (run: leave out --create).',
          context: {path, op: 'create'},
          cause: error,
        })
      case 'ENOENT':
      case 'ENOTDIR':
        throw new ToolError('environment', 'E_NO_FOLDER', `${path} cannot be made: ${dirname(path)} is no folder`, {
          hint: 'Check the path, or make the folder first (mkdir -p).',
          context: {path, op: 'create'},
          cause: error,
        })
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        throw new ToolError('environment', 'E_ACCESS', `${path} cannot be made (${codeOf(error)})`, {
          hint: `You may not make files in ${dirname(path)}: choose a folder you may write to.`,
          context: {path, op: 'create'},
          cause: error,
        })
      case undefined:
      default:
        throw openRefusal({path, readOnly: false, blockDevice: false}, error)
    }
  }
}

function setSize(fd: number, path: string, sizeBytes: number): void {
  try {
    ftruncateSync(fd, sizeBytes)
  } catch (error) {
    if (codeOf(error) !== 'EFBIG' && codeOf(error) !== 'EINVAL') throw error
    throw new ToolError('environment', 'E_TOO_LARGE', `${path} cannot have ${sizeBytes} bytes`, {
      hint: 'A single file cannot be that large on this file system (ext4: 16 TiB), or a limit is set (ulimit -f).',
      context: {path, op: 'create'},
      cause: error,
    })
  }
}

const ZEROES_BYTES = 1024 * 1024

/** Reserves blocks through the file system, or, where it cannot, by writing zeroes. */
async function reserve(fd: number, path: string, sizeBytes: number): Promise<void> {
  const native = await loadLibc()
  const errno = native.ok ? native.libc.allocate(fd, 0, sizeBytes) : ERRNO.EOPNOTSUPP
  if (errno === 0) return
  if (errno !== ERRNO.EOPNOTSUPP && errno !== ERRNO.ENOSYS) {
    throw ioFailure(path, 'preallocated', Object.assign(new Error('fallocate'), {code: errnoName(errno), errno}))
  }
  const zeroes = Buffer.alloc(ZEROES_BYTES)
  for (let done = 0; done < sizeBytes;) done += writeSync(fd, zeroes, 0, Math.min(ZEROES_BYTES, sizeBytes - done), done)
}

/** A new file is found again after a crash only when its directory has been synced too (fsync(2)). */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
