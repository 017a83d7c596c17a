/** Bytes that can be read at any place: a file, a block device, a buffer. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string
  readonly sizeBytes: number
  /** The bytes of a range; fewer where the source ends before it does. The caller may keep them. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array, name = 'trace'): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: (offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes),
  }
}

const WINDOW_BYTES = 2 ** 18

/** Walks over a source from a place on. Small pieces come out of a window, so that not each of them is a call to the system. */
export class Scanner {
  readonly #source: ByteSource
  #window: Uint8Array = new Uint8Array()
  #windowStart: number
  #position: number

  constructor(source: ByteSource, offsetBytes = 0) {
    this.#source = source
    this.#position = offsetBytes
    this.#windowStart = offsetBytes
  }

  /** Where the next byte comes from. */
  get position(): number {
    return this.#position
  }

  /** Bytes between here and the end of the source. */
  get left(): number {
    return Math.max(0, this.#source.sizeBytes - this.#position)
  }

  /** The next bytes; fewer where the source ends. */
  take(lengthBytes: number): Uint8Array {
    const bytes = this.peek(lengthBytes)
    this.#position += bytes.length
    return bytes
  }

  /** The same without moving on. */
  peek(lengthBytes: number): Uint8Array {
    const from = this.#position - this.#windowStart
    if (from + lengthBytes <= this.#window.length) return this.#window.subarray(from, from + lengthBytes)
    const wanted = Math.min(Math.max(lengthBytes, WINDOW_BYTES), this.left)
    this.#window = this.#source.read(this.#position, wanted)
    this.#windowStart = this.#position
    return this.#window.subarray(0, lengthBytes)
  }
}
