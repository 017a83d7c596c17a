import fs from 'node:fs'

import {codeOf, ToolError} from '../base/index.js'
import {
  BATCH_MAX_BYTES,
  batchTooLarge,
  decodeBatchText,
  parseBatch,
  resolveBatch,
  type StartOf,
  type Statement,
} from '../batch/index.js'

/** A batch as it was given, and what messages call it. */
export interface BatchText {
  readonly sourceName: string
  readonly text: string
}

/** A batch ready to run, and what messages call it. */
export interface LoadedBatch {
  readonly sourceName: string
  readonly statements: readonly Statement[]
}

const STDIN = '-'
const READ_BYTES = 1 << 20

/**
 * Reads the text of a batch. At most BATCH_MAX_BYTES are read of whatever is given.
 *
 * @param source a path or "-" for stdin; undefined when `lines` hold the batch
 * @param lines batch lines given on the command line
 * @throws ToolError of kind usage
 */
export function readBatch(source: string | undefined, lines: readonly string[]): BatchText {
  if (source !== undefined && lines.length > 0) {
    throw new ToolError('usage', 'E_BATCH', `both a batch (${source}) and -c were given`, {hint: 'Give one of them.'})
  }
  if (source === undefined && lines.length === 0) {
    throw new ToolError('usage', 'E_BATCH', 'no batch was given', {
      hint: 'Name a batch file, or - for stdin, or give requests with -c "OUT 0 4k" -c FLUSH.',
    })
  }
  const sourceName = source ?? '-c'
  const text = source === undefined ? lines.join('\n') : decodeBatchText(readBounded(source), sourceName)
  return {sourceName, text}
}

/**
 * Parses and checks a batch completely.
 *
 * @param startOf where the partitions of the image begin; without it, an offset that names one is refused
 * @throws ToolError of kind usage
 */
export function loadBatch({sourceName, text}: BatchText, startOf?: StartOf): LoadedBatch {
  return {sourceName, statements: resolveBatch(parseBatch(text, sourceName), sourceName, startOf)}
}

function readBounded(source: string): Uint8Array {
  const isStdin = source === STDIN
  if (isStdin && process.stdin.isTTY) process.stderr.write('reading a batch from the terminal; end it with Ctrl-D\n')
  let fd = 0
  try {
    if (!isStdin) {
      if (fs.statSync(source).isDirectory()) throw Object.assign(new Error('is a directory'), {code: 'EISDIR'})
      fd = fs.openSync(source, 'r')
    }
    return readToLimit(fd, source)
  } catch (error) {
    if (error instanceof ToolError) throw error
    const hints: Record<string, string> = {
      ENOENT: 'Check the path; a single request is given with -c "OUT 0 4k".',
      EISDIR: 'A batch is a text file.',
      EACCES: 'You may not read it; check its permissions.',
    }
    const code = codeOf(error) ?? 'unknown error'
    throw new ToolError('usage', 'E_BATCH', `${source}: the batch cannot be read (${code})`, {
      hint: hints[code] ?? 'Check that it is a readable text file.',
      context: {path: source},
      cause: error,
    })
  } finally {
    if (fd > 2) fs.closeSync(fd)
  }
}

function readToLimit(fd: number, source: string): Uint8Array {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES)
    const count = readSome(fd, chunk)
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
    total += count
    if (total > BATCH_MAX_BYTES) throw batchTooLarge(source)
  }
}

/** read(2), waiting where stdin is a pipe somebody made non-blocking. */
function readSome(fd: number, chunk: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(fd, chunk, 0, chunk.length, null)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
