/**
 * Method: a virtio-blk request is a type code with operands. Each type is a row of facts; `validate` gives the status of a
 * request that must not run, `lower` the steps of one that may, `decodeRequest` reads one from a guest's buffers. The
 * configuration space tells the guest what the device is. Nothing here does I/O.
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
export {FLUSH} from './flush.js'
export {ID_BYTES, idBytes} from './get-id.js'
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
export {FLAG_BARRIER, FLAG_COMBINATIONS, FLAG_FUA, FLAG_UNMAP, lower, type Plan} from './lower.js'
export {
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_PENDING,
  STATUS_UNSUPP,
  statusName,
  type StatusName,
} from './status.js'
export {kindOfType, REQUEST_KINDS, TYPE_BARRIER_BIT} from './table.js'
export {refusalReason} from './refusal.js'
export {SEGMENT_UNMAP, validate, type DeviceFacts} from './validate.js'
export {
  decodeRequest,
  HEADER_BYTES,
  idAnswer,
  SEGMENT_BYTES,
  validateWire,
  type WireEndian,
  type WireRequest,
} from './wire.js'
