import {parseSize, type Range} from '../base/index.js'
import {parseOffset, type Target} from './target.js'

/**
 * The range that --offset (see parseOffset) and --length name, cut where the source ends.
 *
 * @throws ToolError of kind usage when a text is no offset or size, or the offset lies behind the end
 */
export function rangeOf(target: Target, offset: string, length: string | undefined): Range {
  const offsetBytes = parseOffset(offset, target)
  const restBytes = target.source.sizeBytes - offsetBytes
  const wanted = length === undefined ? undefined : parseSize(length)
  return {offsetBytes, lengthBytes: wanted === undefined || wanted > BigInt(restBytes) ? restBytes : Number(wanted)}
}
