import {formatBytes, ToolError} from '../base/index.js'
import {firstDifference} from './fill.js'
import {fault} from './place.js'
import {BATCH_MAX_BYTES} from './program.js'

/**
 * The text of a batch file: UTF-8, with or without a byte order mark. Line ends may be LF or CR LF; the parser takes both.
 *
 * @throws ToolError of kind usage, at the line and column of the first byte that is NUL or not UTF-8; also when the batch
 *   is longer than BATCH_MAX_BYTES (a caller that reads a stream may stop one byte after that)
 */
export function decodeBatchText(bytes: Uint8Array, sourceName: string): string {
  if (bytes.length > BATCH_MAX_BYTES) throw batchTooLarge(sourceName)
  const nul = bytes.indexOf(0)
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    if (nul < 0) return text
  } catch {
    const invalid = firstInvalid(bytes)
    throw binary(bytes, nul >= 0 && nul < invalid ? nul : invalid, sourceName)
  }
  throw binary(bytes, nul, sourceName)
}

/** The refusal of a batch longer than BATCH_MAX_BYTES. */
export function batchTooLarge(sourceName: string): ToolError {
  return new ToolError('usage', 'E_BATCH', `${sourceName}: the batch is larger than ${formatBytes(BATCH_MAX_BYTES)}`, {
    hint: 'Write repeated requests with REPEAT, or measure with a benchmark. Was an image given as the batch?',
    context: {path: sourceName},
  })
}

/** Index of the first byte of the first sequence that is not UTF-8. There must be one. */
function firstInvalid(bytes: Uint8Array): number {
  // A lenient decoder puts U+FFFD for each bad sequence, so encoding its text again differs first inside such a character.
  const again = new TextEncoder().encode(new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes))
  let at = firstDifference(bytes, again)
  while (at > 0 && ((again[at] ?? 0) & 0xc0) === 0x80) at--
  return at
}

function binary(bytes: Uint8Array, at: number, sourceName: string): ToolError {
  // lastIndexOf takes a negative start from the end.
  const lineStart = at === 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1
  let line = 1
  for (let i = 0; i < lineStart; i++) if (bytes[i] === 0x0a) line++
  const before = new TextDecoder().decode(bytes.subarray(lineStart, at))
  const hex = (bytes[at] ?? 0).toString(16).padStart(2, '0')
  return fault(
    {sourceName, line},
    before.length + 1,
    `byte 0x${hex}: this is binary, not a batch`,
    'A batch is UTF-8 text. Was an image given as the batch, or text saved as UTF-16?',
  )
}
