import {SCSI_CHECK_CONDITION, SCSI_GOOD} from './plan.js'
import {fixedSense, type Sense} from './sense.js'

/** Header with type, ioprio and sector: a readable buffer of its own before the CDB. */
const HEADER_BYTES = 16
/** What the sense buffer of a legacy driver holds. */
export const SENSE_BUFFER_BYTES = 96
/** errors, data_len, sense_len, residual: four u32. */
export const STATUS_BLOCK_BYTES = 16
/** What `errors` says of a command that never ran. */
const ERRORS_NOT_EXECUTED = 255

/** The four fields a legacy SCSI request is answered with, besides its status byte. */
export interface StatusBlock {
  readonly errors: number
  /** Deprecated: bytes of data the guest gave buffers for. */
  readonly dataLen: number
  /** Bytes really written into the sense buffer. */
  readonly senseLen: number
  /** dataLen less what was transferred. */
  readonly residual: number
}

/** A descriptor chain, buffer by buffer, in the order of the chain. */
export interface ScsiChain {
  readonly readable: readonly Uint8Array[]
  /** Lengths of the device-writable buffers. */
  readonly writableBytes: readonly number[]
  /** The SCSI feature is offered. */
  readonly scsiOffered: boolean
}

/** A command ready to be decoded. */
export interface ScsiPacket {
  readonly kind: 'packet'
  readonly cdb: Uint8Array
  /** Joined; empty when the guest sends nothing. */
  readonly dataOut: Uint8Array
  readonly inBytes: number
  readonly senseRoomBytes: number
}

/** Refused before anything ran. */
export interface ScsiRefusal {
  readonly kind: 'refused'
  /** The virtio status byte, by name. */
  readonly status: 'IOERR' | 'UNSUPP'
  readonly says: string
  /** To be written where there is a buffer for it; undefined where there is none. */
  readonly block: StatusBlock | undefined
}

/** What a command has come to. */
export interface ScsiOutcome {
  /** Undefined for GOOD. */
  readonly sense: Sense | undefined
  readonly transferredBytes: number
}

/** What the guest reads of it. */
export interface ScsiAnswer {
  readonly block: StatusBlock
  /** Fixed format, cut to the room for it; empty for GOOD. */
  readonly sense: Uint8Array
}

/**
 * The buffers of a legacy SCSI request: header, CDB, data out | data in, sense, status block, status. Where the data buffers lie
 * decides the direction; type 2 or 3 does not. Total: every chain is either a packet or a refusal.
 *
 * Source: virtio legacy interface, VIRTIO_BLK_T_SCSI_CMD; QEMU hw/block/virtio-blk.c of 2014.
 */
export function readPacket({readable, writableBytes, scsiOffered}: ScsiChain): ScsiPacket | ScsiRefusal {
  const block = writableBytes.at(-2) === STATUS_BLOCK_BYTES ? NOT_EXECUTED : undefined
  if (!scsiOffered) return {kind: 'refused', status: 'UNSUPP', says: 'this device does not offer SCSI commands', block}
  const flaw = flawOf(readable, writableBytes)
  if (flaw !== undefined) return {kind: 'refused', status: 'IOERR', says: flaw, block: undefined}
  const outs = readable.slice(2)
  const ins = writableBytes.slice(0, -3)
  if (outs.length > 0 && ins.length > 0) {
    return {kind: 'refused', status: 'UNSUPP', says: 'a SCSI command moves data in one direction only', block}
  }
  return {
    kind: 'packet',
    cdb: readable[1] ?? new Uint8Array(),
    // Joined only where there is something to join: the data of a write is usually in one piece.
    dataOut: outs.length === 1 ? (outs[0] ?? new Uint8Array()) : Uint8Array.from(Buffer.concat(outs)),
    inBytes: ins.reduce((sum, bytes) => sum + bytes, 0),
    senseRoomBytes: writableBytes.at(-3) ?? 0,
  }
}

const NOT_EXECUTED: StatusBlock = {errors: ERRORS_NOT_EXECUTED, dataLen: 0, senseLen: 0, residual: 0}

function flawOf(readable: readonly Uint8Array[], writableBytes: readonly number[]): string | undefined {
  if (readable.length < 2) return `a SCSI request has ${readable.length} readable buffers, not a header and a CDB`
  if (writableBytes.length < 3) {
    return `a SCSI request has ${writableBytes.length} writable buffers, not sense, status block and status`
  }
  const headerBytes = readable[0]?.length ?? 0
  if (headerBytes !== HEADER_BYTES) return `the request header is ${headerBytes} bytes long, not ${HEADER_BYTES}`
  const blockBytes = writableBytes.at(-2) ?? 0
  if (blockBytes !== STATUS_BLOCK_BYTES)
    return `the status block is ${blockBytes} bytes long, not ${STATUS_BLOCK_BYTES}`
  const statusBytes = writableBytes.at(-1) ?? 0
  return statusBytes < 1 ? 'there is no room for the status byte' : undefined
}

/**
 * The fields and the sense data of a command that ran; its virtio status is OK even if it ended in CHECK CONDITION.
 *
 * @param requestedBytes all the data buffers of the request, in whichever direction
 */
export function packAnswer(
  {sense, transferredBytes}: ScsiOutcome,
  requestedBytes: number,
  senseRoomBytes: number,
): ScsiAnswer {
  const bytes = sense ? fixedSense(sense).slice(0, senseRoomBytes) : new Uint8Array()
  const block: StatusBlock = {
    errors: errorsWord(sense ? SCSI_CHECK_CONDITION : SCSI_GOOD),
    dataLen: requestedBytes,
    senseLen: bytes.length,
    residual: requestedBytes - transferredBytes,
  }
  return {block, sense: bytes}
}

/** The word `errors`: a byte each for SCSI status, message, host and driver, the SCSI status lowest. */
export function errorsWord(scsiStatus: number, message = 0, host = 0, driver = 0): number {
  return scsiStatus + message * 2 ** 8 + host * 2 ** 16 + driver * 2 ** 24
}

/** The 16 bytes of a status block, in the byte order of the guest. Values of 2^32 and more lose their upper bits. */
export function encodeStatusBlock(block: StatusBlock, guest: 'little' | 'big'): Uint8Array {
  const bytes = new Uint8Array(STATUS_BLOCK_BYTES)
  const view = new DataView(bytes.buffer)
  ;[block.errors, block.dataLen, block.senseLen, block.residual].forEach((value, i) => {
    view.setUint32(4 * i, value, guest === 'little')
  })
  return bytes
}
