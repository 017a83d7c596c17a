import {DISCARD} from './discard.js'
import {FLUSH, FLUSH_OUT} from './flush.js'
import {GET_ID} from './get-id.js'
import {IN} from './in.js'
import type {RequestKind} from './kind.js'
import {OUT} from './out.js'
import {WRITE_ZEROES} from './write-zeroes.js'

/** ORed into a type by legacy drivers; masked off before the type is looked up (virtio legacy, VIRTIO_BLK_T_BARRIER). */
export const TYPE_BARRIER_BIT = 0x80000000

/** Every request type this device executes. */
export const REQUEST_KINDS: readonly RequestKind[] = [IN, OUT, FLUSH, FLUSH_OUT, GET_ID, DISCARD, WRITE_ZEROES]

/** The type table by number; undefined where this device answers UNSUPP. */
const BY_TYPE: readonly (RequestKind | undefined)[] = (() => {
  const table: (RequestKind | undefined)[] = []
  for (const kind of REQUEST_KINDS) table[kind.type] = kind
  return Array.from(table)
})()

/** The facts of a type number (BARRIER bit already masked off), or undefined when it is unknown. */
export function kindOfType(type: number): RequestKind | undefined {
  return BY_TYPE[type]
}
