import {closeSync} from 'node:fs'

import {ERRNO} from '../base/index.js'
import {loadSplice, type Splice} from '../native/index.js'
import type {PageSink} from './backend.js'

/** What a pipe holds: half of what anybody may ask for (/proc/sys/fs/pipe-max-size). */
const PIPE_BYTES = 512 * 1024
/**
 * Pipes at a time. They hold half of what all programs of a user may have in pipes (/proc/sys/fs/pipe-user-pages-soft); where nothing is
 * left of that, the pipes of the others shrink.
 */
const PIPES_MAX = 64

/** A pipe(2), and how much it holds. */
interface Pipe {
  readonly readFd: number
  readonly writeFd: number
  heldBytes: number
}

/**
 * Takes pages of the page cache, and gives them to a socket behind a few bytes of its owner's: nothing is copied until the client at
 * the other end reads. What is written to those pages until then is in what the client gets, as in any read that has not ended; once
 * they are taken, nothing can fail any more but the client.
 */
export class PagePipe implements PageSink {
  readonly pipes: readonly Pipe[]
  readonly #splice: Splice
  readonly #head: Uint8Array
  readonly #lengthBytes: number
  #isFilled = false

  /** @param pipes empty ones, enough for the head and, behind it, so many bytes */
  constructor(splice: Splice, pipes: readonly Pipe[], head: Uint8Array, lengthBytes: number) {
    this.#splice = splice
    this.pipes = pipes
    this.#head = head
    this.#lengthBytes = lengthBytes
  }

  take(fd: number, offsetBytes: number, lengthBytes: number): boolean {
    const [first] = this.pipes
    if (lengthBytes !== this.#lengthBytes || first === undefined || first.heldBytes > 0) return false
    if (!this.#splice.isCached(fd, offsetBytes, lengthBytes)) return false
    first.heldBytes = Math.max(0, this.#splice.write(first.writeFd, this.#head))
    if (first.heldBytes < this.#head.length) return false
    let done = 0
    for (const pipe of this.pipes) done += this.#fill(pipe, fd, offsetBytes + done, lengthBytes - done)
    // Otherwise the file has become shorter, or its cache was taken away and the disk fails.
    this.#isFilled = done === lengthBytes
    return this.#isFilled
  }

  /** As far as the pipe and the file go. @returns bytes */
  #fill(pipe: Pipe, fd: number, offsetBytes: number, lengthBytes: number): number {
    let done = 0
    while (done < lengthBytes) {
      const count = this.#splice.fromFile(fd, offsetBytes + done, pipe.writeFd, lengthBytes - done)
      if (count <= 0) break
      done += count
    }
    pipe.heldBytes += done
    return done
  }

  /** It has taken what it was made for. */
  get isFilled(): boolean {
    return this.#isFilled
  }

  /** Gives a socket as much as it takes. @returns 0 when all is out, -EAGAIN when the socket is full, or another errno below 0 */
  moveTo(socketFd: number): number {
    for (const pipe of this.pipes) {
      while (pipe.heldBytes > 0) {
        const count = this.#splice.toSocket(pipe.readFd, socketFd, pipe.heldBytes)
        if (count <= 0) return count === 0 ? -ERRNO.EIO : count
        pipe.heldBytes -= count
      }
    }
    return 0
  }
}

/** Pipes for pages, used again and again. */
export class PagePipes {
  readonly #splice: Splice
  readonly #idle: Pipe[] = []
  #count = 0
  /** There cannot be more, as far as is known. */
  #most = PIPES_MAX

  constructor(splice: Splice) {
    this.#splice = splice
  }

  /** For so many bytes behind a head. @returns undefined when there can be none now */
  acquire(head: Uint8Array, lengthBytes: number): PagePipe | undefined {
    const {pageBytes} = this.#splice
    // The head has a page of its own, and a range that begins within a page ends within one more.
    const neededBytes = (Math.ceil(lengthBytes / pageBytes) + 2) * pageBytes
    const pipes: Pipe[] = []
    while (pipes.length * PIPE_BYTES < neededBytes) {
      const pipe = this.#idle.pop() ?? this.#open()
      if (pipe === undefined) {
        this.#idle.push(...pipes)
        return undefined
      }
      pipes.push(pipe)
    }
    return new PagePipe(this.#splice, pipes, head, lengthBytes)
  }

  #open(): Pipe | undefined {
    if (this.#count >= this.#most) return undefined
    const fds = this.#splice.pipe()
    if (typeof fds !== 'number') {
      const [readFd, writeFd] = fds
      const pipe = {readFd, writeFd, heldBytes: 0}
      this.#count++
      if (this.#splice.resize(writeFd, PIPE_BYTES) >= PIPE_BYTES) return pipe
      this.#close(pipe)
    }
    this.#most = this.#count
    return undefined
  }

  /** Takes pipes back. What is left in them is thrown away with them. */
  release({pipes}: PagePipe): void {
    for (const pipe of pipes) {
      if (pipe.heldBytes === 0) this.#idle.push(pipe)
      else this.#close(pipe)
    }
  }

  #close({readFd, writeFd}: Pipe): void {
    closeSync(readFd)
    closeSync(writeFd)
    this.#count--
  }

  /** Closes those that are not in use. */
  close(): void {
    for (const pipe of this.#idle.splice(0)) this.#close(pipe)
  }
}

/** @returns undefined where pages cannot be passed on (see loadSplice()) */
export async function openPagePipes(): Promise<PagePipes | undefined> {
  const loaded = await loadSplice()
  return loaded.ok ? new PagePipes(loaded.splice) : undefined
}
