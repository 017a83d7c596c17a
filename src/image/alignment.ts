import {readSync} from 'node:fs'
import {ERRNO, errnoOf, SECTOR_BYTES} from '../base/index.js'
import type {LibcAnswer} from '../native/index.js'

/** What transfers must be multiples of, and how that is known. */
export interface Alignment {
  /** For offsets and lengths; at least a sector. */
  readonly alignmentBytes: number
  /** For the address of the buffer. */
  readonly memoryAlignmentBytes: number
  readonly source: string
}

/** Through the page cache nothing is asked of a transfer; a device still speaks sectors. */
export const BUFFERED_ALIGNMENT: Alignment = {
  alignmentBytes: SECTOR_BYTES,
  memoryAlignmentBytes: 1,
  source: 'page cache: whole sectors',
}

/** The part of WebAssembly used here; the library typings of Node do not declare it. */
declare const WebAssembly: {
  readonly Memory: new (limits: {initial: number; maximum: number}) => {readonly buffer: ArrayBuffer}
}

const PROBES_BYTES = [512, 1024, 2048, 4096]
const PAGE_BYTES = 4096

/**
 * What O_DIRECT asks of transfers on an open descriptor: what the kernel says (statx), else the logical block of a device,
 * else the smallest unit that a read accepts. 'unsupported' when the file cannot be used with O_DIRECT at all; undefined when
 * no unit up to a page is accepted. Never writes.
 *
 * @param deviceBlockBytes the logical block of a block device, undefined for files and where it is not known
 */
export function directAlignment(
  native: LibcAnswer,
  fd: number,
  sizeBytes: number,
  deviceBlockBytes: number | undefined,
): Alignment | 'unsupported' | undefined {
  const told = native.ok ? native.libc.statxDioAlign(fd) : undefined
  if (told === 'unsupported') return 'unsupported'
  if (told !== undefined) {
    return alignmentOf(told.offsetBytes, told.memoryBytes, 'statx(2) STATX_DIOALIGN')
  }
  if (deviceBlockBytes !== undefined) {
    return alignmentOf(deviceBlockBytes, deviceBlockBytes, 'logical block size of the device')
  }
  const memory = new Uint8Array(new WebAssembly.Memory({initial: 1, maximum: 1}).buffer) // 64 KiB, on a page boundary
  const probed = probeAlignment(sizeBytes, memory, (buffer, offsetBytes) => tryRead(fd, buffer, offsetBytes))
  return probed === undefined ? undefined : alignmentOf(probed, probed, 'probed by reading')
}

function alignmentOf(offsetBytes: number, memoryBytes: number, source: string): Alignment {
  return {alignmentBytes: Math.max(SECTOR_BYTES, offsetBytes), memoryAlignmentBytes: memoryBytes, source}
}

/**
 * The smallest unit that a read accepts for offset, length and address at once. Each probe starts one unit before a page
 * boundary of memory and ends one unit behind it, because a misaligned buffer inside one page is often let through.
 *
 * @param memory page-aligned, at least three pages
 * @param read true when the transfer was accepted
 */
export function probeAlignment(
  sizeBytes: number,
  memory: Uint8Array,
  read: (buffer: Uint8Array, offsetBytes: number) => boolean,
): number | undefined {
  return PROBES_BYTES.find((unitBytes) => {
    const startByte = PAGE_BYTES - (unitBytes % PAGE_BYTES || PAGE_BYTES)
    const buffer = memory.subarray(startByte, startByte + 2 * unitBytes)
    // At or behind the end a read may be answered before its alignment is looked at.
    return read(buffer, sizeBytes > unitBytes ? unitBytes : 0)
  })
}

/** Only EINVAL speaks of alignment; any other error is for whoever really reads there. */
function tryRead(fd: number, buffer: Uint8Array, offsetBytes: number): boolean {
  try {
    readSync(fd, buffer, 0, buffer.length, offsetBytes)
    return true
  } catch (error) {
    return errnoOf(error) !== ERRNO.EINVAL
  }
}
