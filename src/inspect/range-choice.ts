import {parseSize, ToolError, type Range} from '../base/index.js'
import type {Target} from './target.js'

/**
 * The range that --offset and --length name, cut where the source ends.
 *
 * @throws ToolError of kind usage when a text is no size, or the offset lies behind the end
 */
export function rangeOf(target: Target, offset: string, length: string | undefined): Range {
  const {sizeBytes} = target.source
  const from = parseSize(offset)
  const long = length === undefined ? undefined : parseSize(length)
  if (from > BigInt(sizeBytes)) {
    throw new ToolError('usage', 'E_OFFSET', `offset ${from} lies behind the end of ${target.name}`, {
      hint: `It has ${sizeBytes} bytes.`,
      context: {path: target.name, ...(from <= BigInt(Number.MAX_SAFE_INTEGER) ? {offsetBytes: Number(from)} : {})},
    })
  }
  const restBytes = sizeBytes - Number(from)
  return {
    offsetBytes: Number(from),
    lengthBytes: long === undefined || long > BigInt(restBytes) ? restBytes : Number(long),
  }
}
