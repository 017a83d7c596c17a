import {alignOut, joinRanges, type Range} from '../base/index.js'
import type {Extent} from '../native/index.js'
import type {FileSystem} from './file-system.js'

/**
 * FIEMAP_EXTENT_* bits of an extent whose overwrite does not simply replace the bytes of blocks the file already owns:
 * UNKNOWN, DELALLOC (no block yet), ENCODED (compressed), NOT_ALIGNED, DATA_INLINE, DATA_TAIL (not in blocks of its own),
 * UNWRITTEN (reads as zeroes until converted), SHARED (a write goes to new blocks).
 */
const NOT_OVERWRITABLE = 0x2 | 0x4 | 0x8 | 0x100 | 0x200 | 0x400 | 0x800 | 0x2000

/**
 * The parts of a range whose blocks change owner or state when written: holes, unwritten, delayed, shared extents. Rounded
 * out to blocks of the file system, sorted, disjoint; empty when the whole range can be overwritten in place.
 *
 * @param extents those that touch the range, in order
 */
export function freshParts(range: Range, extents: readonly Extent[], blockBytes: number): Range[] {
  const whole = alignOut(range, blockBytes)
  const endBytes = whole.offsetBytes + whole.lengthBytes
  const fresh: Range[] = []
  let cursorBytes = whole.offsetBytes
  for (const extent of extents) {
    if ((extent.flags & NOT_OVERWRITABLE) !== 0) continue
    const fromBytes = Math.min(extent.offsetBytes, endBytes)
    if (fromBytes > cursorBytes) fresh.push({offsetBytes: cursorBytes, lengthBytes: fromBytes - cursorBytes})
    cursorBytes = Math.max(cursorBytes, extent.offsetBytes + extent.lengthBytes)
  }
  if (cursorBytes < endBytes) fresh.push({offsetBytes: cursorBytes, lengthBytes: endBytes - cursorBytes})
  return joinRanges(fresh.map((part) => alignOut(part, blockBytes)))
}

/**
 * The same for a file on a given file system. One that never overwrites in place makes every write fresh; one we know
 * nothing about gives undefined, as does one that has no FIEMAP.
 *
 * @param map FIEMAP of a range of the file, or a negative errno
 */
export function freshOnFileSystem(
  range: Range,
  fileSystem: Pick<FileSystem, 'overwrites' | 'blockBytes'>,
  map: (offsetBytes: number, lengthBytes: number) => readonly Extent[] | number,
): readonly Range[] | undefined {
  if (range.lengthBytes === 0) return []
  const whole = alignOut(range, fileSystem.blockBytes)
  switch (fileSystem.overwrites) {
    case 'unknown':
      return undefined
    case 'elsewhere':
      return [whole]
    case 'in-place': {
      const extents = map(whole.offsetBytes, whole.lengthBytes)
      return typeof extents === 'number' ? undefined : freshParts(range, extents, fileSystem.blockBytes)
    }
  }
}
