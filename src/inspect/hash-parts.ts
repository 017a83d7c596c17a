import {formatSize, ToolError, type Range} from '../base/index.js'
import {partOf, type ImageSource} from '../image/index.js'
import {partitionTable} from './image-reader.js'

/** A part of an image that gets a digest of its own. */
export interface HashPart extends Range {
  /** "whole", "range", "p2", or nothing for a chunk. */
  readonly name: string
}

/** More chunks than this are no answer. */
const CHUNKS_MAX = 1_000_000

/** The image in chunks of a size; the last may be shorter. @throws ToolError of kind usage when there would be too many */
export function chunksOf({sizeBytes, path}: ImageSource, chunkBytes: bigint): HashPart[] {
  const count = chunkBytes === 0n ? Infinity : Math.ceil(sizeBytes / Number(chunkBytes))
  if (count > CHUNKS_MAX) {
    const message =
      chunkBytes === 0n ? 'chunks of 0 bytes have no end' : `${path} has ${count} chunks of ${formatSize(chunkBytes)}`
    throw new ToolError('usage', 'E_CHUNK', message, {hint: `Choose larger chunks: at most ${CHUNKS_MAX} are told.`})
  }
  const bytes = Math.min(Number(chunkBytes), sizeBytes)
  return Array.from({length: count}, (_, i) => {
    return {name: '', offsetBytes: i * bytes, lengthBytes: Math.min(bytes, sizeBytes - i * bytes)}
  })
}

/** The partitions of an image, as far as they lie in it. @throws ToolError of kind format when it has no partition table */
export function partitionParts(source: ImageSource): HashPart[] {
  const table = partitionTable(source)
  if (table === undefined) {
    throw new ToolError('format', 'E_NO_TABLE', `${source.path} has no partition table`, {
      hint: 'Leave out --per-partition.',
      context: {path: source.path},
    })
  }
  return table.partitions
    .filter(({kind, lengthBytes}) => kind !== 'extended' && lengthBytes > 0)
    .map(({number, offsetBytes, lengthBytes}) => {
      const from = Math.min(offsetBytes, source.sizeBytes)
      return {name: `p${number}`, offsetBytes: from, lengthBytes: Math.min(lengthBytes, source.sizeBytes - from)}
    })
}

/** The bytes of a part. */
export function sourcePart(source: ImageSource, {offsetBytes, lengthBytes}: Range): ImageSource {
  return partOf(source, offsetBytes, lengthBytes)
}

/** All of an image. */
export function wholePart({sizeBytes}: ImageSource): HashPart {
  return {name: 'whole', offsetBytes: 0, lengthBytes: sizeBytes}
}
