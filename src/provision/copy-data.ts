import {readSync, writeSync} from 'node:fs'
import {alignedBytes} from '../aio/index.js'
import {alignOut, ERRNO, joinRanges, type Range} from '../base/index.js'
import {ioFailure, shortenedImage, type ImageSource} from '../image/index.js'
import type {Libc} from '../native/index.js'

/** How bytes got across. */
export type CopyMethod = 'reflink' | 'copy_file_range' | 'read and write'

/** What is written to. */
export interface CopySink {
  readonly path: string
  readonly fd: number
  /** Where on the descriptor the copy begins: not 0 in a partition. */
  readonly startBytes: number
  /** Lengths of writes have to be multiples of this; 1 where any will do. */
  readonly blockBytes: number
  /** Nothing but zeroes is in it, so that zeroes need not be written. */
  readonly blank: boolean
}

export interface CopyOptions {
  /** Undefined: read and write only, as O_DIRECT and O_DSYNC need it. */
  readonly libc: Pick<Libc, 'copyFileRange' | 'clone'> | undefined
  /** Has the kernel begin to write a range of the sink's descriptor back; undefined where no sync follows, or it cannot be asked. */
  readonly startWriteback: ((offsetBytes: number, lengthBytes: number) => void) | undefined
  readonly signal: AbortSignal
  readonly progress: (doneBytes: number) => Promise<void>
}

export interface Transferred {
  readonly method: CopyMethod
  readonly writtenBytes: number
  /** Cut short by the signal. */
  readonly stopped: boolean
}

/** Alignment of all transfers but the last: enough for O_DIRECT anywhere. */
const BLOCK_BYTES = 4096
const CHUNK_BYTES = 1024 * 1024
/** The kernel copies this much at a time, so that a signal is heard soon. */
const KERNEL_CHUNK_BYTES = 8 * 1024 * 1024

/** The disk begins when this much has been copied, and not at the sync: it would stand idle meanwhile. */
const WRITEBACK_BYTES = 8 * 1024 * 1024

/** What says that the kernel does not do it for these two files; reading and writing does. */
const NOT_HERE: ReadonlySet<number> = new Set([
  ERRNO.EINVAL,
  ERRNO.EXDEV,
  ERRNO.EOPNOTSUPP,
  ERRNO.ENOSYS,
  ERRNO.EPERM,
  ERRNO.ETXTBSY,
  ERRNO.EISDIR,
  ERRNO.EBADF,
  ERRNO.ENOTTY,
])

/**
 * Copies ranges of a source to the same places of a sink. Ranges are rounded out to 4 KiB and cut where the source ends.
 *
 * @throws ToolError of kind io when one of the two fails, or the source ends early
 */
export async function copyRanges(
  source: ImageSource,
  sink: CopySink,
  ranges: readonly Range[],
  options: CopyOptions,
): Promise<Transferred> {
  if (options.libc !== undefined && sink.blank && isWhole(source) && options.libc.clone(sink.fd, source.fd) === 0) {
    return {method: 'reflink', writtenBytes: source.sizeBytes, stopped: false}
  }
  const copier = new Copier(source, sink, options)
  let [waitingFrom, waitingBytes] = [0, 0]
  for (const range of joinRanges(ranges.map((each) => alignOut(each, BLOCK_BYTES)))) {
    const endBytes = Math.min(range.offsetBytes + range.lengthBytes, source.sizeBytes)
    for (let offsetBytes = range.offsetBytes; offsetBytes < endBytes;) {
      if (options.signal.aborted) return copier.told(true)
      if (waitingBytes === 0) waitingFrom = offsetBytes
      const bytes = copier.step(offsetBytes, endBytes - offsetBytes)
      offsetBytes += bytes
      waitingBytes += bytes
      if (waitingBytes >= WRITEBACK_BYTES) {
        options.startWriteback?.(sink.startBytes + waitingFrom, offsetBytes - waitingFrom)
        waitingBytes = 0
      }
      await options.progress(copier.doneBytes)
    }
  }
  return copier.told(false)
}

/** A part of an image shares its blocks with nobody: FICLONE takes whole files. */
function isWhole({startBytes, blockDevice}: ImageSource): boolean {
  return startBytes === 0 && !blockDevice
}

/** Copies piece by piece, in the kernel as long as that goes. */
class Copier {
  doneBytes = 0
  readonly #source: ImageSource
  readonly #sink: CopySink
  #libc: CopyOptions['libc']
  #inKernel = 0
  #written = 0
  #memory: Buffer | undefined

  constructor(source: ImageSource, sink: CopySink, {libc}: CopyOptions) {
    this.#source = source
    this.#sink = sink
    this.#libc = source.blockDevice ? undefined : libc
  }

  told(stopped: boolean): Transferred {
    const method = this.#inKernel > 0 ? 'copy_file_range' : 'read and write'
    return {method, writtenBytes: this.#written, stopped}
  }

  /** Copies the start of a stretch. @returns how much of it is done */
  step(offsetBytes: number, lengthBytes: number): number {
    const bytes = this.#kernelStep(offsetBytes, lengthBytes) ?? this.#ownStep(offsetBytes, lengthBytes)
    this.doneBytes += bytes
    return bytes
  }

  #kernelStep(offsetBytes: number, lengthBytes: number): number | undefined {
    if (this.#libc === undefined) return undefined
    const {fd, startBytes} = this.#source
    const sink = this.#sink
    const wanted = Math.min(lengthBytes, KERNEL_CHUNK_BYTES)
    const [from, to] = [startBytes + offsetBytes, sink.startBytes + offsetBytes]
    const copied = this.#libc.copyFileRange(fd, from, sink.fd, to, wanted)
    if (copied > 0) {
      this.#inKernel += copied
      this.#written += copied
      return copied
    }
    if (copied === 0) throw shortenedImage(this.#source.path, startBytes + offsetBytes, 'copied')
    if (!NOT_HERE.has(-copied)) {
      const cause = Object.assign(new Error('copy_file_range'), {errno: -copied})
      throw ioFailure(this.#sink.path, `copied from ${this.#source.path}`, cause)
    }
    this.#libc = undefined
    return undefined
  }

  #ownStep(offsetBytes: number, lengthBytes: number): number {
    this.#memory ??= Buffer.from(alignedBytes(CHUNK_BYTES).buffer, 0, CHUNK_BYTES)
    const memory = this.#memory
    const bytes = memory.subarray(0, Math.min(lengthBytes, CHUNK_BYTES))
    const {blockBytes, blank} = this.#sink
    const whole = memory.subarray(0, Math.ceil(bytes.length / blockBytes) * blockBytes)
    // The end of an image of an odd size: behind it the last block keeps what it has.
    if (whole.length > bytes.length)
      this.#readSink(whole.subarray(-blockBytes), offsetBytes + whole.length - blockBytes)
    this.#read(bytes, offsetBytes)
    if (blank && isZero(bytes)) return bytes.length
    this.#write(whole, offsetBytes)
    this.#written += bytes.length
    return bytes.length
  }

  #write(bytes: Buffer, offsetBytes: number): void {
    const {fd, path, startBytes} = this.#sink
    try {
      let done = 0
      while (done < bytes.length) {
        done += writeSync(fd, bytes, done, bytes.length - done, startBytes + offsetBytes + done)
      }
    } catch (error) {
      throw ioFailure(path, 'written', error)
    }
  }

  #readSink(block: Buffer, offsetBytes: number): void {
    const {fd, path, startBytes} = this.#sink
    try {
      readSync(fd, block, 0, block.length, startBytes + offsetBytes)
    } catch (error) {
      throw ioFailure(path, 'read', error)
    }
  }

  #read(bytes: Buffer, offsetBytes: number): void {
    const {fd, startBytes, path} = this.#source
    let done = 0
    while (done < bytes.length) {
      let got: number
      try {
        got = readSync(fd, bytes, done, bytes.length - done, startBytes + offsetBytes + done)
      } catch (error) {
        throw ioFailure(path, `read at byte ${startBytes + offsetBytes + done}`, error)
      }
      if (got === 0) throw shortenedImage(path, startBytes + offsetBytes + done, 'copied')
      done += got
    }
  }
}

const ZEROES = Buffer.alloc(CHUNK_BYTES)

function isZero(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.compare(ZEROES, 0, bytes.length) === 0
}
