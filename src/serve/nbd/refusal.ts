import {ERRNO} from '../../base/index.js'
import type {Agreed} from './handshake.js'
import type {Export} from './export.js'
import {
  NBD_CMD_BLOCK_STATUS,
  NBD_CMD_CACHE,
  NBD_CMD_FLAG_DF,
  NBD_CMD_FLAG_FAST_ZERO,
  NBD_CMD_FLAG_FUA,
  NBD_CMD_FLAG_NO_HOLE,
  NBD_CMD_FLAG_PAYLOAD_LEN,
  NBD_CMD_FLAG_REQ_ONE,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
  NBD_EINVAL,
  NBD_EIO,
  NBD_ENOMEM,
  NBD_ENOSPC,
  NBD_EOVERFLOW,
  NBD_EPERM,
  PAYLOAD_MAX_BYTES,
} from './protocol.js'
import type {RequestHeader} from './request-header.js'

/**
 * Whether bytes follow the header, as many as its length says. In extended headers PAYLOAD_LEN has to say so; a WRITE without it
 * comes from clients that forget the flag and send the payload (QEMU 8.2 to 10.0, whose server takes it so), and from no others.
 */
export function hasPayload({style}: Agreed, {type, flags}: RequestHeader): boolean {
  return type === NBD_CMD_WRITE || (style === 'extended' && (flags & NBD_CMD_FLAG_PAYLOAD_LEN) !== 0)
}

/** How much memory a request that is not refused takes: for its data, or for what CACHE reads. */
export function memoryBytesOf({type, length}: RequestHeader, brings: boolean): number {
  if (type === NBD_CMD_CACHE) return Math.min(length, PAYLOAD_MAX_BYTES)
  return type === NBD_CMD_READ || brings ? length : 0
}

/**
 * The error a request is answered with before anything is done, or 0. In the order command, flags, permission, size, range; the
 * errors are those of the protocol ("Error values"): EPERM for changes of a read-only export, ENOSPC for writes beyond the end and
 * EINVAL for everything else there.
 */
export function refusalOf(header: RequestHeader, agreed: Agreed, served: Export): number {
  const {sizeBytes, readOnly} = served
  const {type, flags, offset, length} = header
  const allowed = allowedFlags(type, agreed, served)
  if (allowed < 0 || (flags & ~allowed) !== 0) return NBD_EINVAL
  const changes = type === NBD_CMD_WRITE || type === NBD_CMD_TRIM || type === NBD_CMD_WRITE_ZEROES
  if (changes && readOnly) return NBD_EPERM
  if (type === NBD_CMD_FLUSH) return 0
  if (type === NBD_CMD_BLOCK_STATUS) {
    if (!agreed.hasStatus || length === 0) return NBD_EINVAL
    // With a payload the length of what is asked about is in there.
    return offset >= sizeBytes && sizeBytes > 0 ? NBD_EINVAL : 0
  }
  if (type === NBD_CMD_WRITE && length > PAYLOAD_MAX_BYTES) return NBD_EINVAL
  // Both are exact here or far beyond: a sum of 2^64 does not wrap.
  if (offset + length > sizeBytes)
    return type === NBD_CMD_WRITE || type === NBD_CMD_WRITE_ZEROES ? NBD_ENOSPC : NBD_EINVAL
  if (type === NBD_CMD_READ && length > PAYLOAD_MAX_BYTES) return agreed.style === 'simple' ? NBD_EINVAL : NBD_EOVERFLOW
  return 0
}

/** The flags a command may have, or -1 for an unknown command. FUA is accepted on each, FAST_ZERO where it was offered. */
function allowedFlags(type: number, {style}: Agreed, {zeroesFast, readOnly}: Export): number {
  const payload = style === 'extended' ? NBD_CMD_FLAG_PAYLOAD_LEN : 0
  switch (type) {
    case NBD_CMD_READ:
      return NBD_CMD_FLAG_FUA | (style === 'simple' ? 0 : NBD_CMD_FLAG_DF)
    case NBD_CMD_WRITE:
      return NBD_CMD_FLAG_FUA | payload
    case NBD_CMD_FLUSH:
    case NBD_CMD_TRIM:
    case NBD_CMD_CACHE:
      return NBD_CMD_FLAG_FUA
    case NBD_CMD_WRITE_ZEROES:
      return NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE | (zeroesFast && !readOnly ? NBD_CMD_FLAG_FAST_ZERO : 0)
    case NBD_CMD_BLOCK_STATUS:
      return NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_REQ_ONE | payload
    default:
      return -1
  }
}

/** What an errno of the host is on the wire. */
export function wireError(errno: number): number {
  switch (errno) {
    case 0:
      return 0
    case ERRNO.EPERM:
    case ERRNO.EACCES:
    case ERRNO.EROFS:
      return NBD_EPERM
    case ERRNO.ENOMEM:
      return NBD_ENOMEM
    case ERRNO.ENOSPC:
    case ERRNO.EDQUOT:
    case ERRNO.EFBIG:
      return NBD_ENOSPC
    default:
      return NBD_EIO
  }
}
