import {ERRNO, invariant, SECTOR_BYTES, type Range} from '../../base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../request/index.js'
import type {Memory} from '../backend.js'
import type {Change, SimDisk, Sync} from './disk.js'
import type {SimFault} from './fault.js'

/** A step as it was queued. */
export interface Step {
  readonly op: StepOp
  readonly token: number
  readonly memory: Memory | undefined
  readonly memoryOffset: number
  readonly range: Range
  readonly dsync: boolean
}

/** What a started step has begun on the disk. */
export interface Begun {
  readonly change: Change | undefined
  readonly sync: Sync | undefined
}

/** STEP_SYNC and STEP_SYNC_ALL differ on a host's file system; a simulated disk keeps no metadata that only one of them moves. */
export function isSync(op: StepOp): boolean {
  return op === STEP_SYNC || op === STEP_SYNC_ALL
}

/** The errno with which a host refuses a step before it touches the disk, or 0. The image cannot grow. */
export function refusalOf({op, range}: Step, disk: SimDisk, readOnly: boolean): number {
  const transfer = op === STEP_READ || op === STEP_WRITE
  const zero = op === STEP_ZERO || op === STEP_PUNCH
  const room = disk.sizeBytes - range.offsetBytes
  if (readOnly && (op === STEP_WRITE || zero)) return ERRNO.EBADF
  if (transfer && disk.mode.direct && (range.offsetBytes % SECTOR_BYTES || range.lengthBytes % SECTOR_BYTES)) {
    return ERRNO.EINVAL
  }
  if (zero && (range.lengthBytes === 0 || range.lengthBytes > room)) return ERRNO.EINVAL
  return op === STEP_WRITE && range.lengthBytes > 0 && room <= 0 ? ERRNO.ENOSPC : 0
}

/** Bytes that a transfer moves, 0 for other steps: it ends with the image, and with shortBytes if there is such a limit. */
export function transferableBytes({op, range}: Step, disk: SimDisk, shortBytes?: number): number {
  if (op !== STEP_READ && op !== STEP_WRITE) return 0
  const room = Math.max(0, disk.sizeBytes - range.offsetBytes)
  return Math.min(range.lengthBytes, room, shortBytes ?? range.lengthBytes)
}

/** A step that changes the disk begins to; a write with its first bytes only. */
export function beginChange(
  {op, memory, memoryOffset, range, dsync}: Step,
  disk: SimDisk,
  bytes: number,
): Change | undefined {
  if (op === STEP_ZERO || op === STEP_PUNCH) return disk.beginZero(range.offsetBytes, range.lengthBytes)
  if (op !== STEP_WRITE) return undefined
  invariant(memory !== undefined, 'a WRITE without memory')
  return disk.beginWrite(range.offsetBytes, memory.bytes.subarray(memoryOffset, memoryOffset + bytes), dsync)
}

/** A step ends with this result: bytes, 0, or a negative errno. */
export function endStep(
  {op, memory, memoryOffset, range}: Step,
  {change, sync}: Begun,
  result: number,
  disk: SimDisk,
): void {
  switch (op) {
    case STEP_NONE:
      return
    case STEP_READ:
      if (result > 0 && memory) disk.read(range.offsetBytes, memory.bytes.subarray(memoryOffset).subarray(0, result))
      return
    case STEP_WRITE:
    case STEP_ZERO:
    case STEP_PUNCH:
      if (change) disk.endChange(change, result >= 0)
      return
    case STEP_SYNC:
    case STEP_SYNC_ALL:
      if (sync) disk.endSync(sync, result === 0)
  }
}

/** What a fault calls this step; undefined for one to which nothing can happen. */
export function faultStepOf(op: StepOp): SimFault['step'] | undefined {
  switch (op) {
    case STEP_NONE:
      return undefined
    case STEP_READ:
      return 'read'
    case STEP_WRITE:
      return 'write'
    case STEP_ZERO:
    case STEP_PUNCH:
      return 'zero'
    case STEP_SYNC:
    case STEP_SYNC_ALL:
      return 'sync'
  }
}
