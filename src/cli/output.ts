import {ToolError} from '../base/index.js'

/** Why writing stopped: everything is out, or the reader went away ("| head") and wants no more. */
export type WriteEnd = 'written' | 'closed'

/**
 * Makes write callbacks the only place where a failed write shows. oclif listens for errors of stdout and throws all but
 * EPIPE as uncaught exceptions; without any listener Node would do so with every one.
 */
export function reportThroughCallbacks(stream: NodeJS.WritableStream): void {
  stream.removeAllListeners('error')
  stream.on('error', () => {})
}

/**
 * Writes the chunks one after the other, each only when the one before has left the process: a slow reader slows the
 * maker of the chunks, and nothing is lost when the process exits right after.
 *
 * @throws ToolError of kind io when the stream fails for another reason than a closed pipe (disk full)
 */
export async function writeChunks(
  stream: NodeJS.WritableStream,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<WriteEnd> {
  for await (const chunk of chunks) {
    if ((await write(stream, chunk)) === 'closed') return 'closed'
  }
  return 'written'
}

function write(stream: NodeJS.WritableStream, chunk: string | Uint8Array): Promise<WriteEnd> {
  return new Promise((resolve, reject) => {
    const ended = (error?: NodeJS.ErrnoException | null): void => {
      if (!error) resolve('written')
      else if (CLOSED.has(error.code)) resolve('closed')
      else reject(outputError(error))
    }
    if (typeof chunk === 'string') stream.write(chunk, 'utf8', ended)
    else stream.write(chunk, ended)
  })
}

/** Hands one chunk to the stream before it returns; `failed` is called later, and not for a closed pipe. */
export function writeNow(stream: NodeJS.WritableStream, chunk: string, failed: (error: ToolError) => void): void {
  write(stream, chunk).catch(failed)
}

/** The second is what writes after the first get. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED'])

function outputError(error: NodeJS.ErrnoException): ToolError {
  return new ToolError('io', 'E_OUTPUT', `writing the output failed: ${error.message}`, {
    hint:
      error.code === 'ENOSPC'
        ? 'The disk that holds the output file is full. The run itself took place.'
        : 'The run itself took place; only its report is incomplete.',
    context: {op: 'write'},
    cause: error,
  })
}

/** How wide to print when the output is not a terminal: files are read in editors, not in 80 columns. */
const WIDTH_WITHOUT_TERMINAL = 100

/** The width and colour a stream allows: colour only on a terminal, and never against NO_COLOR or TERM=dumb. */
export function formatOptionsOf(
  stream: {readonly isTTY?: boolean; readonly columns?: number},
  noColor: boolean,
): {width: number; color: boolean} {
  const terminal = stream.isTTY === true
  const columns = stream.columns ?? 0
  const refused = noColor || Boolean(process.env['NO_COLOR']) || process.env['TERM'] === 'dumb'
  // A terminal may say it has 0 columns (script, CI).
  return {width: terminal && columns > 0 ? columns : WIDTH_WITHOUT_TERMINAL, color: terminal && !refused}
}
