/**
 * The unsigned number in `width` bytes, most significant first; bytes past the end count as zero. Exact up to 2^53. Beyond that
 * it is rounded but never falls below 2^53, so that a comparison with the capacity of an image comes out right.
 */
export function readBe(bytes: Uint8Array, offset: number, width: number): number {
  let value = 0
  for (let i = offset; i < offset + width; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

/** Writes a whole number below 2^53 as `width` bytes, most significant first; what does not fit is cut off. */
export function writeBe(bytes: Uint8Array, offset: number, width: number, value: number): void {
  let rest = value
  for (let i = offset + width - 1; i >= offset; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}
