import type {BatchRequest} from '../batch/index.js'
import {FLAG_ON, SET_WRITEBACK} from '../request/index.js'

/** MODE SELECT (6) and (10): SPC-4, 6.9 and 6.10. Their data may hold the caching page. */
const MODE_SELECTS: readonly (number | undefined)[] = [0x15, 0x55]

/** A request that may switch the write cache of the device. */
export function maySwitchCache({type, scsi}: BatchRequest): boolean {
  return type === SET_WRITEBACK.type || MODE_SELECTS.includes(scsi?.cdb[0])
}

/** A request that may switch the write cache of the device on. */
export function mayEnableCache(request: BatchRequest): boolean {
  return maySwitchCache(request) && (request.type !== SET_WRITEBACK.type || (request.flags & FLAG_ON) !== 0)
}
