import {cdbBytes} from './addressing.js'
import {readBe, writeBe} from './big-endian.js'
import {blocksOf, type ScsiDevice} from './command.js'

/** What stands before the pages, in MODE SENSE and MODE SELECT alike. */
export interface ModeHeader {
  readonly lengthBytes: number
  readonly descriptorBytes: number
}

export const BLOCK_DESCRIPTOR_BYTES = 8
const BLOCKS_32_MAX = 2 ** 32 - 1

const DPOFUA_BIT = 0x10
const WRITE_PROTECTED_BIT = 0x80

/** Bytes of the header for the 6-byte and the 10-byte form of a command. */
export function modeHeaderBytes(opcode: number): number {
  return cdbBytes(opcode) === 6 ? 4 : 8
}

/** The allocation length or parameter list length of a MODE command. */
export function modeListBytes(cdb: Uint8Array): number {
  return cdbBytes(cdb[0] ?? 0) === 6 ? readBe(cdb, 4, 1) : readBe(cdb, 7, 2)
}

/** Reads a header of at least modeHeaderBytes. Only the length of the block descriptors means something in a MODE SELECT. */
export function readModeHeader(list: Uint8Array, opcode: number): ModeHeader {
  const lengthBytes = modeHeaderBytes(opcode)
  return {lengthBytes, descriptorBytes: lengthBytes === 4 ? readBe(list, 3, 1) : readBe(list, 6, 2)}
}

/** Header, block descriptor and pages, with the lengths filled in. Source: SPC-3, 7.4.3. */
export function modeData(
  opcode: number,
  device: ScsiDevice,
  withDescriptor: boolean,
  pages: readonly Uint8Array[],
): Uint8Array {
  const headerBytes = modeHeaderBytes(opcode)
  const descriptor = withDescriptor ? blockDescriptor(device) : new Uint8Array()
  const data = Uint8Array.from(Buffer.concat([new Uint8Array(headerBytes), descriptor, ...pages]))
  const specific = (device.fuaOffered ? DPOFUA_BIT : 0) | (device.readOnly ? WRITE_PROTECTED_BIT : 0)
  if (headerBytes === 4) {
    writeBe(data, 0, 1, data.length - 1)
    data[2] = specific
    data[3] = descriptor.length
  } else {
    writeBe(data, 0, 2, data.length - 2)
    data[3] = specific
    writeBe(data, 6, 2, descriptor.length)
  }
  return data
}

/** The short form: u32 blocks, a reserved byte, u24 bytes in a block. Source: SBC-3, short LBA mode parameter block descriptor. */
function blockDescriptor(device: ScsiDevice): Uint8Array {
  const bytes = new Uint8Array(BLOCK_DESCRIPTOR_BYTES)
  writeBe(bytes, 0, 4, Math.min(blocksOf(device), BLOCKS_32_MAX))
  writeBe(bytes, 5, 3, device.logicalBlockBytes)
  return bytes
}
