import {ToolError} from '../base/index.js'
import type {Memory} from './backend.js'

/** Freed memory kept for the next request, at most. */
const KEPT_BYTES = 64 << 20

/**
 * Memory for requests of all sizes, reused by power-of-two size class so that a long batch does not map and unmap for every
 * request. At most KEPT_BYTES lie idle.
 */
export class MemoryPool {
  readonly #create: (bytes: number) => Memory
  readonly #idle = new Map<number, Memory[]>()
  #idleBytes = 0

  constructor(create: (bytes: number) => Memory) {
    this.#create = create
  }

  /** Memory of at least this many bytes; what it holds is left over from its last use. */
  acquire(bytes: number): Memory {
    const size = sizeClass(bytes)
    const memory = this.#idle.get(size)?.pop()
    if (!memory) return this.#create(size)
    this.#idleBytes -= size
    return memory
  }

  /** Takes memory back. Nothing may be in flight on it. */
  release(memory: Memory): void {
    const size = memory.bytes.length
    if (this.#idleBytes + size > KEPT_BYTES) {
      memory.free()
      return
    }
    this.#idleBytes += size
    const idle = this.#idle.get(size)
    if (idle) idle.push(memory)
    else this.#idle.set(size, [memory])
  }

  /** Gives everything idle back. */
  close(): void {
    for (const memories of this.#idle.values()) for (const memory of memories) memory.free()
    this.#idle.clear()
    this.#idleBytes = 0
  }
}

/** Memory for one request; undefined when there is none, which fails the request and not the process. */
export function memoryIfAny(make: () => Memory): Memory | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof ToolError && error.kind === 'environment') return undefined
    throw error
  }
}

/** What is too large to be kept needs no class to be found again by, and no room to spare. */
function sizeClass(bytes: number): number {
  if (bytes > KEPT_BYTES) return Math.ceil(bytes / 4096) * 4096
  return bytes <= 4096 ? 4096 : 1 << (32 - Math.clz32(bytes - 1))
}
