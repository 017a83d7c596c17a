import {expect} from 'vitest'
import type {Prng} from '../../src/base/index.js'
import {contentsOf, READ_BYTES_MAX, type Contents} from '../../src/disk-layout/index.js'
import {counted} from '../disk-layout/counted-reader.js'

/** What a look at any image may cost. */
const READS_MAX = 20_000
const BYTES_MAX = (64 << 20) + READ_BYTES_MAX

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff]

/** An image to damage: its bytes as far as they are not zero, and where those are. */
export interface Original {
  readonly bytes: Uint8Array
  readonly sizeBytes: number
  readonly places: readonly number[]
}

export function original(bytes: Uint8Array): Original {
  const places: number[] = []
  bytes.forEach((byte, at) => {
    if (byte !== 0) places.push(at)
  })
  return {bytes: bytes.subarray(0, (places.at(-1) ?? 0) + 4096), sizeBytes: bytes.length, places}
}

/** Changes some bytes, most of them where something is; sometimes cuts the image or pretends that it is longer. */
export function mutant({bytes, sizeBytes, places}: Original, random: Prng): {bytes: Uint8Array; sizeBytes: number} {
  const copy = bytes.slice()
  for (let i = random.below(12); i >= 0; i--) {
    const near = random.chance(0.9) ? random.pick(places) : random.below(copy.length)
    const width = random.pick([1, 1, 2, 4, 8])
    const value = random.chance(0.5) ? random.pick(EXTREMES) : undefined
    for (let k = 0; k < width && near + k < copy.length; k++) copy[near + k] = value ?? random.below(256)
  }
  if (random.chance(0.2)) copy.copyWithin(random.below(copy.length), random.below(copy.length), copy.length)
  const length = random.chance(0.3) ? random.below(copy.length) : copy.length
  if (length < copy.length) return {bytes: copy.subarray(0, length), sizeBytes: length}
  return {bytes: copy, sizeBytes: random.chance(0.2) ? sizeBytes + random.below(2 ** 32) * 4096 : sizeBytes}
}

/** Looks at an image as a command does, and holds it to its bounds. */
export function look(image: {bytes: Uint8Array; sizeBytes: number}): Contents {
  const reader = counted(image.bytes, image.sizeBytes) // throws when it is read outside
  const contents = contentsOf(reader)
  expect(reader.largestBytes).toBeLessThanOrEqual(READ_BYTES_MAX)
  expect(reader.reads).toBeLessThanOrEqual(READS_MAX)
  expect(reader.bytesRead).toBeLessThanOrEqual(BYTES_MAX)
  return contents
}
