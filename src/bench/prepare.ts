import {closeSync, constants, fsyncSync, openSync, readSync, writeSync} from 'node:fs'

import {codeOf, formatBytes, ToolError, type Range} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {createImage, openImage, type Image, type OpenOptions} from '../image/index.js'

const PIECE_BYTES = 1 << 20

/**
 * Makes the image that a bench is to have. With `preallocate` every block is written once with zeroes and made stable, so that no
 * measured write has to allocate one.
 *
 * @returns removes the image again; never throws
 * @throws ToolError as createImage, of kind io where there is no space
 */
export async function makeImage(path: string, sizeBytes: number, preallocate: boolean): Promise<() => void> {
  const undo = await createImage(path, sizeBytes)
  try {
    if (preallocate) writeZeroes(path, sizeBytes)
    return undo
  } catch (error) {
    undo()
    throw error
  }
}

/**
 * Gives every block of an image an allocation of its own, by writing what it holds over itself where it has none. Content stays as it
 * is. Does nothing for a block device.
 *
 * @throws ToolError of kind environment where it cannot be told which blocks have none, of kind io where there is no space
 */
export async function preallocateImage(path: string, part?: OpenOptions['part']): Promise<void> {
  const image = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false, part})
  try {
    if (image.blockDevice) return
    // What waits for its allocation in the page cache would be listed as well.
    fsyncSync(image.fd)
    const fresh = image.freshRanges(0, image.sizeBytes)
    if (fresh === undefined) {
      throw new ToolError('environment', 'E_PREALLOCATE', `${path}: which blocks are allocated cannot be told here`, {
        hint: 'Make a new image: --create SIZE --preallocate.',
        context: {path},
      })
    }
    rewrite(image, fresh)
  } finally {
    image.close()
  }
}

/** Nobody else writes meanwhile: the locks of a writer are held. */
function rewrite({path, fd, startBytes, sizeBytes}: Image, ranges: readonly Range[]): void {
  const piece = new Uint8Array(PIECE_BYTES)
  // A block of the file system may begin before the partition, and is the neighbour's as well.
  const placed = ranges.map(({offsetBytes, lengthBytes}) => {
    const fromBytes = startBytes + Math.max(0, offsetBytes)
    return {offsetBytes: fromBytes, lengthBytes: startBytes + offsetBytes + lengthBytes - fromBytes}
  })
  fill(path, fd, placed, startBytes + sizeBytes, (offsetBytes, lengthBytes) => {
    const part = piece.subarray(0, lengthBytes)
    part.fill(0, readSync(fd, part, 0, lengthBytes, offsetBytes))
    return part
  })
}

function writeZeroes(path: string, sizeBytes: number): void {
  const zeroes = new Uint8Array(PIECE_BYTES)
  const fd = openSync(path, constants.O_WRONLY)
  try {
    const whole = [{offsetBytes: 0, lengthBytes: sizeBytes}]
    fill(path, fd, whole, sizeBytes, (_offsetBytes, lengthBytes) => zeroes.subarray(0, lengthBytes))
  } finally {
    closeSync(fd)
  }
}

function fill(
  path: string,
  fd: number,
  ranges: readonly Range[],
  sizeBytes: number,
  content: (offsetBytes: number, lengthBytes: number) => Uint8Array,
): void {
  try {
    for (const {offsetBytes, lengthBytes} of ranges) {
      const endBytes = Math.min(sizeBytes, offsetBytes + lengthBytes)
      for (let at = offsetBytes; at < endBytes;) {
        const part = content(at, Math.min(PIECE_BYTES, endBytes - at))
        at += writeSync(fd, part, 0, part.length, at)
      }
    }
    fsyncSync(fd)
  } catch (error) {
    const bytes = formatBytes(ranges.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0))
    throw new ToolError('io', 'E_PREALLOCATE', `${path}: ${bytes} cannot be preallocated (${codeOf(error)})`, {
      hint: codeOf(error) === 'ENOSPC' ? 'The disk is full: choose a smaller size.' : 'Leave --preallocate out.',
      context: {path, op: 'write'},
      cause: error,
    })
  }
}
