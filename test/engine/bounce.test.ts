import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Bounce} from '../../src/engine/bounce.js'
import {STEP_READ, STEP_WRITE} from '../../src/request/index.js'
import {memoryOf} from './rig.js'

const IMAGE_BYTES = 64 << 10

interface Carried {
  readonly image: Uint8Array
  readonly data: Uint8Array
  /** "read 4096+4096" ... */
  readonly transfers: string[]
  /** The largest piece of memory that was asked for. */
  readonly memoryBytes: number
}

interface Job {
  readonly alignmentBytes: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly writes: boolean
  readonly zeroes?: boolean
  readonly imageBytes?: number
}

const MIB = 1 << 20
const PATTERN = new Uint8Array(4 * MIB + 8192)
new Prng(1).fill(PATTERN)

function imageOf(bytes: number): Uint8Array {
  return PATTERN.slice(0, bytes)
}

/** Runs a bounce on a byte array. Every transfer must be aligned and inside memory and image. */
function carry({alignmentBytes, offsetBytes, lengthBytes, writes, zeroes, imageBytes = IMAGE_BYTES}: Job): Carried {
  const image = imageOf(imageBytes)
  const data = new Uint8Array(lengthBytes)
  if (writes) new Prng(2).fill(data)
  const transfers: string[] = []
  const memoryBytes = Bounce.memoryBytes(alignmentBytes, offsetBytes, lengthBytes)
  const memory = memoryOf(memoryBytes, 0x99)
  const bounce = new Bounce(memory, alignmentBytes, offsetBytes, lengthBytes, writes, zeroes ? undefined : data)
  for (let step = bounce.next(); step; step = bounce.next()) {
    expect([step.offsetBytes, step.lengthBytes, step.memoryOffset].map((n) => n % alignmentBytes)).toEqual([0, 0, 0])
    const place = bounce.memory.bytes.subarray(step.memoryOffset, step.memoryOffset + step.lengthBytes)
    expect([place.length, step.offsetBytes + step.lengthBytes <= imageBytes]).toEqual([step.lengthBytes, true])
    if (step.op === STEP_READ) place.set(image.subarray(step.offsetBytes, step.offsetBytes + step.lengthBytes))
    else image.set(place, step.offsetBytes)
    expect([STEP_READ, STEP_WRITE]).toContain(step.op)
    transfers.push(`${step.op === STEP_READ ? 'read' : 'write'} ${step.offsetBytes}+${step.lengthBytes}`)
  }
  bounce.free()
  return {image, data, transfers, memoryBytes}
}

describe('bouncing a range that is finer than the alignment', () => {
  it('writes a part of one block by reading that block once and writing it whole', () => {
    const {transfers} = carry({alignmentBytes: 4096, offsetBytes: 512, lengthBytes: 512, writes: true})
    expect(transfers).toEqual(['read 0+4096', 'write 0+4096'])
  })

  it('reads only the blocks at the edges of a write, and only those it covers partly', () => {
    const job = {alignmentBytes: 4096, writes: true}
    expect(carry({...job, offsetBytes: 3584, lengthBytes: 12288}).transfers).toEqual([
      'read 0+4096',
      'read 12288+4096',
      'write 0+16384',
    ])
    expect(carry({...job, offsetBytes: 4096, lengthBytes: 4608}).transfers).toEqual([
      'read 8192+4096',
      'write 4096+8192',
    ])
    expect(carry({...job, offsetBytes: 512, lengthBytes: 7680}).transfers).toEqual(['read 0+4096', 'write 0+8192'])
  })

  it('reads a part of a block by one read of the whole', () => {
    const {transfers} = carry({alignmentBytes: 4096, offsetBytes: 4608, lengthBytes: 4096, writes: false})
    expect(transfers).toEqual(['read 4096+8192'])
  })

  const ranges = fc
    .record({
      alignmentBytes: fc.constantFrom(512, 1024, 2048, 4096),
      offsetBytes: fc.nat(IMAGE_BYTES - 1),
      lengthBytes: fc.integer({min: 1, max: 5 * 4096}),
    })
    .map((made) => ({...made, lengthBytes: Math.min(made.lengthBytes, IMAGE_BYTES - made.offsetBytes)}))

  it('changes exactly the bytes of the request, at any offset, length and alignment', () => {
    fc.assert(
      fc.property(ranges, fc.boolean(), (range, zeroes) => {
        const {image, data} = carry({...range, writes: true, zeroes})
        const reference = imageOf(IMAGE_BYTES)
        reference.set(zeroes ? new Uint8Array(data.length) : data, range.offsetBytes)
        expect(Buffer.compare(image, reference)).toBe(0)
      }),
      {seed: 20260302, numRuns: 500},
    )
  })

  it('reads exactly the bytes of the request, and changes nothing', () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const {image, data} = carry({...range, writes: false})
        const reference = imageOf(IMAGE_BYTES)
        expect(Buffer.compare(image, reference)).toBe(0)
        const end = range.offsetBytes + range.lengthBytes
        expect(Buffer.compare(data, reference.subarray(range.offsetBytes, end))).toBe(0)
      }),
      {seed: 20260303, numRuns: 300},
    )
  })

  for (const [offsetBytes, lengthBytes] of [
    [512, 3 * MIB], // ends inside a fourth piece
    [4096 - 512, MIB + 512], // the first piece ends exactly with a piece, then one block
    [MIB - 512, MIB + 1024],
    [512, MIB - 512], // exactly one piece
  ] as const) {
    it(`carries a long range of ${lengthBytes} bytes at ${offsetBytes} in pieces of at most 1 MiB`, () => {
      const job = {alignmentBytes: 4096, offsetBytes, lengthBytes, imageBytes: 4 * MIB + 8192}
      const reference = imageOf(job.imageBytes)
      const read = carry({...job, writes: false})
      expect(Buffer.compare(read.data, reference.subarray(offsetBytes, offsetBytes + lengthBytes))).toBe(0)
      const written = carry({...job, writes: true})
      reference.set(written.data, offsetBytes)
      expect(Buffer.compare(written.image, reference)).toBe(0)
      expect([read.memoryBytes, written.memoryBytes].every((bytes) => bytes <= MIB)).toBe(true)
    })
  }
})
