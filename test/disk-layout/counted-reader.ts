import type {ByteReader} from '../../src/disk-layout/index.js'

/** Bytes in memory that count how they are read, and refuse what no parser may ask for. */
export interface CountedReader extends ByteReader {
  readonly reads: number
  readonly bytesRead: number
  readonly largestBytes: number
}

/** @param sizeBytes more than there are bytes: zeros follow, as in a sparse image */
export function counted(bytes: Uint8Array, sizeBytes: number = bytes.length): CountedReader {
  const counts = {reads: 0, bytesRead: 0, largestBytes: 0}
  return {
    sizeBytes,
    get reads() {
      return counts.reads
    },
    get bytesRead() {
      return counts.bytesRead
    },
    get largestBytes() {
      return counts.largestBytes
    },
    read(offsetBytes, lengthBytes) {
      if (!Number.isSafeInteger(offsetBytes) || !Number.isSafeInteger(lengthBytes)) throw new Error('not a place')
      if (offsetBytes < 0 || lengthBytes <= 0 || offsetBytes + lengthBytes > sizeBytes) {
        throw new Error(`read outside: ${lengthBytes} bytes at ${offsetBytes} of ${sizeBytes}`)
      }
      counts.reads++
      counts.bytesRead += lengthBytes
      counts.largestBytes = Math.max(counts.largestBytes, lengthBytes)
      const piece = new Uint8Array(lengthBytes)
      piece.set(bytes.subarray(Math.min(offsetBytes, bytes.length), offsetBytes + lengthBytes))
      return piece
    },
  }
}
