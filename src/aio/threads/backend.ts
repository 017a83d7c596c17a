import {performance} from 'node:perf_hooks'
import fs from 'node:fs'

import {ERRNO, errnoOf, invariant} from '../../base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../request/index.js'
import {AlignedMemory} from '../aligned.js'
import type {Backend, Memory} from '../backend.js'

/** The most Linux transfers in one call (read(2)); node:fs refuses a little more. The engine goes on with the rest. */
const TRANSFER_MAX_BYTES = 0x7ffff000

/**
 * Steps as plain node:fs calls on the libuv pool: works without native calls and on every system Node runs on. A stable write
 * goes through a second descriptor of the same file opened with O_DSYNC, since node:fs has no per-call flag.
 */
export class ThreadsBackend implements Backend {
  readonly name = 'threads'
  readonly canDsync = true
  readonly canZero = false // node:fs has no fallocate
  readonly canPunch = false
  readonly ordersTags = false
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array

  readonly #memory = new AlignedMemory()
  readonly #fd: number
  readonly #dsyncFd: () => number
  #inFlight = 0
  /** Finished and not reaped yet: token and result in turn. */
  readonly #finished: number[] = []
  #wake: (() => void) | undefined

  /** @param dsyncFd gives the O_DSYNC descriptor, opened on first use and owned by the image */
  constructor(fd: number, dsyncFd: () => number, tokens: number) {
    this.#fd = fd
    this.#dsyncFd = dsyncFd
    this.tokens = tokens
    this.doneTokens = new Int32Array(tokens)
    this.doneResults = new Int32Array(tokens)
  }

  createMemory(bytes: number): Memory {
    return this.#memory.create(bytes)
  }

  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
  ): boolean {
    if (this.#inFlight + this.#finished.length / 2 >= this.tokens) return false
    this.#inFlight++
    const done = (error: NodeJS.ErrnoException | null, transferred?: number): void => {
      this.#inFlight--
      this.#finished.push(token, error ? -errnoOf(error) : (transferred ?? 0))
      const wake = this.#wake
      this.#wake = undefined
      wake?.()
    }
    const transferBytes = Math.min(lengthBytes, TRANSFER_MAX_BYTES)
    switch (op) {
      case STEP_READ:
        fs.read(this.#fd, (memory as Memory).bytes, memoryOffset, transferBytes, offsetBytes, done)
        break
      case STEP_WRITE:
        this.#write((memory as Memory).bytes, memoryOffset, transferBytes, offsetBytes, dsync, done)
        break
      case STEP_SYNC:
        fs.fdatasync(this.#fd, done)
        break
      case STEP_SYNC_ALL:
        fs.fsync(this.#fd, done)
        break
      case STEP_ZERO:
      case STEP_PUNCH:
        setImmediate(done, Object.assign(new Error('no fallocate'), {errno: ERRNO.EOPNOTSUPP}))
        break
      case STEP_NONE:
        invariant(false, 'a step without I/O reached the thread pool')
    }
    return true
  }

  #write(
    bytes: Uint8Array,
    memoryOffset: number,
    lengthBytes: number,
    offsetBytes: number,
    dsync: boolean,
    done: (error: NodeJS.ErrnoException | null, transferred?: number) => void,
  ): void {
    let fd = this.#fd
    try {
      if (dsync) fd = this.#dsyncFd()
    } catch (error) {
      setImmediate(done, error as NodeJS.ErrnoException)
      return
    }
    fs.write(fd, bytes, memoryOffset, lengthBytes, offsetBytes, done)
  }

  submit(wait: boolean): Promise<void> | undefined {
    if (!wait || this.#finished.length > 0 || this.#inFlight === 0) return undefined
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  reap(): number {
    const count = this.#finished.length / 2
    for (let i = 0; i < count; i++) {
      this.doneTokens[i] = this.#finished[2 * i] as number
      this.doneResults[i] = this.#finished[2 * i + 1] as number
    }
    this.#finished.length = 0
    return count
  }

  nowNs(): number {
    return performance.now() * 1e6
  }

  async close(): Promise<void> {
    invariant(this.#inFlight === 0, 'the thread pool is closed with steps in flight')
  }
}
