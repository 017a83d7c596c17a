import {invariant, Prng} from '../base/index.js'
import type {Pattern} from './pattern.js'

/**
 * Fills every byte of the target with the pattern, repeated when it is shorter and cut when it is longer. The same pattern
 * gives the same bytes on every machine.
 *
 * @param fileBytes for a `file` pattern: what the file holds from the pattern's offset on, loaded by the caller; not empty
 */
export function fillPattern(pattern: Pattern, target: Uint8Array, fileBytes?: Uint8Array): void {
  switch (pattern.kind) {
    case 'byte':
      target.fill(pattern.value)
      return
    case 'hex':
      repeat(pattern.bytes, target)
      return
    case 'text':
      repeat(new TextEncoder().encode(pattern.text), target)
      return
    case 'seed':
      new Prng(pattern.seed).fill(target)
      return
    case 'file':
      invariant(fileBytes !== undefined, `pattern file:${pattern.path} was not loaded`)
      repeat(fileBytes, target)
  }
}

function repeat(bytes: Uint8Array, target: Uint8Array): void {
  invariant(bytes.length > 0, 'a pattern has no bytes')
  target.set(bytes.subarray(0, target.length))
  // Each copy doubles what is filled. The filled part is always a whole number of repetitions, so the phase holds.
  for (let filled = bytes.length; filled < target.length; filled *= 2) target.copyWithin(filled, 0, filled)
}

/**
 * The index of the first byte that differs, or -1 when both are equal. When one is the start of the other, they differ
 * where the shorter ends.
 */
export function firstDifference(expected: Uint8Array, found: Uint8Array): number {
  if (Buffer.compare(expected, found) === 0) return -1
  const shorter = Math.min(expected.length, found.length)
  for (let i = 0; i < shorter; i++) {
    if (expected[i] !== found[i]) return i
  }
  return shorter
}
