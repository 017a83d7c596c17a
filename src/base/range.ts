/** A stretch of an image. Half-open: it ends before offsetBytes + lengthBytes. */
export interface Range {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** True when the two ranges share at least one byte; an empty range shares none, wherever it lies. */
export function overlaps(a: Range, b: Range): boolean {
  const start = Math.max(a.offsetBytes, b.offsetBytes)
  return start < Math.min(a.offsetBytes + a.lengthBytes, b.offsetBytes + b.lengthBytes)
}

/** The ranges sorted, with touching and overlapping ones joined and empty ones dropped. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter((r) => r.lengthBytes > 0).toSorted((a, b) => a.offsetBytes - b.offsetBytes)
  const joined: {offsetBytes: number; lengthBytes: number}[] = []
  for (const range of sorted) {
    const last = joined.at(-1)
    if (last && range.offsetBytes <= last.offsetBytes + last.lengthBytes) {
      const end = Math.max(last.offsetBytes + last.lengthBytes, range.offsetBytes + range.lengthBytes)
      last.lengthBytes = end - last.offsetBytes
    } else {
      joined.push({offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes})
    }
  }
  return joined
}

/** The smallest range of whole blocks that holds every byte of the given range; an empty one needs no block. */
export function alignOut(range: Range, blockBytes: number): Range {
  const start = Math.floor(range.offsetBytes / blockBytes) * blockBytes
  if (range.lengthBytes === 0) return {offsetBytes: start, lengthBytes: 0}
  const end = Math.ceil((range.offsetBytes + range.lengthBytes) / blockBytes) * blockBytes
  return {offsetBytes: start, lengthBytes: end - start}
}

/**
 * Whether a byte count, 0 to 2^53, is a multiple of a unit. For a power of two by its low bits: the remainder of doubles is a call into
 * the C library, and this is asked several times for every request.
 */
export function isMultipleOf(bytes: number, unitBytes: number): boolean {
  const mask = unitBytes - 1
  return (unitBytes & mask) === 0 ? (bytes & mask) === 0 : bytes % unitBytes === 0
}
