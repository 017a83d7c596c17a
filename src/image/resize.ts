import {closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync} from 'node:fs'
import {codeOf, formatBytesBoth, ToolError} from '../base/index.js'
import {loadLibc} from '../native/index.js'
import {takeLocks} from './locks.js'
import {checkKind} from './open.js'
import {ioFailure, openRefusal} from './refusal.js'

/** What a resize did. */
export interface Resized {
  readonly fromBytes: number
  readonly toBytes: number
  /** Why no lock was taken; undefined when it was. */
  readonly unlocked: string | undefined
}

/**
 * Gives an image file another size, under a writer's locks. When it returns, the new size is stable. What is added reads as zeroes;
 * what is cut off is gone.
 *
 * @param shrink without it a smaller size is refused
 * @throws ToolError of kind usage (shrink, size), environment (missing, denied, locked, a block device) or io
 */
export async function resizeImage(path: string, sizeBytes: number, shrink: boolean): Promise<Resized> {
  if (checkKind(path, false)) {
    throw new ToolError('environment', 'E_BLOCK_DEVICE', `${path} is a block device, whose size is that of its disk`, {
      hint: 'Resize what it lies on: the partition, the logical volume, or the file behind the loop device.',
      context: {path, op: 'resize'},
    })
  }
  const fd = openForWriting(path)
  try {
    const locks = takeLocks(await loadLibc(), fd, path, 'writer')
    const fromBytes = fstatSync(fd).size
    if (sizeBytes < fromBytes && !shrink) throw shrinkRefusal(path, fromBytes, sizeBytes)
    setSize(fd, path, sizeBytes)
    return {fromBytes, toBytes: sizeBytes, unlocked: locks.locked ? undefined : locks.reason}
  } finally {
    closeSync(fd)
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, constants.O_RDWR)
  } catch (error) {
    throw openRefusal({path, readOnly: false, blockDevice: false}, error)
  }
}

function setSize(fd: number, path: string, sizeBytes: number): void {
  try {
    ftruncateSync(fd, sizeBytes)
    fsyncSync(fd)
  } catch (error) {
    if (codeOf(error) !== 'EFBIG' && codeOf(error) !== 'EINVAL') throw ioFailure(path, 'resized', error)
    throw new ToolError('environment', 'E_TOO_LARGE', `${path} cannot have ${sizeBytes} bytes`, {
      hint: 'A single file cannot be that large on this file system (ext4: 16 TiB), or a limit is set (ulimit -f).',
      context: {path, op: 'resize'},
      cause: error,
    })
  }
}

function shrinkRefusal(path: string, fromBytes: number, toBytes: number): ToolError {
  const message = `${path} has ${formatBytesBoth(fromBytes)}: ${formatBytesBoth(toBytes)} would cut off its end`
  return new ToolError('usage', 'E_SHRINK', message, {
    hint: 'What is cut off cannot be brought back. Make its file systems and partitions smaller first, then add --shrink.',
    context: {path, op: 'resize'},
  })
}
