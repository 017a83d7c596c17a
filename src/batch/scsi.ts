import {SECTOR_BYTES} from '../base/index.js'
import {dataOutBytes, senseCode, type SenseCode} from '../scsi/index.js'
import type {Pattern} from './pattern.js'
import {fault, show, spendPiece, type Scope} from './place.js'

/** A SCSI command as written. */
export interface CdbSyntax {
  readonly column: number
  /** 1 to 16. */
  readonly bytes: Uint8Array
}

/** Which end of a SCSI command a batch expects: CHECK CONDITION with this code, or GOOD. */
export type SenseExpectation = SenseCode | 'none'

/** The longest CDB of the group codes. */
const CDB_BYTES_MAX = 16
const CDB_HINT = 'A CDB is one word of 1 to 16 bytes, two hex digits each: 2a00_00000010_00_0001_00.'

/** Reads a CDB that fills the whole text; `_` may stand between two bytes. @throws ToolError of kind usage at what is wrong */
export function parseCdb(text: string, column: number, scope: Scope): CdbSyntax {
  spendPiece(scope, column)
  let at = /^0x/i.test(text) ? 2 : 0
  const bytes: number[] = []
  while (at < text.length) {
    if (text[at] === '_' && bytes.length > 0 && text[at - 1] !== '_' && at + 1 < text.length) at++
    const pair = text.slice(at, at + 2)
    const wrong = pair.search(/[^0-9a-fA-F]/)
    if (wrong >= 0)
      throw fault(scope, column + at + wrong, `${show(text.slice(at + wrong))} is not a hex digit`, CDB_HINT)
    if (pair.length < 2) throw fault(scope, column + at, `half a byte: ${show(pair)}`, CDB_HINT)
    if (bytes.length === CDB_BYTES_MAX) {
      throw fault(scope, column + at, `a CDB ends at ${CDB_BYTES_MAX} bytes`, 'Data for the disk is given with out=.')
    }
    bytes.push(parseInt(pair, 16))
    at += 2
  }
  if (bytes.length === 0) throw fault(scope, column, `${show(text)} is not a CDB`, CDB_HINT)
  return {column, bytes: Uint8Array.from(bytes)}
}

/** The CDB as text that parses back to it. */
export function printCdb({bytes}: CdbSyntax): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const SENSE = /^([0-9a-f])\/([0-9a-f]{1,2})\/([0-9a-f]{1,2})$/i

/** Reads `5/24/00` (hex) or `none`. @throws ToolError of kind usage */
export function parseSense(text: string, column: number, scope: Scope): SenseExpectation {
  if (text.toLowerCase() === 'none') return 'none'
  const found = SENSE.exec(text)
  if (!found) {
    const hint = 'Write key/ASC/ASCQ in hex, for example 5/24/00, or none for a command that succeeds.'
    throw fault(scope, column, `${show(text)} is no sense code`, hint)
  }
  const [key = 0, asc = 0, ascq = 0] = found.slice(1).map((digits) => parseInt(digits, 16))
  if (key === 0) {
    throw fault(scope, column, 'sense key 0 is no CHECK CONDITION', 'Write sense=none for a command that succeeds.')
  }
  return {key, asc, ascq}
}

/** The expectation as text that parses back to it. */
export function printSense(sense: SenseExpectation): string {
  return sense === 'none' ? sense : senseCode(sense)
}

/**
 * How many bytes of a pattern go out with a CDB: as many as the CDB announces, for the disk of 512-byte blocks every batch runs
 * on. Where it announces none, the pattern as long as it is, or one sector of what has no length.
 */
export function outBytes(cdb: Uint8Array, pattern: Pattern): number {
  return dataOutBytes(cdb, SECTOR_BYTES) || ownBytes(pattern)
}

function ownBytes(pattern: Pattern): number {
  switch (pattern.kind) {
    case 'hex':
      return pattern.bytes.length
    case 'text':
      return new TextEncoder().encode(pattern.text).length
    case 'byte':
    case 'seed':
    case 'file':
      return SECTOR_BYTES
  }
}
