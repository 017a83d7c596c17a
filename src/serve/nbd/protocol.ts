/**
 * Numbers of the Network Block Device protocol, named as its document names them: doc/proto.md of NetworkBlockDevice/nbd, and for
 * extended headers its branch extension-ext-header. Everything on the wire is big-endian.
 *
 * @module
 */

/** "NBDMAGIC" and "IHAVEOPT", in halves. */
export const NBDMAGIC = [0x4e42444d, 0x41474943] as const
export const IHAVEOPT = [0x49484156, 0x454f5054] as const
export const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const

export const NBD_FLAG_FIXED_NEWSTYLE = 1
export const NBD_FLAG_NO_ZEROES = 2

export const NBD_OPT_EXPORT_NAME = 1
export const NBD_OPT_ABORT = 2
export const NBD_OPT_LIST = 3
export const NBD_OPT_STARTTLS = 5
export const NBD_OPT_INFO = 6
export const NBD_OPT_GO = 7
export const NBD_OPT_STRUCTURED_REPLY = 8
export const NBD_OPT_LIST_META_CONTEXT = 9
export const NBD_OPT_SET_META_CONTEXT = 10
export const NBD_OPT_EXTENDED_HEADERS = 11

export const NBD_REP_ACK = 1
export const NBD_REP_SERVER = 2
export const NBD_REP_INFO = 3
export const NBD_REP_META_CONTEXT = 4
const REP_ERR = 0x80000000
export const NBD_REP_ERR_UNSUP = REP_ERR + 1
export const NBD_REP_ERR_POLICY = REP_ERR + 2
export const NBD_REP_ERR_INVALID = REP_ERR + 3
export const NBD_REP_ERR_TLS_REQD = REP_ERR + 5
export const NBD_REP_ERR_UNKNOWN = REP_ERR + 6
export const NBD_REP_ERR_SHUTDOWN = REP_ERR + 7
export const NBD_REP_ERR_TOO_BIG = REP_ERR + 9
export const NBD_REP_ERR_EXT_HEADER_REQD = REP_ERR + 10

export const NBD_INFO_EXPORT = 0
export const NBD_INFO_NAME = 1
export const NBD_INFO_DESCRIPTION = 2
export const NBD_INFO_BLOCK_SIZE = 3

/** Transmission flags. */
export const NBD_FLAG_HAS_FLAGS = 1
export const NBD_FLAG_READ_ONLY = 1 << 1
export const NBD_FLAG_SEND_FLUSH = 1 << 2
export const NBD_FLAG_SEND_FUA = 1 << 3
export const NBD_FLAG_SEND_TRIM = 1 << 5
export const NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6
export const NBD_FLAG_SEND_DF = 1 << 7
export const NBD_FLAG_CAN_MULTI_CONN = 1 << 8
export const NBD_FLAG_SEND_CACHE = 1 << 10
export const NBD_FLAG_SEND_FAST_ZERO = 1 << 11
export const NBD_FLAG_BLOCK_STATUS_PAYLOAD = 1 << 12

export const NBD_REQUEST_MAGIC = 0x25609513
export const NBD_EXTENDED_REQUEST_MAGIC = 0x21e41c71
export const NBD_SIMPLE_REPLY_MAGIC = 0x67446698
export const NBD_STRUCTURED_REPLY_MAGIC = 0x668e33ef
export const NBD_EXTENDED_REPLY_MAGIC = 0x6e8a278c

export const NBD_CMD_READ = 0
export const NBD_CMD_WRITE = 1
export const NBD_CMD_DISC = 2
export const NBD_CMD_FLUSH = 3
export const NBD_CMD_TRIM = 4
export const NBD_CMD_CACHE = 5
export const NBD_CMD_WRITE_ZEROES = 6
export const NBD_CMD_BLOCK_STATUS = 7

export const NBD_CMD_FLAG_FUA = 1
export const NBD_CMD_FLAG_NO_HOLE = 2
export const NBD_CMD_FLAG_DF = 4
export const NBD_CMD_FLAG_REQ_ONE = 8
export const NBD_CMD_FLAG_FAST_ZERO = 16
export const NBD_CMD_FLAG_PAYLOAD_LEN = 32

export const NBD_REPLY_FLAG_DONE = 1
export const NBD_REPLY_TYPE_NONE = 0
export const NBD_REPLY_TYPE_OFFSET_DATA = 1
export const NBD_REPLY_TYPE_BLOCK_STATUS = 5
export const NBD_REPLY_TYPE_BLOCK_STATUS_EXT = 6
export const NBD_REPLY_TYPE_ERROR = 0x8001

/** Errors travel as these numbers, whatever the host calls them. */
export const NBD_EPERM = 1
export const NBD_EIO = 5
export const NBD_ENOMEM = 12
export const NBD_EINVAL = 22
export const NBD_ENOSPC = 28
export const NBD_EOVERFLOW = 75
export const NBD_ENOTSUP = 95

/** Names of exports, queries and contexts are at most this long ("Conventions"). */
export const STRING_MAX_BYTES = 4096
/** The payload of one READ or WRITE that any client may count on ("Size constraints"). */
export const PAYLOAD_MAX_BYTES = 2 ** 25
