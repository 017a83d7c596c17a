import {FLAG_FUA, FLAG_UNMAP, WRITE_ZEROES} from '../../request/index.js'
import {NBD_CMD_FLAG_FUA, NBD_CMD_FLAG_NO_HOLE} from './protocol.js'
import type {RequestHeader} from './request-header.js'

/** The engine's flags for a command that may be FUA. */
export function fuaOf({flags}: RequestHeader): number {
  return (flags & NBD_CMD_FLAG_FUA) !== 0 ? FLAG_FUA : 0
}

/** The engine's type and flags for zeroes. */
export function zeroing(header: RequestHeader): [type: number, flags: number] {
  const mayUnmap = (header.flags & NBD_CMD_FLAG_NO_HOLE) === 0
  return [WRITE_ZEROES.type, fuaOf(header) | (mayUnmap ? FLAG_UNMAP : 0)]
}
