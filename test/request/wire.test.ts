import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {
  decodeRequest,
  HEADER_BYTES,
  idAnswer,
  SEGMENT_BYTES,
  SEGMENT_UNMAP,
  STATUS_OK,
  statusName,
  validateWire,
  type DeviceFacts,
  type WireEndian,
} from '../../src/request/index.js'
import {chain, changed, decode, header, imageOf, join, PLAIN, READ_ONLY, segment, serve, status} from './guest.js'

const SEED = 20260205
const HEADER_A1 = '01000000 00000000 0100000000000000'
const SECTOR_OF_AA = new Uint8Array(512).fill(0xaa)

describe('OUT and IN', () => {
  it('A1: an OUT of sector 1 changes bytes 512 to 1023 of the image, and no others', () => {
    const {image, device} = imageOf(4)
    const before = image.slice()
    expect(serve(image, device, decode(chain(HEADER_A1, SECTOR_OF_AA))).status).toBe('OK')
    expect(changed(before, image)).toEqual([512, 1024])
    expect(image.subarray(512, 1024)).toEqual(SECTOR_OF_AA)
  })

  it('A2: an IN of the last sector is OK, and the writable bytes but one are its length', () => {
    const request = decode(chain('00000000 00000000 ff7f000000000000'), 512 + 1)
    expect(request).toMatchObject({sector: 0x7fffn, offsetBytes: 0x7fff * 512, lengthBytes: 512})
    expect(statusName(validateWire(PLAIN, request))).toBe('OK')
  })

  it('A3: an IN that runs past the end is IOERR and moves no byte', () => {
    const image = new Uint8Array(0x8000 * 512).fill(0x55)
    const request = decode(chain('00000000 00000000 ff7f000000000000'), 1024 + 1)
    const {status: answered, answer} = serve(image, PLAIN, request)
    expect(answered).toBe('IOERR')
    expect(answer).toEqual(new Uint8Array(1024).fill(0xee))
  })

  it('A4: an OUT at sector 2^64-1 is IOERR and does not wrap to sector 0', () => {
    const {image, device} = imageOf(4)
    const before = image.slice()
    const request = decode(chain('01000000 00000000 ffffffffffffffff', SECTOR_OF_AA))
    expect(request.sector).toBe(2n ** 64n - 1n)
    expect(request.offsetBytes).toBeGreaterThan(Number.MAX_SAFE_INTEGER)
    expect(serve(image, device, request).status).toBe('IOERR')
    expect(changed(before, image)).toBeUndefined()
  })

  it('A7: an OUT of 513 bytes is IOERR and writes nothing', () => {
    const {image, device} = imageOf(4)
    const before = image.slice()
    expect(serve(image, device, decode(chain(HEADER_A1, new Uint8Array(513)))).status).toBe('IOERR')
    expect(changed(before, image)).toBeUndefined()
  })

  it('of no byte is OK, also at the very end, and IOERR past it', () => {
    expect(status(header(1, 0x8000n))).toBe('OK')
    expect(status(header(0, 0x8000n))).toBe('OK')
    expect(status(header(1, 0x8001n))).toBe('IOERR')
    expect(status(header(0, 0x8001n))).toBe('IOERR')
  })

  it('the data is a view of the buffers of the guest, not a copy', () => {
    const readable = chain(HEADER_A1, SECTOR_OF_AA)
    const {data} = decode(readable)
    expect(data.buffer).toBe(readable.buffer)
    expect(data.byteOffset).toBe(HEADER_BYTES)
    expect(data.length).toBe(512)
  })

  it('are read the same from the middle of a larger buffer', () => {
    const whole = join(new Uint8Array(3).fill(0xff), chain(HEADER_A1, SECTOR_OF_AA))
    expect(decode(whole.subarray(3))).toMatchObject({type: 1, sector: 1n, offsetBytes: 512, lengthBytes: 512})
    const discard = join(new Uint8Array(5).fill(0xff), header(11), segment(7n, 8))
    expect(decode(discard.subarray(5))).toMatchObject({type: 11, offsetBytes: 7 * 512, lengthBytes: 4096})
  })
})

describe('a chain that is no request', () => {
  it('A8: a header of 15 bytes is a protocol error', () => {
    const error = decodeRequest({readable: header(1).subarray(0, 15), writableBytes: 1, endian: 'modern'})
    expect(error).toEqual({protocolError: 'the request header is 15 bytes long, not 16'})
  })

  it.each([0, -1, Number.NaN])(
    'A9: without a writable byte (%d) there is no room for the status: a protocol error',
    (room) => {
      const error = decodeRequest({readable: header(1), writableBytes: room, endian: 'modern'})
      expect(error).toEqual({protocolError: 'the request has no device-writable byte for its status'})
    },
  )

  it('without a readable byte is a protocol error', () => {
    const error = decodeRequest({readable: new Uint8Array(), writableBytes: 513, endian: 'modern'})
    expect(error).toEqual({protocolError: 'the request has no device-readable byte'})
  })
})

describe('FLUSH', () => {
  it.each([
    ['A10', 4],
    ['A11', 5],
  ])('%s: type %i with sector 0 is OK', (_id, type) => {
    const request = decode(header(type))
    expect(request).toMatchObject({surplus: false, lengthBytes: 0})
    expect(request.kind?.flushes).toBe(true)
    expect(status(header(type))).toBe('OK')
  })

  it('A12: with a sector and data is executed, changes nothing and is marked for a warning', () => {
    const {image, device} = imageOf(8)
    const before = image.slice()
    const request = decode(join(header(4, 7n), SECTOR_OF_AA))
    expect(request.surplus).toBe(true)
    expect(serve(image, device, request).status).toBe('OK')
    expect(changed(before, image)).toBeUndefined()
    expect(decode(header(4, 7n)).surplus).toBe(true)
    expect(decode(join(header(5), SECTOR_OF_AA)).surplus).toBe(true)
    expect(decode(join(header(1, 7n), SECTOR_OF_AA)).surplus).toBe(false)
  })
})

describe('the type number', () => {
  it('A13: with the BARRIER bit set is the type below it, and says so', () => {
    const {image, device} = imageOf(4)
    const before = image.slice()
    const request = decode(join(header(0x80000001, 1n), SECTOR_OF_AA))
    expect(request).toMatchObject({type: 1, barrier: true})
    expect(serve(image, device, request).status).toBe('OK')
    expect(changed(before, image)).toEqual([512, 1024])
    expect(decode(header(1)).barrier).toBe(false)
  })

  it.each([6, 7, 9, 12, 17, 0x7fffffff])('A14: %i is UNSUPP, with the BARRIER bit too', (type) => {
    expect(status(header(type))).toBe('UNSUPP')
    expect(status(header(type + 0x80000000))).toBe('UNSUPP')
  })

  it('A27: 16 is UNSUPP on a device without zones', () => {
    expect(status(header(16), 513)).toBe('UNSUPP')
  })

  it('A28: 2 is UNSUPP on a device without SCSI', () => {
    expect(status(join(header(2), new Uint8Array(6)), 96 + 16 + 1)).toBe('UNSUPP')
  })
})

describe('GET_ID', () => {
  it('A15: answers the id and NULs in 20 bytes', () => {
    const request = decode(header(8), 20 + 1)
    expect(request.lengthBytes).toBe(20)
    expect(status(header(8), 20 + 1)).toBe('OK')
    expect(Buffer.from(idAnswer('disk-1', request.lengthBytes)).toString('hex')).toBe(`6469736b2d31${'00'.repeat(14)}`)
  })

  it.each([
    [0, 0],
    [4, 4],
    [19, 19],
    [20, 20],
    [512, 20],
  ])('with room for %i bytes is OK and answers %i', (room, answered) => {
    expect(status(header(8), room + 1)).toBe('OK')
    expect(decode(header(8), room + 1).lengthBytes).toBe(room)
    expect(Buffer.from(idAnswer('disk-1', room)).toString('latin1')).toBe('disk-1'.padEnd(20, '\0').slice(0, answered))
  })
})

describe('DISCARD and WRITE_ZEROES', () => {
  const A17 = '0000000000000000 08000000 00000000'

  it('A17: WRITE_ZEROES of 8 sectors makes them read as zeroes, and no other', () => {
    const {image, device} = imageOf(16)
    const before = image.slice()
    expect(serve(image, device, decode(join(header(13), chain(A17)))).status).toBe('OK')
    expect(changed(before, image)).toEqual([0, 4096])
    expect(image.subarray(0, 4096)).toEqual(new Uint8Array(4096))
  })

  it('A18: with unmap it reads as zeroes too, and may give the blocks back', () => {
    const {image, device} = imageOf(16)
    const before = image.slice()
    const request = decode(join(header(13), segment(0n, 8, SEGMENT_UNMAP)))
    expect(request.segmentFlags).toBe(SEGMENT_UNMAP)
    expect(serve(image, device, request).status).toBe('OK')
    expect(changed(before, image)).toEqual([0, 4096])
  })

  it('A20: DISCARD with unmap is UNSUPP', () => {
    expect(status(join(header(11), segment(0n, 8, 1)))).toBe('UNSUPP')
  })

  it('A21: DISCARD without flags, inside the image, is OK and touches nothing outside its range', () => {
    const {image, device} = imageOf(16)
    const before = image.slice()
    expect(serve(image, device, decode(join(header(11), segment(2n, 3)))).status).toBe('OK')
    const [first, end] = changed(before, image) ?? [1024, 1024]
    expect(first).toBeGreaterThanOrEqual(1024)
    expect(end).toBeLessThanOrEqual(2560)
  })

  it('take their range from the segment and not from the header', () => {
    const request = decode(join(header(13, 99n), segment(3n, 5)))
    expect(request).toMatchObject({sector: 99n, offsetBytes: 3 * 512, lengthBytes: 5 * 512, segmentCount: 1})
  })

  it.each([11, 13])('type %i past the end, or wrapping beyond 2^64, is IOERR', (type) => {
    expect(status(join(header(type), segment(0x7fffn, 1)))).toBe('OK')
    expect(status(join(header(type), segment(0x7fffn, 2)))).toBe('IOERR')
    expect(status(join(header(type), segment(2n ** 64n - 1n, 2)))).toBe('IOERR')
    expect(status(join(header(type), segment(0n, 0xffffffff)))).toBe('IOERR')
  })

  it.each([11, 13])('type %i with a flag bit that has no meaning is UNSUPP', (type) => {
    expect(status(join(header(type), segment(0n, 8, 2)))).toBe('UNSUPP')
    expect(status(join(header(type), segment(0n, 8, 0x80000000)))).toBe('UNSUPP')
  })

  it.each([0, 1, 8, 15, 17, 24, 40])('with a payload of %i bytes, no whole number of segments, are IOERR', (length) => {
    for (const type of [11, 13]) {
      const request = decode(join(header(type), new Uint8Array(length)))
      expect(request).toMatchObject({malformed: true, segmentCount: 0})
      expect(statusName(validateWire(PLAIN, request))).toBe('IOERR')
    }
  })

  it('with two segments are UNSUPP: the device takes one', () => {
    const two = join(segment(0n, 8), segment(8n, 8))
    expect(decode(join(header(13), two))).toMatchObject({segmentCount: 2, malformed: false})
    expect(status(join(header(11), two))).toBe('UNSUPP')
    expect(status(join(header(13), two))).toBe('UNSUPP')
    expect(two.length).toBe(2 * SEGMENT_BYTES)
  })
})

describe('on a read-only device', () => {
  it('A24: an OUT is IOERR and writes nothing, whatever the driver has negotiated', () => {
    const {image, device} = imageOf(4)
    const before = image.slice()
    const request = decode(chain(HEADER_A1, SECTOR_OF_AA))
    expect(serve(image, {...device, readOnly: true}, request).status).toBe('IOERR')
    expect(changed(before, image)).toBeUndefined()
  })

  it.each([
    ['WRITE_ZEROES', join(header(13), segment(0n, 8))],
    ['DISCARD', join(header(11), segment(0n, 8))],
    ['SECURE_ERASE', join(header(14), segment(0n, 8))],
  ])('%s is IOERR', (_name, readable) => {
    expect(status(readable, 1, READ_ONLY)).toBe('IOERR')
  })

  it('A25: IN, FLUSH and GET_ID are OK', () => {
    expect(status(header(0), 513, READ_ONLY)).toBe('OK')
    expect(status(header(4), 1, READ_ONLY)).toBe('OK')
    expect(status(header(8), 21, READ_ONLY)).toBe('OK')
  })
})

describe('when several rules are broken, the first in the order framing, read-only, type, flags, range decides', () => {
  const unmap = segment(0n, 8, 1)
  const pastTheEnd = segment(0x8000n, 8)

  it.each<readonly [string, Uint8Array, DeviceFacts, string]>([
    ['framing before flags', join(header(11), unmap, new Uint8Array(1)), PLAIN, 'IOERR'],
    ['framing before the number of segments', join(header(11), unmap, unmap, new Uint8Array(1)), PLAIN, 'IOERR'],
    ['read-only before type', join(header(14), unmap), READ_ONLY, 'IOERR'],
    ['read-only before flags', join(header(11), unmap), READ_ONLY, 'IOERR'],
    ['read-only before the number of segments', join(header(13), unmap, unmap), READ_ONLY, 'IOERR'],
    ['type before flags', join(header(14), segment(0n, 8, 6)), PLAIN, 'UNSUPP'],
    ['type before range', join(header(14), pastTheEnd), PLAIN, 'UNSUPP'],
    ['type before framing of a payload nobody knows', join(header(14), new Uint8Array(7)), PLAIN, 'UNSUPP'],
    ['flags before range', join(header(11), segment(0x8000n, 8, 1)), PLAIN, 'UNSUPP'],
    ['the number of segments before range', join(header(13), pastTheEnd, pastTheEnd), PLAIN, 'UNSUPP'],
  ])('%s', (_what, readable, device, expected) => {
    expect(status(readable, 1, device)).toBe(expected)
  })

  it('a protocol error before everything: there is no status at all', () => {
    expect(decodeRequest({readable: header(14).subarray(0, 4), writableBytes: 0, endian: 'modern'})).toHaveProperty(
      'protocolError',
    )
  })
})

describe('the byte order', () => {
  const A30 = '00000001 00000000 0000000000000001'

  it('A30: a legacy big-endian header is an OUT of sector 1 there, and an unknown type to a modern device', () => {
    const readable = chain(A30, SECTOR_OF_AA)
    expect(decode(readable, 1, 'legacy-be')).toMatchObject({type: 1, sector: 1n, offsetBytes: 512, lengthBytes: 512})
    expect(status(readable, 1, PLAIN, 'legacy-be')).toBe('OK')
    expect(decode(readable)).toMatchObject({type: 0x01000000, kind: undefined})
    expect(status(readable)).toBe('UNSUPP')
  })

  it('finds the BARRIER bit of a big-endian guest', () => {
    expect(decode(chain('80000001 00000000 0000000000000001'), 1, 'legacy-be')).toMatchObject({type: 1, barrier: true})
  })

  it('of a legacy little-endian guest is the modern one', () => {
    const readable = chain(HEADER_A1, SECTOR_OF_AA)
    expect(decode(readable, 1, 'legacy-le')).toEqual(decode(readable))
  })

  it('ignores the four bytes that were a priority once', () => {
    expect(decode(chain('01000000 ffffffff 0100000000000000', SECTOR_OF_AA))).toEqual({
      ...decode(chain(HEADER_A1, SECTOR_OF_AA)),
    })
  })
})

describe('any chain of bytes', () => {
  const type = fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 11, 13, 14), fc.nat({max: 2 ** 32 - 1}))
  const sector = fc.oneof(fc.bigInt({min: 0n, max: 40n}), fc.bigInt({min: 0n, max: 2n ** 64n - 1n}))

  it('is a protocol error or a request that gets a status, and never an exception', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({maxLength: 64}),
        fc.integer({min: -1, max: 2000}),
        fc.constantFrom<WireEndian>('modern', 'legacy-be', 'legacy-le'),
        (readable, writableBytes, endian) => {
          const request = decodeRequest({readable, writableBytes, endian})
          const whole = readable.length >= 16 && writableBytes >= 1
          expect(request.protocolError === undefined).toBe(whole)
          const answered = request.protocolError === undefined ? statusName(validateWire(PLAIN, request)) : 'none'
          expect(whole ? ['OK', 'IOERR', 'UNSUPP'] : ['none']).toContain(answered)
        },
      ),
      {seed: SEED, numRuns: 1000},
    )
  })

  it('that is OK reaches no byte outside the image', () => {
    const payload = fc.oneof(
      fc.constantFrom(0, 512, 1024, 513).map((length) => new Uint8Array(length)),
      fc.tuple(sector, fc.nat(50), fc.constantFrom(0, 0, 1, 2)).map((fields) => segment(...fields)),
    )
    fc.assert(
      fc.property(type, sector, payload, fc.constantFrom(1, 21, 513, 1025), (number, at, behind, writableBytes) => {
        const device: DeviceFacts = {...PLAIN, capacitySectors: 32}
        const request = decode(join(header(number, at), behind), writableBytes)
        const {kind, offsetBytes, lengthBytes} = request
        const ranged = kind?.operands === 'data' || kind?.operands === 'segment'
        const outside = BigInt(offsetBytes) + BigInt(lengthBytes) > 32n * 512n
        fc.pre(ranged && outside)
        expect(validateWire(device, request)).not.toBe(STATUS_OK)
      }),
      {seed: SEED, numRuns: 1000},
    )
  })
})
