/** What the engine does with the backing storage for one request: at most one of these, around it maybe syncs. */
export const STEP_NONE = 0
export const STEP_READ = 1
export const STEP_WRITE = 2
/** Make the range read as zeroes, keeping or allocating its blocks. */
export const STEP_ZERO = 3
/** Make the range read as zeroes and give its blocks back. */
export const STEP_PUNCH = 4
/** Make everything completed before its start stable (fdatasync). */
export const STEP_SYNC = 5
/** The same, with all metadata of the file, also what reading the data does not need (fsync). */
export const STEP_SYNC_ALL = 6
export type StepOp =
  | typeof STEP_NONE
  | typeof STEP_READ
  | typeof STEP_WRITE
  | typeof STEP_ZERO
  | typeof STEP_PUNCH
  | typeof STEP_SYNC
  | typeof STEP_SYNC_ALL

/** What a guest can send over virtio-blk. */
export type WireName =
  'IN' | 'OUT' | 'FLUSH' | 'FLUSH_OUT' | 'GET_ID' | 'DISCARD' | 'WRITE_ZEROES' | 'SCSI' | 'SCSI_CMD_OUT'

/** What a guest can wish for: its block layer and its driver decide which commands, if any, reach the device. */
export type WishName = 'BARRIER' | 'FSYNC' | 'FSYNC_RANGE' | 'NOTIFY' | 'SET_WRITEBACK'

export type RequestName = WireName | WishName

/** One request type as facts. */
export interface RequestKind {
  readonly name: RequestName
  /** The number on the wire, BARRIER bit masked off; of a wish, a number of our own from TYPE_WISH on. */
  readonly type: number
  /**
   * `data`: a buffer of whole sectors; `segment`: a range to change, without data; `id`: 20 bytes to the guest; `cdb`: a SCSI
   * command; `range`: a range to wish something for; `switch`: 0 or 1; `none`: nothing.
   */
  readonly operands: 'data' | 'segment' | 'id' | 'cdb' | 'range' | 'switch' | 'none'
  /** Changes the image: refused on a read-only device, counted for stability. */
  readonly writes: boolean
  /** Asks for everything completed before to become stable. */
  readonly flushes: boolean
  /** The step for its own data; `unmapStep` when the unmap flag of its segment is set and allowed. */
  readonly step: StepOp
  readonly unmapStep: StepOp | undefined
  readonly source: string
}
