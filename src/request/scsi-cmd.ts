import {STEP_NONE, type RequestKind} from './kind.js'

/**
 * A SCSI command inside a virtio-blk request, for guests that were offered the SCSI feature. What it does is in its CDB, and the
 * direction of its data in the placement of its buffers: the engine asks the scsi room.
 */
export const SCSI_CMD: RequestKind = {
  name: 'SCSI',
  type: 2,
  operands: 'cdb',
  writes: false,
  flushes: false,
  step: STEP_NONE,
  unmapStep: undefined,
  source: 'virtio legacy interface, VIRTIO_BLK_T_SCSI_CMD',
}

/** The same: the device makes no difference. */
export const SCSI_CMD_OUT: RequestKind = {
  ...SCSI_CMD,
  name: 'SCSI_CMD_OUT',
  type: 3,
  source: 'virtio legacy interface, VIRTIO_BLK_T_SCSI_CMD_OUT',
}
