import {ToolError} from '../base/index.js'
import type {Memory} from './backend.js'

/** The part of WebAssembly used here; the library typings of Node do not declare it. */
declare const WebAssembly: {
  readonly Memory: new (limits: {initial: number; maximum: number}) => {readonly buffer: ArrayBuffer}
}

const WASM_PAGE_BYTES = 65536

/**
 * Zeroed memory that starts on a page boundary, without native calls. O_DIRECT needs that; a Buffer only has it by luck.
 * WebAssembly memory is mapped page by page, and never moves as long as nobody grows it.
 */
export function alignedBytes(bytes: number): Uint8Array {
  const pages = Math.max(1, Math.ceil(bytes / WASM_PAGE_BYTES))
  return new Uint8Array(new WebAssembly.Memory({initial: pages, maximum: pages}).buffer, 0, bytes)
}

const PAGE_BYTES = 4096

/** A process has 128 TiB of addresses, and V8 sets 10 GiB of them aside for each WebAssembly memory: what is small shares one. */
const SLAB_BYTES = 4 << 20

/** A WebAssembly memory that is given out in pieces. */
interface Slab {
  readonly bytes: Uint8Array
  usedBytes: number
  /** How many of its pieces are not free. */
  pieces: number
  isClean: boolean
}

/** Aligned memory in any number of pieces. Where all pieces of the latest slab are free, it is used again. */
export class AlignedMemory {
  #slab: Slab | undefined

  /** @returns zeroed memory @throws ToolError of kind environment when there is none */
  create(bytes: number): Memory {
    const neededBytes = Math.max(1, Math.ceil(bytes / PAGE_BYTES)) * PAGE_BYTES
    if (neededBytes > SLAB_BYTES / 2) return {bytes: allocated(bytes), free() {}}
    if (this.#slab === undefined || this.#slab.usedBytes + neededBytes > SLAB_BYTES) {
      this.#slab = {bytes: allocated(SLAB_BYTES), usedBytes: 0, pieces: 0, isClean: true}
    }
    const slab = this.#slab
    const piece = slab.bytes.subarray(slab.usedBytes, slab.usedBytes + bytes)
    slab.usedBytes += neededBytes
    slab.pieces++
    if (!slab.isClean) piece.fill(0)
    let isFree = false
    const free = (): void => {
      if (!isFree) giveBack(slab)
      isFree = true
    }
    return {bytes: piece, free}
  }
}

function giveBack(slab: Slab): void {
  slab.pieces--
  if (slab.pieces > 0) return
  slab.usedBytes = 0
  slab.isClean = false
}

function allocated(bytes: number): Uint8Array {
  try {
    return alignedBytes(bytes)
  } catch (error) {
    throw new ToolError('environment', 'E_MEMORY', `no memory for a buffer of ${bytes} bytes`, {cause: error})
  }
}
