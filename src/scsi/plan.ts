import type {Range} from '../base/index.js'
import type {Sense} from './sense.js'

export const SCSI_GOOD = 0x00
export const SCSI_CHECK_CONDITION = 0x02

/**
 * One thing to do with the image. Of every step that changes it, `fua` asks for a result that is stable when the step ends; it
 * is the guest's FUA, or follows from a write cache that is switched off.
 */
export type ScsiStep =
  /** Makes stable what completed before it started. */
  | {readonly op: 'flush'}
  /** Into the data-in buffer, from its first byte. */
  | ({readonly op: 'read'} & Range)
  /** Reads and drops: can the range be read? */
  | ({readonly op: 'verify'} & Range)
  /** Reads, and compares with the data-out buffer from its first byte; a difference is SENSE.miscompare. */
  | ({readonly op: 'compare'} & Range)
  /** From the data-out buffer, from its first byte. */
  | ({readonly op: 'write'; readonly fua: boolean} & Range)
  /** Fills the range with repetitions of one logical block. */
  | ({readonly op: 'same'; readonly pattern: Uint8Array; readonly fua: boolean} & Range)
  /** The range reads as zeroes afterwards; with `mayUnmap` its blocks may be given back. */
  | ({readonly op: 'zero'; readonly mayUnmap: boolean; readonly fua: boolean} & Range)
  /** The blocks of the range may be given back; what it reads as afterwards is unspecified. */
  | ({readonly op: 'discard'; readonly fua: boolean} & Range)

/** Answered without I/O. */
export interface ScsiReply {
  readonly kind: 'reply'
  readonly status: typeof SCSI_GOOD | typeof SCSI_CHECK_CONDITION
  /** Never longer than the room the guest gave. */
  readonly dataIn: Uint8Array
  /** Set exactly with CHECK CONDITION. */
  readonly sense: Sense | undefined
  /** Bytes moved in either direction. */
  readonly transferredBytes: number
}

/**
 * Steps to do one after the other, each starting when the one before has ended well. When all have, the status is GOOD and
 * transferredBytes were moved. The first that fails ends the command: CHECK CONDITION with senseFor(errno, op), nothing moved.
 */
export interface ScsiSteps {
  readonly kind: 'steps'
  readonly steps: readonly ScsiStep[]
  readonly transferredBytes: number
}

/**
 * The guest switches the write cache of the disk. With `flush` (it goes off) everything written before must be stable before the
 * status is sent: writes in flight were accepted under the old rule and have to end first, then the flush starts. A flush that
 * fails leaves the cache on.
 */
export interface ScsiSetCache {
  readonly kind: 'set-cache'
  readonly writeCacheEnabled: boolean
  readonly flush: boolean
  readonly transferredBytes: number
}

/** What a command asks for, once nothing about the command itself is wrong. */
export type ScsiPlan = ScsiReply | ScsiSteps | ScsiSetCache

const NO_DATA = new Uint8Array()

/** GOOD, without data in. @param takenBytes how much of data-out was read */
export function good(takenBytes = 0): ScsiReply {
  return {kind: 'reply', status: SCSI_GOOD, dataIn: NO_DATA, sense: undefined, transferredBytes: takenBytes}
}

/** CHECK CONDITION: nothing was done and nothing moved. */
export function check(sense: Sense): ScsiReply {
  return {kind: 'reply', status: SCSI_CHECK_CONDITION, dataIn: NO_DATA, sense, transferredBytes: 0}
}

/** GOOD with an answer, cut to the allocation length of the command and to the room of the guest. */
export function answer(data: Uint8Array, allocationBytes: number, roomBytes: number): ScsiReply {
  const dataIn = data.slice(0, Math.min(allocationBytes, roomBytes))
  return {kind: 'reply', status: SCSI_GOOD, dataIn, sense: undefined, transferredBytes: dataIn.length}
}

/** Steps that move `transferredBytes` to or from the guest. */
export function steps(transferredBytes: number, ...list: readonly ScsiStep[]): ScsiSteps {
  return {kind: 'steps', steps: list, transferredBytes}
}
