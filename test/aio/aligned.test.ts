import {readSync, writeSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'
import {AlignedMemory, alignedBytes} from '../../src/aio/aligned.js'
import {capability, itNeeds} from '../peers.js'
import {directRefusal, realImage, type RealImage} from './real-image.js'

const refusal = directRefusal()
const direct = capability(refusal === '', refusal)
const koffi = await import('koffi').then(
  (module) => module.default,
  () => undefined,
)
const addresses = capability(koffi !== undefined, 'the optional package koffi is not installed')

describe('aligned memory', () => {
  let image: RealImage | undefined
  afterEach(() => {
    image?.remove()
    image = undefined
  })

  it('has the length that was asked for, and is zeroed', () => {
    for (const bytes of [0, 1, 512, 65536, 65537, 1 << 20]) {
      const memory = alignedBytes(bytes)
      expect([memory.length, memory.every((byte) => byte === 0)]).toEqual([bytes, true])
    }
  })

  itNeeds([addresses], 'begins on a page boundary, every time', () => {
    for (let i = 0; i < 50; i++) {
      const address = koffi?.address(alignedBytes(512 * (i + 1))) ?? 1n
      expect(address % 4096n).toBe(0n)
    }
  })

  itNeeds([direct], 'B18: is taken by O_DIRECT across page boundaries, where a shifted buffer may be refused', () => {
    image = realImage(1 << 20, {mode: 'none'})
    const memory = alignedBytes(64 << 10)
    for (let i = 0; i < 20; i++) {
      memory.fill(i + 1)
      expect(writeSync(image.fd, memory, 0, memory.length, i * 4096)).toBe(memory.length)
      memory.fill(0)
      expect(readSync(image.fd, memory, 0, memory.length, i * 4096)).toBe(memory.length)
      expect([memory[0], memory.at(-1)]).toEqual([i + 1, i + 1])
    }
  })
})

describe('aligned memory in pieces', () => {
  it('can be had in as many as a server of many clients needs, of which none touches another', () => {
    const memory = new AlignedMemory()
    // So many WebAssembly memories there cannot be.
    const pieces = Array.from({length: 20_000}, () => memory.create(5000).bytes)
    const ends = new Map<ArrayBufferLike, number>()
    for (const piece of pieces) {
      expect(piece.length).toBe(5000)
      expect(piece.byteOffset % 4096).toBe(0)
      expect(piece.byteOffset).toBeGreaterThanOrEqual(ends.get(piece.buffer) ?? 0)
      ends.set(piece.buffer, piece.byteOffset + piece.length)
    }
  })

  it('is zeroed, also where it was used and is free again', () => {
    const memory = new AlignedMemory()
    const lengths = [0, 1, 4096, 65537, 2 ** 20, 2 ** 22, 2 ** 23]
    for (let round = 0; round < 2; round++) {
      const pieces = lengths.map((bytes) => memory.create(bytes))
      expect(pieces.map(({bytes}) => bytes.length)).toEqual(lengths)
      expect(pieces.every(({bytes}) => bytes.every((byte) => byte === 0))).toBe(true)
      for (const {bytes} of pieces) bytes.fill(0xff)
      for (const piece of pieces) piece.free()
    }
    const before = memory.create(512)
    const kept = memory.create(512)
    before.free()
    before.free()
    // One of two is not all, however often it is freed.
    expect(memory.create(512).bytes.byteOffset).toBeGreaterThan(kept.bytes.byteOffset)
  })

  it('that cannot be had is an error of the environment', () => {
    expect(() => new AlignedMemory().create(2 ** 40)).toThrow(
      expect.objectContaining({kind: 'environment', code: 'E_MEMORY'}) as Error,
    )
  })
})
