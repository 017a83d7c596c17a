/** Castagnoli's polynomial, bits reversed (RFC 3720, 12.1). */
const POLYNOMIAL = 0x82f63b78

/** Table k: what a byte does to the checksum when k bytes follow it in the same step. */
const [T0, T1, T2, T3] = tables() as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]

function tables(): Uint32Array[] {
  const first = Uint32Array.from({length: 256}, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0)
    return value >>> 0
  })
  const all = [first]
  for (let k = 1; k < 4; k++) {
    const before = all[k - 1] as Uint32Array
    all.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)))
  }
  return all
}

/**
 * CRC-32C of the bytes from `start` to `end` (RFC 3720, 12.1), 0 to 2^32-1. Finds every single flipped bit, and every burst of up to
 * 32. Traces and the superblocks of file systems are protected with it.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let at = start
  // Four bytes at a time: the tables of a step do not wait for each other.
  for (; at + 4 <= end; at += 4) {
    crc =
      (T3[(crc ^ (bytes[at] as number)) & 0xff] as number) ^
      (T2[((crc >>> 8) ^ (bytes[at + 1] as number)) & 0xff] as number) ^
      (T1[((crc >>> 16) ^ (bytes[at + 2] as number)) & 0xff] as number) ^
      (T0[((crc >>> 24) ^ (bytes[at + 3] as number)) & 0xff] as number)
  }
  for (; at < end; at++) crc = (T0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
