import {contentsOf as contentsOfBytes, partitionTableOf, type ByteReader} from '../disk-layout/index.js'
import type {Contents, PartitionTable} from '../disk-layout/index.js'
import type {ImageSource} from '../image/index.js'

/** A source for parsers, which never ask for more than they bound themselves to. */
function imageReader(source: ImageSource): ByteReader {
  return {
    sizeBytes: source.sizeBytes,
    read(offsetBytes, lengthBytes) {
      const bytes = new Uint8Array(lengthBytes)
      return bytes.subarray(0, source.readInto(bytes, offsetBytes))
    },
  }
}

/** The partition table of an image, undefined when it has none. @throws ToolError of kind io when it cannot be read */
export function partitionTable(source: ImageSource): PartitionTable | undefined {
  return partitionTableOf(imageReader(source))
}

/**
 * The partition table of an image or a part of one, what is in each partition, and what is wrong with them. Offsets are those of
 * the source. @throws ToolError of kind io when it cannot be read
 */
export function contentsOf(source: ImageSource): Contents {
  return contentsOfBytes(imageReader(source))
}
