import fs from 'node:fs'

import {codeOf, ToolError} from '../base/index.js'
import {DATA_MAX_BYTES, type Pattern, type Statement} from '../batch/index.js'

/** Content of file patterns kept in memory, at most. */
const LOADED_MAX_BYTES = 2 ** 30

/**
 * Reads what the file patterns of a batch need, before the image is opened: as many bytes as the longest request that uses
 * them.
 *
 * @returns the content for a pattern; undefined for patterns of other kinds
 * @throws ToolError of kind usage when a file cannot be read or has nothing at its offset
 */
export function loadPatternFiles(
  statements: readonly Statement[],
  sourceName: string,
): (pattern: Pattern) => Uint8Array | undefined {
  const wanted = new Map<string, {path: string; offsetBytes: number; lengthBytes: number; line: number}>()
  for (const statement of statements) {
    if (statement.kind !== 'request') continue
    const {pattern, verify, lengthBytes, line} = statement.request
    for (const used of [pattern, verify]) {
      if (used?.kind !== 'file') continue
      const {path, offsetBytes} = used
      const before = wanted.get(keyOf(path, offsetBytes))
      const longest = Math.max(before?.lengthBytes ?? 0, Math.min(lengthBytes, DATA_MAX_BYTES))
      wanted.set(keyOf(path, offsetBytes), {path, offsetBytes, lengthBytes: longest, line: before?.line ?? line})
    }
  }
  const loaded = new Map<string, Uint8Array>()
  let total = 0
  for (const [key, {path, offsetBytes, lengthBytes, line}] of wanted) {
    total += lengthBytes
    if (total > LOADED_MAX_BYTES) {
      throw new ToolError(
        'usage',
        'E_PATTERN_FILE',
        `${sourceName}:${line}: file patterns need more than 1 GiB in all`,
        {
          hint: 'Use fewer different files and offsets, or seed: patterns.',
          context: {path: sourceName, line},
        },
      )
    }
    loaded.set(key, readPart(path, offsetBytes, Math.max(1, lengthBytes), {path: sourceName, line}))
  }
  return (pattern) => (pattern.kind === 'file' ? loaded.get(keyOf(pattern.path, pattern.offsetBytes)) : undefined)
}

function keyOf(path: string, offsetBytes: number): string {
  return `${offsetBytes}@${path}`
}

function readPart(
  path: string,
  offsetBytes: number,
  lengthBytes: number,
  context: {path: string; line: number},
): Uint8Array {
  const where = `${context.path}:${context.line}`
  try {
    if (!fs.statSync(path).isFile()) {
      throw new ToolError('usage', 'E_PATTERN_FILE', `${where}: file:${path} is not a regular file`, {
        hint: 'Name a file that holds the bytes; a device or a pipe cannot be read for a pattern.',
        context,
      })
    }
    const fd = fs.openSync(path, 'r')
    try {
      const available = fs.fstatSync(fd).size - offsetBytes
      const bytes = Buffer.alloc(Math.max(0, Math.min(lengthBytes, available)))
      let done = 0
      while (done < bytes.length) {
        const count = fs.readSync(fd, bytes, done, bytes.length - done, offsetBytes + done)
        if (count === 0) break
        done += count
      }
      if (done > 0) return bytes.subarray(0, done)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    if (error instanceof ToolError) throw error
    const hint =
      'File patterns are read before anything is written; check the path, which is relative to the current folder.'
    const message = `${where}: file:${path} cannot be read (${codeOf(error) ?? String(error)})`
    throw new ToolError('usage', 'E_PATTERN_FILE', message, {hint, context, cause: error})
  }
  throw new ToolError('usage', 'E_PATTERN_FILE', `${where}: file:${path} has nothing at offset ${offsetBytes}`, {
    hint: 'Give an offset inside the file.',
    context,
  })
}
