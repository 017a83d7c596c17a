import {DISCARD} from './discard.js'
import {FLUSH, FLUSH_OUT} from './flush.js'
import {GET_ID} from './get-id.js'
import {IN} from './in.js'
import type {RequestKind} from './kind.js'
import {OUT} from './out.js'
import {SCSI_CMD, SCSI_CMD_OUT} from './scsi-cmd.js'
import {BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK, TYPE_WISH} from './wish.js'
import {WRITE_ZEROES} from './write-zeroes.js'

/** ORed into a type by legacy drivers; masked off before the type is looked up (virtio legacy, VIRTIO_BLK_T_BARRIER). */
export const TYPE_BARRIER_BIT = 0x80000000

/** Wire types are below this. */
const WIRE_TYPES = 16
const KIND_INDEX_NONE = 64

/** Every request type a device here can execute. SCSI commands only where that feature is offered. */
export const REQUEST_KINDS: readonly RequestKind[] = [
  IN,
  OUT,
  FLUSH,
  FLUSH_OUT,
  GET_ID,
  DISCARD,
  WRITE_ZEROES,
  SCSI_CMD,
  SCSI_CMD_OUT,
]

/** Every wish of a guest that is more, or less, than one command. */
export const WISH_KINDS: readonly RequestKind[] = [BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK]

/** Kinds by index; undefined where a device answers UNSUPP. */
const BY_INDEX: readonly (RequestKind | undefined)[] = (() => {
  const table: (RequestKind | undefined)[] = []
  for (const kind of [...REQUEST_KINDS, ...WISH_KINDS]) table[kindIndex(kind.type)] = kind
  return Array.from(table)
})()

/** How many indices there are. */
export const KIND_INDICES = BY_INDEX.length

/** A small number for a type: dense enough to index a table with. Types no table holds get one behind its end. */
export function kindIndex(type: number): number {
  return type < TYPE_WISH ? (type < WIRE_TYPES ? type : KIND_INDEX_NONE) : WIRE_TYPES + (type - TYPE_WISH)
}

/** The facts of a type number (BARRIER bit already masked off), or undefined when it is unknown. */
export function kindOfType(type: number): RequestKind | undefined {
  return BY_INDEX[kindIndex(type)]
}
