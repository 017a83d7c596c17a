import fc from 'fast-check'
import {closeSync, openSync, readFileSync, statSync, truncateSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ERRNO, type Range} from '../../src/base/index.js'
import {copyRanges, dataParts} from '../../src/image/sparse-copy.js'
import {loadLibc, type Libc} from '../../src/native/index.js'
import {capability, itNeeds} from '../peers.js'
import {refusalOf, Scene} from './scene.js'

const SEED = 31_415
const KIB = 1024
const native = await loadLibc()
const libc = native.ok ? native.libc : undefined
const seeking = capability(native.ok, native.ok ? '' : native.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function copy(source: string, ranges: readonly Range[], by: Libc | undefined): Promise<string> {
  const {size} = statSync(source)
  const target = scene.file('copy', size)
  const from = openSync(source, 'r')
  const to = openSync(target, 'r+')
  try {
    await copyRanges({path: source, fd: from, sizeBytes: size}, to, ranges, by)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  return target
}

function write(path: string, offsetBytes: number, data: Buffer): void {
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, data, 0, data.length, offsetBytes)
  } finally {
    closeSync(fd)
  }
}

describe('copying ranges', () => {
  it('copies whole 4 KiB blocks of what is touched, and nothing else', async () => {
    const source = scene.file('source', 64 * KIB, 7)
    const copied = readFileSync(await copy(source, [{offsetBytes: 5000, lengthBytes: 10}], undefined))
    const expected = Buffer.alloc(64 * KIB)
    expected.fill(7, 4096, 8192)
    expect(copied.equals(expected)).toBe(true)
  })

  it('ends with the source, in the middle of a block if need be', async () => {
    const source = scene.file('source', 5000, 7)
    const copied = readFileSync(await copy(source, [{offsetBytes: 0, lengthBytes: 2 ** 30}], undefined))
    expect(copied.equals(Buffer.alloc(5000, 7))).toBe(true)
  })

  for (const [how, by, needs] of [
    ['by asking the file system', libc, [seeking]],
    ['by leaving out zeroes', undefined, []],
  ] as const) {
    itNeeds(needs, `holes stay holes, ${how}`, async () => {
      const source = scene.file('source', 16 * KIB * KIB)
      write(source, 4 * KIB * KIB, Buffer.alloc(64 * KIB, 9))
      const target = await copy(source, [{offsetBytes: 0, lengthBytes: 16 * KIB * KIB}], by)
      expect(readFileSync(target).equals(readFileSync(source))).toBe(true)
      expect(statSync(target).blocks * 512).toBeLessThan(1024 * KIB)
    })

    itNeeds(needs, `inside the ranges the copy equals the source, ${how} (seed ${SEED})`, async () => {
      const size = 256 * KIB
      const range = fc.record({offsetBytes: fc.nat(size - 1), lengthBytes: fc.nat(64 * KIB)})
      const data = fc.array(fc.tuple(fc.nat(size - 2000), fc.uint8Array({minLength: 1, maxLength: 2000})), {
        maxLength: 6,
      })
      await fc.assert(
        fc.asyncProperty(data, fc.array(range, {maxLength: 5}), async (writes, ranges) => {
          const source = scene.file('source', size)
          for (const [offsetBytes, bytes] of writes) write(source, offsetBytes, Buffer.from(bytes))
          const original = readFileSync(source)
          const copied = readFileSync(await copy(source, ranges, by))
          for (const {offsetBytes, lengthBytes} of ranges) {
            const end = Math.min(offsetBytes + lengthBytes, size)
            expect(copied.subarray(offsetBytes, end).equals(original.subarray(offsetBytes, end))).toBe(true)
          }
        }),
        {seed: SEED, numRuns: 40},
      )
    })
  }

  it('a source that was cut meanwhile is an I/O error, not a copy full of zeroes', async () => {
    const source = scene.file('source', 64 * KIB, 7)
    const from = openSync(source, 'r')
    const to = openSync(scene.file('copy', 64 * KIB), 'r+')
    try {
      truncateSync(source, 8 * KIB)
      const copying = copyRanges(
        {path: source, fd: from, sizeBytes: 64 * KIB},
        to,
        [{offsetBytes: 0, lengthBytes: 64 * KIB}],
        undefined,
      )
      const refusal = await refusalOf(copying)
      expect(refusal).toMatchObject({kind: 'io', code: 'E_SHORT_IMAGE', context: {offsetBytes: 8 * KIB}})
    } finally {
      closeSync(from)
      closeSync(to)
    }
  })
})

describe('asking for data', () => {
  it('a file system that does not tell is not taken for a file of holes', () => {
    expect(dataParts({seek: () => -ERRNO.EINVAL}, -1, 0, 4096)).toBeUndefined()
  })

  it('ENXIO means that there is no data any more', () => {
    expect(dataParts({seek: () => -ERRNO.ENXIO}, -1, 0, 4096)).toEqual([])
  })

  it('data that begins behind the range is not in it', () => {
    expect(dataParts({seek: (_fd, _at, to) => (to === 'data' ? 8192 : 12288)}, -1, 0, 4096)).toEqual([])
  })
})
