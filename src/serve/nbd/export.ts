import type {CacheMode} from '../../cache-mode/index.js'
import {
  NBD_FLAG_BLOCK_STATUS_PAYLOAD,
  NBD_FLAG_CAN_MULTI_CONN,
  NBD_FLAG_HAS_FLAGS,
  NBD_FLAG_READ_ONLY,
  NBD_FLAG_SEND_CACHE,
  NBD_FLAG_SEND_DF,
  NBD_FLAG_SEND_FAST_ZERO,
  NBD_FLAG_SEND_FLUSH,
  NBD_FLAG_SEND_FUA,
  NBD_FLAG_SEND_TRIM,
  NBD_FLAG_SEND_WRITE_ZEROES,
} from './protocol.js'
import type {ReplyStyle} from './reply.js'

/** What the flags of an export follow from. */
export interface ExportFacts {
  readonly mode: CacheMode
  readonly readOnly: boolean
  /** Backend and host can give blocks back. */
  readonly givesBack: boolean
  /** Zeroes are made in place, by a hole: faster than they could be written. */
  readonly zeroesFast: boolean
  /** More than one client is served at a time. All of them share one engine. */
  readonly shared: boolean
}

/** What clients are told of an image. */
export interface Export extends ExportFacts {
  readonly name: string
  readonly description: string
  readonly sizeBytes: number
  /** What a client had better align its requests to; anything is served. */
  readonly minBlockBytes: number
  readonly preferredBlockBytes: number
}

/**
 * The transmission flags of an export. What is not offered and asked for all the same is answered as well as it can be.
 *
 * - HAS_FLAGS: there are flags.
 * - READ_ONLY: writes end with EPERM; what only a writer needs (TRIM, WRITE_ZEROES, FAST_ZERO) is not offered.
 * - SEND_FLUSH, SEND_FUA: under every mode. Where nothing is volatile they cost nothing, under unsafe they are ignored, which is the
 *   mode's word and not the client's; and a client does not send what is not offered, so that nobody would see what it does.
 * - SEND_TRIM: where backend and host can give blocks back; elsewhere a client would trim in vain. It is a hint: one that the host
 *   declines all the same is answered as done.
 * - SEND_WRITE_ZEROES: for every writer: zeroes that are written by the server need not come over the wire.
 * - SEND_FAST_ZERO: where zeroes are a hole; elsewhere each such request would fail.
 * - SEND_CACHE: where the mode goes through a page cache that something could be read into.
 * - CAN_MULTI_CONN: where a second connection is served. It holds because all connections share one engine: each sees what was
 *   answered on any of them, and a FLUSH on one makes it stable.
 * - SEND_DF: where replies have chunks; all data come in one anyhow.
 * - BLOCK_STATUS_PAYLOAD: with extended headers, where a metadata context is selected; there is nothing to choose from elsewhere.
 *
 * @param hasStatus the client has selected a metadata context
 */
export function transmissionFlags(facts: ExportFacts, style: ReplyStyle, hasStatus: boolean): number {
  const {mode, readOnly, givesBack, zeroesFast, shared} = facts
  const offered: readonly (readonly [flag: number, when: boolean])[] = [
    [NBD_FLAG_HAS_FLAGS, true],
    [NBD_FLAG_READ_ONLY, readOnly],
    [NBD_FLAG_SEND_FLUSH, true],
    [NBD_FLAG_SEND_FUA, true],
    [NBD_FLAG_SEND_TRIM, !readOnly && givesBack],
    [NBD_FLAG_SEND_WRITE_ZEROES, !readOnly],
    [NBD_FLAG_SEND_FAST_ZERO, !readOnly && zeroesFast],
    [NBD_FLAG_SEND_CACHE, !mode.direct],
    [NBD_FLAG_CAN_MULTI_CONN, shared],
    [NBD_FLAG_SEND_DF, style !== 'simple'],
    [NBD_FLAG_BLOCK_STATUS_PAYLOAD, style === 'extended' && hasStatus],
  ]
  return offered.reduce((flags, [flag, when]) => (when ? flags | flag : flags), 0)
}
