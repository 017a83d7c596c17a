import {ToolError} from '../base/index.js'

const HEX_PREFIX = 'hex:'
/** Longer than any magic number, and short enough to search in memory. */
const PATTERN_BYTES_MAX = 64 * 1024

/**
 * What to look for: text as UTF-8, or bytes as `hex:55aa`, with spaces, commas or colons between them if one likes.
 *
 * @throws ToolError of kind usage
 */
export function patternOf(text: string): Buffer {
  const bytes = text.startsWith(HEX_PREFIX) ? hexBytes(text.slice(HEX_PREFIX.length)) : Buffer.from(text, 'utf8')
  if (bytes.length === 0 || bytes.length > PATTERN_BYTES_MAX) {
    throw refusal(`a pattern of ${bytes.length} bytes cannot be looked for`, 'A pattern has 1 byte to 64 KiB.')
  }
  return bytes
}

function hexBytes(text: string): Buffer {
  const digits = text.replaceAll(/[\s,:]/g, '')
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) {
    throw refusal(`"${HEX_PREFIX}${text}" is not in hex`, 'Write two hex digits a byte: hex:55aa or "hex:55 aa".')
  }
  return Buffer.from(digits, 'hex')
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_PATTERN', message, {hint})
}
