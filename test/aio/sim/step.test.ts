import {describe, expect, it} from 'vitest'
import {SimDisk} from '../../../src/aio/sim/disk.js'
import {
  beginChange,
  endStep,
  faultStepOf,
  isSync,
  refusalOf,
  transferableBytes,
  type Step,
} from '../../../src/aio/sim/step.js'
import {ERRNO} from '../../../src/base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../../src/request/index.js'
import {NONE, sectorValues, WRITEBACK} from './moments.js'

const OPS: readonly StepOp[] = [STEP_NONE, STEP_READ, STEP_WRITE, STEP_ZERO, STEP_PUNCH, STEP_SYNC, STEP_SYNC_ALL]

const diskOf = (mode = WRITEBACK): SimDisk => new SimDisk({sizeBytes: 8192, seed: 1, mode})

function stepOf(op: StepOp, offsetBytes: number, lengthBytes: number, bytes = new Uint8Array(8192)): Step {
  const memory = {bytes, free: () => {}}
  return {op, token: 0, memory, memoryOffset: 0, range: {offsetBytes, lengthBytes}, dsync: false}
}

describe('a step on a simulated disk', () => {
  it('is refused where a host refuses it, by what it is and where it lies', () => {
    const refused = (mode: typeof WRITEBACK, readOnly: boolean, offsetBytes: number, lengthBytes: number): number[] =>
      OPS.map((op) => refusalOf(stepOf(op, offsetBytes, lengthBytes), diskOf(mode), readOnly))
    const {EBADF, EINVAL, ENOSPC} = ERRNO
    expect(refused(WRITEBACK, false, 0, 512)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(refused(WRITEBACK, true, 0, 512)).toEqual([0, 0, EBADF, EBADF, EBADF, 0, 0])
    expect(refused(NONE, false, 4, 512)).toEqual([0, EINVAL, EINVAL, 0, 0, 0, 0])
    expect(refused(WRITEBACK, false, 8192, 512)).toEqual([0, 0, ENOSPC, EINVAL, EINVAL, 0, 0])
  })

  it('transfers up to the end of the image, and to where it is cut', () => {
    expect(OPS.map((op) => transferableBytes(stepOf(op, 7680, 1024), diskOf()))).toEqual([0, 512, 512, 0, 0, 0, 0])
    expect(transferableBytes(stepOf(STEP_READ, 0, 4096), diskOf(), 1024)).toBe(1024)
    expect(transferableBytes(stepOf(STEP_READ, 9000, 4096), diskOf())).toBe(0)
  })

  it('changes the disk when it ends, if it is one that does', () => {
    const disk = diskOf()
    const write = stepOf(STEP_WRITE, 0, 1024, new Uint8Array(8192).fill(7))
    endStep(write, {change: beginChange(write, disk, 1024), sync: undefined}, 1024, disk)
    expect(sectorValues(disk, 3)).toEqual([7, 7, 0])
    const zero = stepOf(STEP_ZERO, 512, 512)
    endStep(zero, {change: beginChange(zero, disk, 0), sync: undefined}, 0, disk)
    expect(sectorValues(disk, 3)).toEqual([7, 0, 0])
    expect(
      ([STEP_NONE, STEP_READ, STEP_SYNC, STEP_SYNC_ALL] as const).map((op) => beginChange(stepOf(op, 0, 512), disk, 0)),
    ).toEqual([undefined, undefined, undefined, undefined])
  })

  it('fills its memory when it is a read that ended well, with as many bytes as it says', () => {
    const disk = new SimDisk({sizeBytes: 8192, seed: 1, mode: WRITEBACK, initial: (_, target) => void target.fill(3)})
    const read = stepOf(STEP_READ, 0, 1024, new Uint8Array(1024).fill(1))
    endStep(read, {change: undefined, sync: undefined}, -5, disk)
    expect(read.memory?.bytes[0]).toBe(1)
    endStep(read, {change: undefined, sync: undefined}, 512, disk)
    expect([read.memory?.bytes[511], read.memory?.bytes[512]]).toEqual([3, 1])
  })

  it('of either kind of sync makes stable what it owes', () => {
    for (const op of [STEP_SYNC, STEP_SYNC_ALL] as const) {
      const disk = diskOf()
      disk.endChange(disk.beginWrite(0, new Uint8Array(512).fill(9), false), true)
      const sync = stepOf(op, 0, 0)
      endStep(sync, {change: undefined, sync: disk.beginSync()}, 0, disk)
      expect(sectorValues(disk.crash('powerLoss', 1), 1)).toEqual([9])
    }
  })

  it('has a name for faults, and is a sync or not', () => {
    expect(OPS.map((op) => faultStepOf(op))).toEqual([undefined, 'read', 'write', 'zero', 'zero', 'sync', 'sync'])
    expect(OPS.filter((op) => isSync(op))).toEqual([STEP_SYNC, STEP_SYNC_ALL])
  })
})
