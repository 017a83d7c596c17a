/**
 * Method: a virtio-blk request is a type code with operands. Each type is a row of facts; `validate` gives the status of a
 * request that must not run, `lower` the steps of one that may, `decodeRequest` reads one from a guest's buffers. The
 * configuration space tells the guest what the device is. Beside what travels there is what a guest wishes for (fsync, an empty
 * barrier ...): `lower` says which commands it becomes, given what driver and device agreed on (Link). Nothing here does I/O.
 *
 * To add one: a file with its facts, and a row in REQUEST_KINDS (table.ts).
 *
 * @module
 */
export {
  capacitySectors,
  CONFIG_BYTES,
  CONFIG_FIELDS,
  configValues,
  decodeConfig,
  encodeConfig,
  type ConfigField,
} from './config-space.js'
export {DISCARD} from './discard.js'
export {FLUSH} from './flush.js'
export {ID_BYTES, idBytes} from './get-id.js'
export {IN} from './in.js'
export {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type RequestKind,
  type RequestName,
  type StepOp,
} from './kind.js'
export {plainLink, type Link} from './link.js'
export {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_COMBINATIONS,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  lower,
  OPERAND_FLAGS_SHIFT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
  type Plan,
} from './lower.js'
export {
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_PENDING,
  STATUS_UNSUPP,
  statusName,
  type StatusName,
} from './status.js'
export {KIND_INDICES, kindIndex, kindOfType, REQUEST_KINDS, TYPE_BARRIER_BIT, WISH_KINDS} from './table.js'
export {OUT} from './out.js'
export {refusalReason} from './refusal.js'
export {SCSI_CMD, SCSI_CMD_OUT} from './scsi-cmd.js'
export {SEGMENT_UNMAP, validate, type DeviceFacts} from './validate.js'
export {BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK} from './wish.js'
export {
  decodeRequest,
  HEADER_BYTES,
  idAnswer,
  SEGMENT_BYTES,
  validateWire,
  type WireEndian,
  type WireRequest,
} from './wire.js'
export {WRITE_ZEROES} from './write-zeroes.js'
