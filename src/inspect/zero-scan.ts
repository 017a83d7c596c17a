import type {ImageSource} from '../image/index.js'
import {Joined, type ExtentMap, type MapExtent} from './extent-map.js'
import {refuseShortened} from './shortened.js'

/** Zeroes are looked for in whole blocks of this size, the usual page and block of a file system. */
const BLOCK_BYTES = 4096
const CHUNK_BYTES = 256 * 1024
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES)

/**
 * Reads all data of a map and marks the 4 KiB blocks (aligned in the source; the last may be shorter) that are all zeroes.
 *
 * @param progress is told how many bytes of data have been looked at; awaited, so that it may give way to others
 * @throws ToolError of kind io when the source cannot be read, or has become shorter meanwhile
 */
export async function markZeroes(
  source: ImageSource,
  map: ExtentMap,
  progress: (doneBytes: number) => Promise<void> = async () => {},
): Promise<ExtentMap> {
  const marked = new Joined()
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let doneBytes = 0
  for (const extent of map.extents) {
    if (extent.kind !== 'data') {
      marked.add({...extent})
      continue
    }
    const endBytes = extent.offsetBytes + extent.lengthBytes
    for (let offsetBytes = extent.offsetBytes; offsetBytes < endBytes;) {
      // Up to the next multiple of the chunk, so that blocks stay aligned.
      const wantedBytes = Math.min(endBytes - offsetBytes, CHUNK_BYTES - (offsetBytes % BLOCK_BYTES))
      const bytes = chunk.subarray(0, wantedBytes)
      bytes.fill(0, source.readInto(bytes, offsetBytes))
      markBlocks(bytes, {...extent, offsetBytes}, marked)
      offsetBytes += wantedBytes
      doneBytes += wantedBytes
      await progress(doneBytes)
    }
  }
  refuseShortened(source)
  return {...map, extents: marked.list}
}

function markBlocks(bytes: Buffer, extent: MapExtent, marked: Joined): void {
  let from = 0
  while (from < bytes.length) {
    const to = Math.min(bytes.length, from + BLOCK_BYTES - ((extent.offsetBytes + from) % BLOCK_BYTES))
    marked.add({
      ...extent,
      offsetBytes: extent.offsetBytes + from,
      lengthBytes: to - from,
      zeroes: isZero(bytes, from, to),
    })
    from = to
  }
}

/** Whether a stretch of at most 4 KiB is all zeroes. */
function isZero(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0 && bytes.compare(ZERO_BLOCK, 0, to - from, from, to) === 0
}
