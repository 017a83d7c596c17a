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
