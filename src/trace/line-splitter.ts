import {traceFault} from './fault.js'

const LINE_FEED = 0x0a
const HINT = 'A trace as text is UTF-8, with one JSON object a line.'

/**
 * The lines of a text, without their ends, numbered from 1. Only the line at hand is in memory.
 *
 * @throws ToolError of kind format for a line longer than the limit, or one that is not UTF-8
 */
export function* linesOf(
  chunks: Iterable<Uint8Array>,
  name: string,
  limitBytes: number,
): Generator<{readonly line: number; readonly text: string}> {
  let parts: Uint8Array[] = []
  let length = 0
  let line = 1
  const take = (): string => {
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
    parts = []
    length = 0
    try {
      return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    } catch {
      throw traceFault({name, line}, 'this is not UTF-8 text', HINT)
    }
  }
  for (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      parts.push(chunk.subarray(from, end))
      yield {line, text: take()}
      line++
      from = end + 1
    }
    if (from === chunk.length) continue
    parts.push(new Uint8Array(chunk.subarray(from)))
    length += chunk.length - from
    if (length > limitBytes) throw traceFault({name, line}, `the line is longer than ${limitBytes} bytes`, HINT)
  }
  if (parts.length > 0) yield {line, text: take()}
}
