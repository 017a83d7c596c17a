import {writeSync} from 'node:fs'

import {errnoOf} from '../../base/index.js'
import type {MappedMemory, ReadNow} from '../../native/index.js'
import {STEP_READ, STEP_WRITE, type StepOp} from '../../request/index.js'
import type {Memory} from '../backend.js'

/** Longer transfers are the kernel's: they would keep this thread from everybody else. */
const AT_ONCE_BYTES = 128 * 1024

/**
 * Small transfers through the page cache, done by this thread instead of being handed over. A buffered write of a ring goes to a worker
 * of the kernel on ext4, which costs many times the write; a read whose data are in the cache costs a system call less in a
 * server that has only one request. A read that would have to wait is not done here. A write may wait where the host slows down
 * writers because too much is dirty: it would be slowed down in a worker as well.
 */
export class InPassing {
  readonly #fd: number
  readonly #readNow: ReadNow | undefined
  readonly #tokens: number[] = []
  readonly #results: number[] = []

  /** @param readNow reads what is in the page cache; undefined where the system cannot tell */
  constructor(fd: number, readNow: ReadNow | undefined) {
    this.#fd = fd
    this.#readNow = readNow
  }

  /** Steps done and not taken. */
  get count(): number {
    return this.#tokens.length
  }

  /** Does a step if it is one of those. @returns false when it has to take the other way */
  does(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
  ): boolean {
    if (memory === undefined || lengthBytes > AT_ONCE_BYTES) return false
    let result: number
    if (op === STEP_WRITE && !dsync) {
      result = this.#write(memory, memoryOffset, offsetBytes, lengthBytes)
    } else if (op === STEP_READ && this.#readNow !== undefined) {
      result = this.#readNow(this.#fd, memory as MappedMemory, memoryOffset, lengthBytes, offsetBytes)
      // Not there, or only its beginning: the ring waits for it.
      if (result < lengthBytes) return false
    } else return false
    this.#tokens.push(token)
    this.#results.push(result)
    return true
  }

  /** Hands out what has been done. @returns how many */
  take(tokens: Int32Array, results: Int32Array): number {
    const count = this.#tokens.length
    for (let i = 0; i < count; i++) {
      tokens[i] = this.#tokens[i] as number
      results[i] = this.#results[i] as number
    }
    this.#tokens.length = 0
    this.#results.length = 0
    return count
  }

  #write(memory: Memory, memoryOffset: number, offsetBytes: number, lengthBytes: number): number {
    try {
      return writeSync(this.#fd, memory.bytes, memoryOffset, lengthBytes, offsetBytes)
    } catch (error) {
      return -errnoOf(error)
    }
  }
}
