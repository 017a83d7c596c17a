import {contentsOf as contentsOfBytes, partitionTableOf, type ByteReader} from '../disk-layout/index.js'
import type {Contents, PartitionTable} from '../disk-layout/index.js'
import {codeOf, ToolError} from '../base/index.js'
import type {ImageSource} from '../image/index.js'

/** A source for parsers, which never ask for more than they bound themselves to. */
export function imageReader(source: ImageSource): ByteReader {
  return {
    sizeBytes: source.sizeBytes,
    read(offsetBytes, lengthBytes) {
      const bytes = new Uint8Array(lengthBytes)
      try {
        return bytes.subarray(0, source.readInto(bytes, offsetBytes))
      } catch (error) {
        throw readFailure(source, offsetBytes, error)
      }
    },
  }
}

function readFailure({path, startBytes}: ImageSource, offsetBytes: number, error: unknown): ToolError {
  const at = startBytes + offsetBytes
  return new ToolError('io', 'E_IO', `${path} cannot be read at byte ${at} (${codeOf(error) ?? 'EIO'})`, {
    hint: 'The storage reported an error; the kernel log (dmesg) may say more.',
    context: {path, offsetBytes: at, op: 'read'},
    cause: error,
  })
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
