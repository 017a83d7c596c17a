import {describe, expect, it} from 'vitest'
import {ERRNO} from '../../src/base/index.js'
import {FLAG_FUA, FLAG_UNMAP, STEP_READ, STEP_WRITE} from '../../src/request/index.js'
import {memoryOf, Rig, type RigOptions} from './rig.js'

/** Offset and length of every step so far, in order. */
function ranges(rig: Rig): [number, number][] {
  return rig.backend.steps.map((step) => [step.offsetBytes, step.lengthBytes])
}

describe('a short transfer', () => {
  it('goes on where it stopped until everything is there', () => {
    const rig = new Rig()
    rig.backend.image.fill(5, 0, 2048).fill(6, 2048, 4096)
    const memory = memoryOf(4096)
    const read = rig.submit('IN', 0, 4096, {memory})
    rig.end(read, 512)
    rig.end(read, 1536)
    expect(rig.status(read)).toBeUndefined()
    rig.end(read)
    expect(ranges(rig)).toEqual([
      [0, 4096],
      [512, 3584],
      [2048, 2048],
    ])
    expect(rig.status(read)).toBe('OK')
    expect(Buffer.compare(memory.bytes, rig.backend.image.subarray(0, 4096))).toBe(0)
  })

  it('of a write goes on too, and stays a stable one', () => {
    const rig = new Rig({mode: 'none'})
    const memory = memoryOf(2048, 3)
    const write = rig.submit('OUT', 1024, 2048, {memory, flags: FLAG_FUA})
    rig.end(write, 1024)
    rig.end(write)
    expect(rig.transfersOf(write)).toEqual([`write dsync ${write}`, `write dsync ${write}`])
    expect([...new Set(rig.backend.image.subarray(1024, 3072))]).toEqual([3])
  })

  it('goes on from a multiple of the alignment, repeating what lies behind it', () => {
    const rig = new Rig({alignmentBytes: 4096})
    const write = rig.submit('OUT', 4096, 12288)
    rig.end(write, 6000)
    expect(ranges(rig)).toEqual([
      [4096, 12288],
      [8192, 8192],
    ])
    rig.settle()
    expect(rig.status(write)).toBe('OK')
  })

  it('that makes no progress is an IOERR, with EIO', () => {
    for (const result of [0, 511]) {
      const rig = new Rig()
      const ids = [rig.submit('IN', 0, 4096), rig.submit('OUT', 0, 4096)]
      for (const id of ids) {
        rig.end(id, 1024)
        rig.end(id, result)
        expect(rig.endings.get(id)).toEqual({status: 'IOERR', errno: ERRNO.EIO})
      }
    }
  })
})

describe('an error of the backend', () => {
  it('becomes IOERR with its errno', () => {
    const rig = new Rig()
    const ids = [rig.write(0), rig.read(0), rig.submit('WRITE_ZEROES', 0, 512), rig.submit('DISCARD', 0, 512)]
    for (const id of ids) rig.end(id, -ERRNO.ENOSPC)
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: ERRNO.ENOSPC})))
  })

  it('is tried again when it only says that the call was interrupted or came too early', () => {
    for (const errno of [ERRNO.EINTR, ERRNO.EAGAIN]) {
      const rig = new Rig()
      const write = rig.submit('OUT', 0, 2048)
      rig.end(write, 512)
      rig.end(write, -errno)
      expect(rig.status(write)).toBeUndefined()
      rig.end(write)
      expect(ranges(rig)).toEqual([
        [0, 2048],
        [512, 1536],
        [512, 1536],
      ])
      expect(rig.status(write)).toBe('OK')
    }
  })

  it('in the middle of a request is the end of that request and of no other', () => {
    const rig = new Rig({alignmentBytes: 4096})
    const [bounced, other] = [rig.submit('OUT', 512, 1024), rig.submit('OUT', 4096, 4096)]
    rig.end(bounced)
    rig.end(bounced, -ERRNO.EIO)
    expect([rig.status(bounced), rig.status(other)]).toEqual(['IOERR', undefined])
    rig.settle()
    expect(rig.status(other)).toBe('OK')
  })
})

describe('zeroes that cannot be made in place', () => {
  const unable: [string, RigOptions, number?][] = [
    ['because the backend says so', {canZero: false, canPunch: false}],
    ['because the file system refuses (EOPNOTSUPP)', {}, ERRNO.EOPNOTSUPP],
    ['because the blocks of the device are larger than the range (EINVAL)', {}, ERRNO.EINVAL],
  ]
  for (const [why, options, errno] of unable) {
    const refuse = (rig: Rig, id: number): void => {
      if (errno !== undefined) rig.end(id, -errno)
    }

    it(`are written, ${why}`, () => {
      for (const flags of [0, FLAG_UNMAP]) {
        const rig = new Rig({...options, image: new Uint8Array(16384).fill(9)})
        const id = rig.submit('WRITE_ZEROES', 512, 8192, {flags})
        refuse(rig, id)
        expect(rig.outstanding).toEqual([`write ${id}`])
        rig.settle()
        expect(rig.status(id)).toBe('OK')
        const {image} = rig.backend
        expect([...new Set(image.subarray(512, 8704))]).toEqual([0])
        expect([image[511], image[8704]]).toEqual([9, 9])
      }
    })

    it(`are written in pieces of 1 MiB when there are many, ${why}`, () => {
      const MIB = 1 << 20
      const rig = new Rig({...options, image: new Uint8Array(3 * MIB).fill(9)})
      const id = rig.submit('WRITE_ZEROES', 512, 2 * MIB + 1024)
      refuse(rig, id)
      rig.end(id, 4096) // short, in the first piece
      rig.settle()
      const writes = rig.backend.steps.filter((step) => step.op === STEP_WRITE)
      expect(writes.map((step) => [step.offsetBytes, step.lengthBytes])).toEqual([
        [512, MIB],
        [512 + 4096, MIB],
        [512 + 4096 + MIB, MIB - 3072],
      ])
      const {image} = rig.backend
      expect(image.subarray(512, 2 * MIB + 1536).every((byte) => byte === 0)).toBe(true)
      expect([image[511], image[2 * MIB + 1536]]).toEqual([9, 9])
    })

    it(`are synced when they were to be stable, ${why}`, () => {
      const rig = new Rig(options)
      const id = rig.submit('WRITE_ZEROES', 0, 4096, {flags: FLAG_FUA})
      refuse(rig, id)
      rig.end(id)
      expect([rig.status(id), rig.outstanding]).toEqual([undefined, ['sync']])
      rig.settle()
      expect(rig.status(id)).toBe('OK')
    })

    it(`keep their neighbours when they are finer than the alignment, ${why}`, () => {
      const rig = new Rig({...options, alignmentBytes: 4096, image: new Uint8Array(16384).fill(9)})
      const id = rig.submit('WRITE_ZEROES', 512, 4096)
      refuse(rig, id)
      rig.settle()
      const {image} = rig.backend
      expect([...new Set(image.subarray(512, 4608))]).toEqual([0])
      expect([image[511], image[4608]]).toEqual([9, 9])
      const edges = rig.backend.steps.filter((step) => step.op === STEP_READ)
      expect(edges.map((step) => step.offsetBytes)).toEqual([0, 4096])
    })

    it(`are not written for a DISCARD, which promises nothing, ${why}`, () => {
      const rig = new Rig({...options, image: new Uint8Array(16384).fill(9)})
      const id = rig.submit('DISCARD', 0, 8192)
      refuse(rig, id)
      expect([rig.status(id), rig.outstanding]).toEqual(['OK', []])
      expect([...new Set(rig.backend.image)]).toEqual([9])
    })
  }
})

describe('a backend that is full', () => {
  it('loses nothing: steps wait until it has room', () => {
    const rig = new Rig({capacity: 1, ordering: 'drain-flush'})
    const ids = [rig.write(0), rig.write(1), rig.flush(), rig.read(2), rig.flush()]
    expect(rig.outstanding).toEqual(['write 1'])
    rig.settle()
    expect(ids.map((id) => rig.status(id))).toEqual(ids.map(() => 'OK'))
    expect(rig.backend.steps).toHaveLength(5)
  })

  it('gets a step again only when it is asked again, and each step once', () => {
    const rig = new Rig({capacity: 0})
    const [write, flush] = [rig.write(0), rig.flush()]
    rig.tick()
    rig.tick()
    expect(rig.backend.steps).toEqual([])
    expect(rig.cancel(write)).toBe('not-canceled')
    rig.backend.capacity = 8
    rig.tick()
    expect(rig.outstanding).toEqual([`write ${write}`, 'sync'])
    rig.settle()
    expect([rig.status(write), rig.status(flush), rig.backend.steps.length]).toEqual(['OK', 'OK', 2])
  })
})

describe('requests finer than the alignment', () => {
  const options = {alignmentBytes: 4096, mode: 'none'} as const

  it('reach the image only in whole aligned blocks, and keep their neighbours', () => {
    const rig = new Rig({...options, image: new Uint8Array(16384).fill(9)})
    const write = rig.submit('OUT', 3584, 1024, {memory: memoryOf(1024, 4)})
    rig.settle()
    expect(rig.status(write)).toBe('OK')
    expect(
      ranges(rig)
        .flat()
        .every((bytes) => bytes % 4096 === 0),
    ).toBe(true)
    const {image} = rig.backend
    expect([image[3583], image[3584], image[4607], image[4608]]).toEqual([9, 4, 4, 9])
    const memory = memoryOf(1536)
    rig.submit('IN', 3072, 1536, {memory})
    rig.settle()
    expect([memory.bytes[0], memory.bytes[511], memory.bytes[512], memory.bytes[1535]]).toEqual([9, 9, 4, 4])
    expect(
      ranges(rig)
        .flat()
        .every((bytes) => bytes % 4096 === 0),
    ).toBe(true)
  })

  it('wait for every write that touches their blocks, so that both survive whichever ends first', () => {
    const rig = new Rig(options)
    const first = rig.submit('OUT', 0, 512, {memory: memoryOf(512, 1)})
    const second = rig.submit('OUT', 512, 512, {memory: memoryOf(512, 2)})
    const whole = rig.submit('OUT', 0, 4096, {memory: memoryOf(4096, 3)})
    const elsewhere = rig.submit('OUT', 4096, 512, {memory: memoryOf(512, 4)})
    expect(rig.outstanding).toEqual([`read ${first}`, `read ${elsewhere}`])
    rig.settle()
    expect([first, second, whole, elsewhere].map((id) => rig.status(id))).toEqual(['OK', 'OK', 'OK', 'OK'])
    const {image} = rig.backend
    // The later ones have no order among them, but each block is what one of the orders leaves.
    expect([`${image[0]}${image[512]}`, image[4096]]).toEqual([expect.stringMatching(/^(33|12|32|13)$/), 4])
  })

  it('keep two halves of one block apart', () => {
    const rig = new Rig(options)
    rig.submit('OUT', 0, 512, {memory: memoryOf(512, 1)})
    rig.submit('OUT', 512, 512, {memory: memoryOf(512, 2)})
    rig.settle()
    expect([rig.backend.image[0], rig.backend.image[511], rig.backend.image[512]]).toEqual([1, 1, 2])
  })

  it('write the stable way only what they write, not what they read first', () => {
    const rig = new Rig(options)
    const write = rig.submit('OUT', 512, 512, {flags: FLAG_FUA})
    rig.settle()
    expect(rig.transfersOf(write)).toEqual([`read ${write}`, `write dsync ${write}`])
  })

  it('try again what was interrupted, and still know their neighbours', () => {
    const rig = new Rig({...options, image: new Uint8Array(16384).fill(9)})
    const write = rig.submit('OUT', 512, 512)
    rig.end(write, -ERRNO.EINTR)
    rig.end(write, 0)
    expect(rig.endings.get(write)).toEqual({status: 'IOERR', errno: ERRNO.EIO})
    const again = rig.submit('OUT', 512, 512)
    rig.end(again, -ERRNO.EINTR)
    rig.settle()
    expect([rig.status(again), rig.backend.image[0], rig.backend.image[512]]).toEqual(['OK', 9, 0])
  })

  it('are zeroed in place without bouncing where the backend can', () => {
    const rig = new Rig(options)
    const id = rig.submit('WRITE_ZEROES', 512, 512)
    expect(rig.outstanding).toEqual([`zero ${id}`])
    rig.settle()
  })
})

describe('when there is no memory for a request of its own', () => {
  it.each([
    ['a read-modify-write', {alignmentBytes: 4096}, 'OUT', 512],
    ['zeroes to be written', {canZero: false}, 'WRITE_ZEROES', 4096],
  ] as const)('%s ends as IOERR (ENOMEM), and the next request runs', (_what, options, kind, lengthBytes) => {
    const rig = new Rig(options)
    rig.backend.memoryLeft = rig.backend.memories
    const refused = rig.submit(kind, 512, lengthBytes)
    expect(rig.status(refused)).toBe('IOERR')
    expect(rig.endings.get(refused)?.errno).toBe(ERRNO.ENOMEM)
    const next = rig.submit('OUT', 4096, 4096)
    rig.settle()
    expect(rig.status(next)).toBe('OK')
  })
})
