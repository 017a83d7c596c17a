/**
 * Method: a SCSI disk behind a virtio-blk request. `readPacket` takes the request apart, `decodeCdb` finds the command's row and
 * turns it into a plan: an answer, steps for an engine, or the switch of the write cache. `packAnswer` says how it went, in the
 * fields of the request. What ends in CHECK CONDITION carries a row of SENSE. Nothing here does I/O, and nothing a guest sends
 * makes it throw.
 *
 * To add one: a row in the file of its family, or a file of its own named in SCSI_COMMANDS (table.ts). A mode page is a row in
 * mode-page.ts, a vital product data page one in vital-product-data.ts.
 *
 * @module
 */
export {blocksOf, type ScsiDevice} from './command.js'
export {commandOf, dataOutBytes, decodeCdb} from './decode.js'
export {
  encodeStatusBlock,
  errorsWord,
  packAnswer,
  readPacket,
  SENSE_BUFFER_BYTES,
  STATUS_BLOCK_BYTES,
  type ScsiAnswer,
  type ScsiChain,
  type ScsiOutcome,
  type ScsiPacket,
} from './packet.js'
export {SCSI_CHECK_CONDITION, SCSI_GOOD, type ScsiPlan, type ScsiStep} from './plan.js'
export {descriptorSense, fixedSense, SENSE, senseCode, senseFor, type Sense, type SenseCode} from './sense.js'
export {SCSI_COMMANDS} from './table.js'
