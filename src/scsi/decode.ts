import {cdbBytes} from './addressing.js'
import type {ScsiBuffers, ScsiCommand, ScsiDevice} from './command.js'
import {check, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'
import {SCSI_COMMANDS} from './table.js'

const SERVICE_ACTION_BITS = 0x1f

/** Rows by opcode: more than one where a service action decides. */
const BY_OPCODE: ReadonlyMap<number, readonly ScsiCommand[]> = new Map(
  SCSI_COMMANDS.map(({opcode}) => [opcode, SCSI_COMMANDS.filter((row) => row.opcode === opcode)]),
)

function actionOf(cdb: Uint8Array): number {
  return (cdb[1] ?? 0) & SERVICE_ACTION_BITS
}

/** The row of a CDB, or undefined when this disk does not know the command. */
export function commandOf(cdb: Uint8Array): ScsiCommand | undefined {
  const rows = cdb.length === 0 ? undefined : BY_OPCODE.get(cdb[0] ?? 0)
  return rows?.find(({serviceAction}) => serviceAction === undefined || serviceAction === actionOf(cdb))
}

/**
 * Bytes of data out that a CDB announces: the blocks it addresses, one block, or a parameter list. 0 for a command that takes no
 * data and for one this disk does not know. A CDB cut short counts as filled up with zeroes; nothing says that the disk will
 * obey.
 *
 * Source: SBC-3 and SPC-3, transfer length and parameter list length of each command.
 */
export function dataOutBytes(cdb: Uint8Array, logicalBlockBytes: number): number {
  return commandOf(cdb)?.dataOutBytes?.(cdb, logicalBlockBytes) ?? 0
}

/**
 * What a command asks for. Promises: total, whatever the CDB and the buffers hold; nothing is changed; every step lies inside the
 * disk; a disk that is read-only, or has no medium, gets no step that it could not do. Rules apply in this order: opcode, length of
 * the CDB, service action, medium, write protection, then those of the command.
 *
 * A CDB longer than its group demands is read up to that length.
 */
export function decodeCdb(cdb: Uint8Array, device: ScsiDevice, buffers: ScsiBuffers): ScsiPlan {
  const opcode = cdb[0]
  if (opcode === undefined || !BY_OPCODE.has(opcode)) return check(SENSE.invalidOpcode)
  if (cdb.length < (cdbBytes(opcode) ?? 0)) return check(SENSE.invalidField)
  const command = commandOf(cdb)
  if (!command) return check(SENSE.invalidField)
  if (command.needsMedium && !device.hasMedium) return check(SENSE.noMedium)
  if (command.writes && device.readOnly) return check(SENSE.writeProtected)
  return command.plan({cdb, device, dataOut: buffers.dataOut, inBytes: buffers.inBytes})
}
