import {read, write} from 'node:fs'
import {promisify} from 'node:util'
import {alignOut, ERRNO, joinRanges, type Range} from '../base/index.js'
import type {Libc} from '../native/index.js'
import {shortenedImage} from './refusal.js'

const readAt = promisify(read)
const writeAt = promisify(write)

/** Ranges are copied in whole blocks of this size: the usual page and block of a file system. */
const BLOCK_BYTES = 4096
const CHUNK_BYTES = 1024 * 1024

/** What is copied from. */
export interface Source {
  readonly path: string
  readonly fd: number
  readonly sizeBytes: number
}

/**
 * Copies ranges from one file to the same place of another, which reads as zeroes there. Ranges are rounded out to 4 KiB and
 * cut at the end of the source. Holes stay holes: by asking the file system, or, without libc, by leaving out blocks that are
 * all zeroes.
 *
 * @param libc undefined also where the source is a block device, which has no holes to ask for
 * @throws what read(2) and write(2) report, as node:fs does; ToolError of kind io when the source ends early
 */
export async function copyRanges(
  source: Source,
  targetFd: number,
  ranges: readonly Range[],
  libc: Pick<Libc, 'seek'> | undefined,
): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  for (const {offsetBytes, lengthBytes} of joinRanges(ranges.map((range) => alignOut(range, BLOCK_BYTES)))) {
    const endBytes = Math.min(offsetBytes + lengthBytes, source.sizeBytes)
    const parts = libc === undefined ? undefined : dataParts(libc, source.fd, offsetBytes, endBytes)
    for (const part of parts ?? [{offsetBytes, lengthBytes: endBytes - offsetBytes}]) {
      await copyPart(source, targetFd, part, chunk, parts === undefined)
    }
  }
}

/** The parts of a range that hold data; undefined when the file system does not tell. */
export function dataParts(
  libc: Pick<Libc, 'seek'>,
  fd: number,
  offsetBytes: number,
  endBytes: number,
): Range[] | undefined {
  const parts: Range[] = []
  let cursorBytes = offsetBytes
  while (cursorBytes < endBytes) {
    const fromBytes = libc.seek(fd, cursorBytes, 'data')
    if (fromBytes === -ERRNO.ENXIO) break // no data up to the end of the file
    if (fromBytes < 0) return undefined
    if (fromBytes >= endBytes) break
    const holeBytes = libc.seek(fd, fromBytes, 'hole')
    if (holeBytes <= fromBytes) return undefined
    const toBytes = Math.min(holeBytes, endBytes)
    parts.push({offsetBytes: fromBytes, lengthBytes: toBytes - fromBytes})
    cursorBytes = toBytes
  }
  return parts
}

async function copyPart(
  source: Source,
  targetFd: number,
  part: Range,
  chunk: Buffer,
  skipZeroes: boolean,
): Promise<void> {
  const endBytes = part.offsetBytes + part.lengthBytes
  let offsetBytes = part.offsetBytes
  while (offsetBytes < endBytes) {
    const wantedBytes = Math.min(chunk.length, endBytes - offsetBytes)
    const {bytesRead} = await readAt(source.fd, chunk, 0, wantedBytes, offsetBytes)
    if (bytesRead === 0) {
      throw shortenedImage(source.path, offsetBytes, 'copied')
    }
    for (const piece of skipZeroes ? nonZeroBlocks(chunk, bytesRead) : [{offsetBytes: 0, lengthBytes: bytesRead}]) {
      await writeAll(targetFd, chunk, piece, offsetBytes + piece.offsetBytes)
    }
    offsetBytes += bytesRead
  }
}

async function writeAll(fd: number, chunk: Buffer, piece: Range, offsetBytes: number): Promise<void> {
  let done = 0
  while (done < piece.lengthBytes) {
    const from = piece.offsetBytes + done
    const {bytesWritten} = await writeAt(fd, chunk, from, piece.lengthBytes - done, offsetBytes + done)
    done += bytesWritten
  }
}

/** The stretches of blocks that are not all zeroes, joined. */
function nonZeroBlocks(chunk: Buffer, lengthBytes: number): Range[] {
  const blocks: Range[] = []
  for (let offsetBytes = 0; offsetBytes < lengthBytes; offsetBytes += BLOCK_BYTES) {
    const endBytes = Math.min(offsetBytes + BLOCK_BYTES, lengthBytes)
    if (!chunk.subarray(offsetBytes, endBytes).every((byte) => byte === 0)) {
      blocks.push({offsetBytes, lengthBytes: endBytes - offsetBytes})
    }
  }
  return joinRanges(blocks)
}
