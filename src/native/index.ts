/**
 * Method: the one place where JavaScript meets C. Each file binds one interface of the kernel through koffi, which is
 * optional and imported only when somebody asks: nothing here costs anything at start-up, and everything above works without
 * it. Numbers and structure layouts are those of Linux on x64 and arm64; elsewhere the answer is a reason, not a guess.
 *
 * To add one: a file with its loader (an answer or a reason, never an exception), and a line below.
 *
 * @module
 */
export {loadFolios, type Folios} from './folio.js'
export {loadListening, type Listening} from './listening.js'
export {loadLibc, type Extent, type Libc, type LibcAnswer, type OtherLock} from './libc.js'
export {loadSplice, type Splice} from './splice.js'
export {loadTransfers, type Transfers} from './transfer.js'
export {
  IORING_ENTER_GETEVENTS,
  IORING_ENTER_SQ_WAKEUP,
  IORING_FSYNC_DATASYNC,
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_FALLOCATE,
  IORING_OP_FSYNC,
  IORING_OP_POLL_ADD,
  IORING_OP_READ,
  IORING_OP_READ_FIXED,
  IORING_OP_RECV,
  IORING_OP_SENDMSG,
  IORING_OP_TIMEOUT,
  IORING_OP_WRITE,
  IORING_OP_WRITE_FIXED,
  IORING_SQ_NEED_WAKEUP,
  IOSQE_ASYNC,
  IOSQE_FIXED_FILE,
  loadUring,
  RWF_DSYNC,
  type MappedMemory,
  type MappedRing,
  type Uring,
} from './uring.js'
