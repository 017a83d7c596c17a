import {describe, expect, it} from 'vitest'
import {directAlignment, probeAlignment} from '../../src/image/alignment.js'
import type {Libc, LibcAnswer} from '../../src/native/index.js'

const MEMORY = new Uint8Array(65536)

/** A file system with a rule for O_DIRECT: offset and length in units, and a buffer that may cross pages only when aligned. */
function ruled(unitBytes: number): {reads: string[]; read: (buffer: Uint8Array, offsetBytes: number) => boolean} {
  const reads: string[] = []
  const read = (buffer: Uint8Array, offsetBytes: number): boolean => {
    reads.push(`${buffer.length}@${offsetBytes} from ${buffer.byteOffset}`)
    const address = buffer.byteOffset
    const crossesPage = Math.floor(address / 4096) !== Math.floor((address + buffer.length - 1) / 4096)
    const transferFits = offsetBytes % unitBytes === 0 && buffer.length % unitBytes === 0
    return transferFits && (!crossesPage || address % unitBytes === 0)
  }
  return {reads, read}
}

function kernelSaying(told: ReturnType<Libc['statxDioAlign']>): LibcAnswer {
  const unused = (): never => {
    throw new Error('not expected here')
  }
  return {
    ok: true,
    libc: {
      statxDioAlign: () => told,
      ofdLock: unused,
      ofdTest: unused,
      fiemap: unused,
      seek: unused,
      copyFileRange: unused,
      clone: unused,
      allocate: unused,
      dropCache: unused,
      startWriteback: unused,
    },
  }
}

describe('probing for an alignment', () => {
  it.each([512, 1024, 2048, 4096])('finds a unit of %i bytes', (unitBytes) => {
    expect(probeAlignment(2 ** 20, MEMORY, ruled(unitBytes).read)).toBe(unitBytes)
  })

  it('every probe crosses a page of memory, where a misaligned buffer cannot pass unnoticed', () => {
    const {reads, read} = ruled(8192)
    expect(probeAlignment(2 ** 20, MEMORY, read)).toBeUndefined()
    expect(reads).toEqual(['1024@512 from 3584', '2048@1024 from 3072', '4096@2048 from 2048', '8192@4096 from 0'])
  })

  it('an image no larger than the unit is probed from its start, since a read behind the end proves nothing', () => {
    const {reads, read} = ruled(512)
    expect(probeAlignment(512, MEMORY, read)).toBe(512)
    expect(reads).toEqual(['1024@0 from 3584'])
  })
})

describe('the alignment of O_DIRECT', () => {
  it('is what statx says, before anything else', () => {
    const native = kernelSaying({memoryBytes: 4, offsetBytes: 4096})
    expect(directAlignment(native, -1, 2 ** 20, 512)).toMatchObject({alignmentBytes: 4096, memoryAlignmentBytes: 4})
  })

  it('is at least a sector', () => {
    const native = kernelSaying({memoryBytes: 1, offsetBytes: 1})
    expect(directAlignment(native, -1, 2 ** 20, undefined)).toMatchObject({alignmentBytes: 512})
  })

  it('does not exist where statx says that direct I/O is unsupported', () => {
    expect(directAlignment(kernelSaying('unsupported'), -1, 2 ** 20, undefined)).toBe('unsupported')
  })

  it.each([
    ['the kernel does not tell', kernelSaying(undefined)],
    ['there are no native calls', {ok: false, reason: 'none'} as const],
  ])('is the logical block of a device when %s', (_when, native) => {
    expect(directAlignment(native, -1, 2 ** 20, 4096)).toEqual({
      alignmentBytes: 4096,
      memoryAlignmentBytes: 4096,
      source: 'logical block size of the device',
    })
  })

  it('an error that does not speak of alignment does not enlarge the unit', () => {
    // Reading from a descriptor that is not open is EBADF, never EINVAL.
    expect(directAlignment({ok: false, reason: 'none'}, 2 ** 30, 2 ** 20, undefined)).toMatchObject({
      alignmentBytes: 512,
      source: 'probed by reading',
    })
  })
})
