/** Castagnoli's polynomial, bits reversed (RFC 3720, 12.1). */
const POLYNOMIAL = 0x82f63b78

const TABLE: Uint32Array = Uint32Array.from({length: 256}, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0)
  return value >>> 0
})

/**
 * CRC-32C of the bytes (RFC 3720, 12.1), 0 to 2^32-1. Finds every single flipped bit, and every burst of up to 32. Traces and
 * the superblocks of file systems are protected with it.
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
