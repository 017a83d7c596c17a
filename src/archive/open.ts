import fs from 'node:fs'

import {codeOf, ToolError} from '../base/index.js'
import {
  isLog,
  isTrace,
  readTrace,
  readTraceText,
  traceFault,
  type ByteSource,
  type HeaderDefaults,
  type TraceReading,
} from '../trace/index.js'
import {openSource} from './file-source.js'

/** A trace whose file is held open until close(). */
export interface OpenTrace {
  readonly reading: TraceReading
  readonly close: () => void
}

const CHUNK_BYTES = 2 ** 18
const START_BYTES = 64

/** Spaces and line breaks may stand ahead of the first object. */
const TEXT_START = /^\s*\{/

/**
 * Opens a trace in either of its own formats, told apart by what it begins with.
 *
 * @param defaults what the header of a text may leave open
 * @throws ToolError of kind environment when it cannot be opened, of kind format when it is no trace
 */
export function openTrace(path: string, defaults?: HeaderDefaults): OpenTrace {
  const {source, close} = openSource(path)
  try {
    return {reading: readingOf(source, defaults), close}
  } catch (error) {
    close()
    throw error
  }
}

function readingOf(source: ByteSource, defaults?: HeaderDefaults): TraceReading {
  const start = source.read(0, START_BYTES)
  if (!isTrace(start) && TEXT_START.test(Buffer.from(start).toString('latin1'))) {
    return readTraceText(chunksOf(source), source.name, defaults)
  }
  if (isLog(start)) {
    const what = 'this is a log of dm-log-writes, not a trace'
    const hint = `Make a trace of it: flushpoint trace import ${source.name} --from log-writes -o NAME`
    throw traceFault({name: source.name, offsetBytes: 0}, what, hint)
  }
  return readTrace(source)
}

/**
 * Opens a trace written as text. "-" is stdin, which is read to its end first, for it cannot be read twice.
 *
 * @param defaults what its header may leave open
 */
export function openTraceText(path: string, defaults: HeaderDefaults): OpenTrace {
  if (path === '-') return {reading: readTraceText([...stdinChunks()], 'stdin', defaults), close: () => {}}
  const {source, close} = openSource(path)
  try {
    return {reading: readTraceText(chunksOf(source), path, defaults), close}
  } catch (error) {
    close()
    throw error
  }
}

function chunksOf(source: ByteSource): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      for (let at = 0; ;) {
        const chunk = source.read(at, CHUNK_BYTES)
        if (chunk.length === 0) return
        yield chunk
        at += chunk.length
      }
    },
  }
}

function* stdinChunks(): Generator<Uint8Array> {
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const count = readStdin(chunk)
    if (count === 0) return
    yield chunk.subarray(0, count)
  }
}

/** read(2), waiting where stdin is a pipe somebody made non-blocking. */
function readStdin(chunk: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(0, chunk, 0, chunk.length, null)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') {
        throw new ToolError('io', 'E_TRACE_READ', `stdin: reading failed (${code})`, {
          hint: 'Name a file instead of -.',
          cause: error,
        })
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
