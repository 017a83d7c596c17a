import fs from 'node:fs'

import {codeOf, SECTOR_BYTES, ToolError} from '../base/index.js'
import type {ByteSource} from '../trace/index.js'

/** A source that holds a file open. */
export interface OpenSource {
  readonly source: ByteSource
  readonly close: () => void
}

/**
 * Opens a file or block device for reading at any place.
 *
 * @throws ToolError of kind environment when it cannot be opened, also for a pipe: places in it cannot be come back to
 */
export function openSource(path: string): OpenSource {
  let fd: number
  try {
    fd = fs.openSync(path, 'r')
  } catch (error) {
    throw cannotOpen(path, error)
  }
  try {
    const source = {
      name: path,
      sizeBytes: sizeOf(fd, path),
      read: (at: number, bytes: number) => readAt(fd, path, at, bytes),
    }
    return {source, close: () => fs.closeSync(fd)}
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path.',
  EACCES: 'You may not read it; check its permissions.',
  EISDIR: 'Name a file.',
}

function cannotOpen(path: string, error: unknown): ToolError {
  const code = codeOf(error) ?? String(error)
  return new ToolError('environment', 'E_TRACE_OPEN', `${path}: cannot be opened (${code})`, {
    hint: HINTS[code] ?? 'Check that it is a readable file.',
    context: {path},
    cause: error,
  })
}

function sizeOf(fd: number, path: string): number {
  const stat = fs.fstatSync(fd)
  if (stat.isFile()) return stat.size
  if (stat.isBlockDevice()) return deviceBytes(stat.rdev, path)
  throw new ToolError('environment', 'E_TRACE_OPEN', `${path}: is neither a file nor a block device`, {
    hint: stat.isDirectory() ? 'Name a file.' : 'Copy it to a file first: it is read at many places.',
    context: {path},
  })
}

/** sysfs counts 512-byte sectors, whatever the device uses. */
function deviceBytes(rdev: number, path: string): number {
  const device = BigInt(rdev)
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n)
  try {
    return Number(fs.readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'utf8')) * SECTOR_BYTES
  } catch (error) {
    throw new ToolError('environment', 'E_TRACE_OPEN', `${path}: the size of the block device is not known`, {
      hint: 'Copy it to a file first.',
      context: {path},
      cause: error,
    })
  }
}

/** read(2) may give less than was asked for; only the end of the file counts. */
function readAt(fd: number, path: string, offsetBytes: number, lengthBytes: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(lengthBytes)
  let done = 0
  try {
    while (done < lengthBytes) {
      const count = fs.readSync(fd, bytes, done, lengthBytes - done, offsetBytes + done)
      if (count === 0) break
      done += count
    }
  } catch (error) {
    throw new ToolError('io', 'E_TRACE_READ', `${path}: reading at byte ${offsetBytes} failed (${codeOf(error)})`, {
      hint: 'The disk that holds it may be failing; try a copy.',
      context: {path, offsetBytes, op: 'read'},
      cause: error,
    })
  }
  return bytes.subarray(0, done)
}
