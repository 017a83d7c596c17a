import {createHash} from 'node:crypto'

/** Bytes of a digest. */
export const DIGEST_BYTES = 16

/** The first half of a SHA-256: names content, and tells when it is not what it was. */
export function digestOf(pieces: Iterable<Uint8Array>): Uint8Array {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest().subarray(0, DIGEST_BYTES)
}
