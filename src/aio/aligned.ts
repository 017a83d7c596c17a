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
