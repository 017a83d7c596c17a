import {readSync, writeSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'
import {alignedBytes} from '../../src/aio/aligned.js'
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
