import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {
  decodeCdb,
  encodeStatusBlock,
  errorsWord,
  packAnswer,
  readPacket,
  SENSE,
  SENSE_BUFFER_BYTES,
  STATUS_BLOCK_BYTES,
  type ScsiChain,
  type ScsiPacket,
} from '../../src/scsi/index.js'
import {bytes, DISK, hex} from './initiator.js'

const SEED = 20260208
const HEADER_2 = bytes('02000000 00000000 00*8')
const HEADER_3 = bytes('03000000 00000000 00*8')
const READ_1 = bytes('28 00 00000001 00 0001 00')
const TAIL = [SENSE_BUFFER_BYTES, STATUS_BLOCK_BYTES, 1]
const NOT_EXECUTED = {errors: 255, dataLen: 0, senseLen: 0, residual: 0}

function chain(readable: readonly Uint8Array[], writableBytes: readonly number[], scsiOffered = true): ScsiChain {
  return {readable, writableBytes, scsiOffered}
}

function packetOf(given: ScsiChain): ScsiPacket {
  const read = readPacket(given)
  if (read.kind !== 'packet') throw new Error(read.says)
  return read
}

describe('the buffers of a SCSI request', () => {
  it('A28: are not looked at when SCSI is not offered: UNSUPP, errors 255 in the status block if there is one', () => {
    expect(readPacket(chain([HEADER_2, READ_1], [512, ...TAIL], false))).toMatchObject({
      status: 'UNSUPP',
      block: NOT_EXECUTED,
    })
    expect(readPacket(chain([HEADER_2], [1], false))).toMatchObject({status: 'UNSUPP', block: undefined})
  })

  it('D20: with data in both directions are UNSUPP', () => {
    const out = new Uint8Array(256)
    expect(readPacket(chain([HEADER_2, READ_1, out, out], [512, ...TAIL]))).toMatchObject({
      kind: 'refused',
      status: 'UNSUPP',
      block: NOT_EXECUTED,
    })
  })

  it.each([
    ['2', HEADER_2],
    ['3', HEADER_3],
  ])('D21: of type %s with a writable data buffer are a read: the place decides, not the type', (_, header) => {
    const packet = packetOf(chain([header, READ_1], [512, ...TAIL]))
    expect(packet).toMatchObject({inBytes: 512, dataOut: new Uint8Array()})
    expect(decodeCdb(packet.cdb, DISK, packet)).toMatchObject({
      steps: [{op: 'read', offsetBytes: 512, lengthBytes: 512}],
      transferredBytes: 512,
    })
  })

  it('may split the data: it is joined in order', () => {
    const packet = packetOf(chain([HEADER_2, READ_1, bytes('0102'), bytes('03')], TAIL))
    expect(hex(packet.dataOut)).toBe('010203')
    expect(packetOf(chain([HEADER_2, READ_1, bytes('0102')], TAIL)).dataOut).toEqual(bytes('0102'))
    expect(packetOf(chain([HEADER_2, READ_1], [1, 2, ...TAIL])).inBytes).toBe(3)
  })

  it('may carry no data at all', () => {
    expect(packetOf(chain([HEADER_2, READ_1], TAIL))).toEqual({
      kind: 'packet',
      cdb: READ_1,
      dataOut: new Uint8Array(),
      inBytes: 0,
      senseRoomBytes: 96,
    })
  })

  it.each([
    ['without a CDB', [HEADER_2], TAIL],
    ['without anything to read', [], TAIL],
    ['without a sense buffer', [HEADER_2, READ_1], [16, 1]],
    ['with a short header', [bytes('02'), READ_1], TAIL],
    ['with a short status block', [HEADER_2, READ_1], [96, 15, 1]],
    ['without room for the status', [HEADER_2, READ_1], [96, 16, 0]],
  ])('%s are an IOERR', (_, readable, writableBytes) => {
    expect(readPacket(chain(readable, writableBytes))).toMatchObject({kind: 'refused', status: 'IOERR'})
  })

  it('are either a packet or a refusal, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({maxLength: 20}), {maxLength: 5}),
        fc.array(fc.constantFrom(0, 1, 15, 16, 96, 512), {maxLength: 6}),
        fc.boolean(),
        (readable, writableBytes, scsiOffered) => {
          const read = readPacket(chain(readable, writableBytes, scsiOffered))
          const isSound =
            read.kind === 'refused'
              ? read.says !== ''
              : scsiOffered && (read.dataOut.length === 0 || read.inBytes === 0)
          expect(isSound).toBe(true)
        },
      ),
      {seed: SEED, numRuns: 2000},
    )
  })
})

describe('the answer to a SCSI request', () => {
  it('D16: to opcode C0h is 5/20/00: errors 02h, 18 bytes of sense, everything requested is residual', () => {
    const made = decodeCdb(bytes('c0 00*9'), DISK, {dataOut: new Uint8Array(), inBytes: 512})
    if (made.kind !== 'reply') throw new Error(made.kind)
    const {block, sense} = packAnswer(made, 512, SENSE_BUFFER_BYTES)
    expect(hex(sense)).toBe('700005000000000a000000002000' + '00000000')
    expect(block).toEqual({errors: 2, dataLen: 512, senseLen: 18, residual: 512})
  })

  it('to a command that was GOOD has no sense and no errors, and what was not moved as residual', () => {
    expect(packAnswer({sense: undefined, transferredBytes: 5}, 255, 96)).toEqual({
      block: {errors: 0, dataLen: 255, senseLen: 0, residual: 250},
      sense: new Uint8Array(),
    })
  })

  it('counts only the sense bytes there was room for', () => {
    const {block, sense} = packAnswer({sense: SENSE.writeProtected, transferredBytes: 0}, 512, 8)
    expect(hex(sense)).toBe('700007000000000a')
    expect(block.senseLen).toBe(8)
  })

  it('is four words in the byte order of the guest', () => {
    const block = {errors: 2, dataLen: 0x200, senseLen: 18, residual: 0x200}
    expect(hex(encodeStatusBlock(block, 'little'))).toBe('02000000' + '00020000' + '12000000' + '00020000')
    expect(hex(encodeStatusBlock(block, 'big'))).toBe('00000002' + '00000200' + '00000012' + '00000200')
  })

  it('has SCSI status, message, host and driver in one word, lowest byte first', () => {
    expect(errorsWord(0x02, 0x01, 0x07, 0x88).toString(16)).toBe('88070102')
  })
})
