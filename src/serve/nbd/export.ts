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

/** What clients are told of an image. */
export interface Export {
  readonly name: string
  readonly description: string
  readonly sizeBytes: number
  readonly readOnly: boolean
  /** What a client had better align its requests to; anything is served. */
  readonly minBlockBytes: number
  readonly preferredBlockBytes: number
}

/**
 * The transmission flags of an export. FLUSH and FUA are offered under every mode: where nothing is volatile they cost nothing, and
 * a client that knows neither is told so. CAN_MULTI_CONN holds because all connections share one engine: a FLUSH covers what has
 * been answered on any of them.
 */
export function transmissionFlags({readOnly}: Pick<Export, 'readOnly'>, style: ReplyStyle): number {
  const everywhere =
    NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_CAN_MULTI_CONN | NBD_FLAG_SEND_CACHE
  const writing = NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_FAST_ZERO
  return (
    everywhere |
    (readOnly ? NBD_FLAG_READ_ONLY : writing) |
    (style === 'simple' ? 0 : NBD_FLAG_SEND_DF) |
    (style === 'extended' ? NBD_FLAG_BLOCK_STATUS_PAYLOAD : 0)
  )
}
