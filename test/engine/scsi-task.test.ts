import {describe, expect, it} from 'vitest'
import type {Memory} from '../../src/aio/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openTask, type ScsiTask, type TaskStep} from '../../src/engine/scsi-task.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, lower, SCSI_CMD} from '../../src/request/index.js'
import {SENSE} from '../../src/scsi/index.js'
import {bytes, DISK} from '../scsi/initiator.js'
import {memoryOf} from './rig.js'

const MODE = cacheModeOf('none')
const ORDERING = orderingModeOf('drain')
const MIB = 1 << 20

interface Opening {
  readonly inBytes?: number
  readonly out?: Uint8Array
  readonly flags?: number
  readonly hasMemory?: boolean
}

/** A task, and how many memories it has made and not given back. */
function open(cdb: string, {inBytes = 0, out = new Uint8Array(), flags = 0, hasMemory = true}: Opening = {}) {
  const counted = {memories: 0}
  const memory = memoryOf(Math.max(inBytes, out.length))
  memory.bytes.set(out)
  const createMemory = (size: number): Memory | undefined => {
    if (!hasMemory) return undefined
    counted.memories++
    return {bytes: new Uint8Array(size), free: () => void counted.memories--}
  }
  const task = openTask(
    {cdb: bytes(cdb), inBytes, outBytes: out.length},
    DISK,
    {memory, offset: 0},
    {
      request: lower(SCSI_CMD, flags, MODE, ORDERING),
      planOf: (kind, kindFlags) => lower(kind, kindFlags, MODE, ORDERING),
      createMemory,
    },
  )
  if (task === undefined) throw new Error('it is a command')
  return {task, counted, memory}
}

/** Executes all steps well. @returns them */
function execute(task: ScsiTask): TaskStep[] {
  const steps: TaskStep[] = []
  for (let step = task.next(); step !== undefined; step = task.next()) {
    if (typeof step === 'number') throw new Error(`errno ${step}`)
    steps.push(step)
    task.ended()
  }
  return steps
}

describe('a SCSI command on its way', () => {
  it('is none with data in both directions', () => {
    const host = {request: lower(SCSI_CMD, 0, MODE, ORDERING), planOf: lower as never, createMemory: () => undefined}
    const command = {cdb: bytes('28 00*9'), inBytes: 512, outBytes: 512}
    expect(openTask(command, DISK, {memory: memoryOf(512), offset: 0}, host)).toBeUndefined()
  })

  it('is the steps of its plan, one after the other, with the buffer of the guest', () => {
    const {task, memory} = open('28 08 00000008 00 0001 00', {inBytes: 512})
    const [flush, read] = execute(task)
    expect([flush?.plan.kind.name, flush?.plan.preSync, flush?.lengthBytes]).toEqual(['FLUSH', true, 0])
    expect(read).toMatchObject({plan: {kind: {name: 'IN'}}, offsetBytes: 4096, lengthBytes: 512})
    expect(read?.memory).toBe(memory)
    expect(task.outcome).toEqual({sense: undefined, transferredBytes: 512})
  })

  it('amounts to a change for those who order requests, and names itself', () => {
    const {task} = open('2a 08 00000008 00 0002 00', {out: new Uint8Array(1024)})
    expect(task.plan).toMatchObject({kind: {name: 'SCSI', writes: true, flushes: false}, dsync: true, drains: false})
    expect(task.range).toMatchObject({offsetBytes: 4096, lengthBytes: 1024})
  })

  it('amounts to a flush when it is one, and to nothing when it is answered at once', () => {
    expect(open('35 00*9').task.plan).toMatchObject({
      kind: {writes: false, flushes: true},
      preSync: true,
      flushCommands: 1,
    })
    const {task} = open('00 00*5')
    expect([task.isReply, task.next(), task.range.lengthBytes]).toEqual([true, undefined, 0])
    expect(task.plan).toMatchObject({kind: {writes: false, flushes: false}, preSync: false, drains: false})
  })

  it('drains when it switches the cache, or when its request is a barrier', () => {
    const select = open('15 10 0000 18 00', {out: bytes('00000000 081200 00*17')}).task
    expect([select.plan.drains, select.plan.preSync, select.switchesCache]).toEqual([true, true, false])
    const write = open('2a 00 00000008 00 0001 00', {out: new Uint8Array(512), flags: FLAG_BARRIER}).task
    expect([write.plan.drains, write.switchesCache]).toEqual([true, undefined])
  })

  it('passes long ranges through memory of its own, and gives it back at the end', () => {
    const {task, counted} = open('2f 00 00000000 00 1400 00')
    const steps = execute(task)
    expect(steps.map(({offsetBytes, lengthBytes}) => [offsetBytes, lengthBytes])).toEqual([
      ...[
        [0, 0],
        [0, MIB],
        [MIB, MIB],
        [2 * MIB, MIB / 2],
      ],
    ])
    expect([counted.memories, task.outcome.sense]).toEqual([0, undefined])
  })

  it('compares each piece with what was sent, and ends with the first difference', () => {
    const {task, counted} = open('2e 02 00000000 00 0001 00', {out: new Uint8Array(512).fill(1)})
    task.next()
    task.ended()
    const read = task.next()
    if (typeof read !== 'object') throw new Error('it reads back')
    read.memory?.bytes.fill(1)
    if (read.memory) read.memory.bytes[511] = 2
    task.ended()
    expect([task.next(), task.outcome, counted.memories]).toEqual([
      undefined,
      {sense: SENSE.miscompare, transferredBytes: 0},
      0,
    ])
  })

  it('ends with the condition of its step when that fails', () => {
    const {task} = open('28 08 00000008 00 0001 00', {inBytes: 512})
    task.next()
    task.failed(5)
    expect([task.next(), task.outcome]).toEqual([undefined, {sense: SENSE.targetFailure, transferredBytes: 0}])
  })

  it('asks for memory that there is not: the errno instead of a step', () => {
    const {task} = open('41 00 00000000 00 0001 00', {out: new Uint8Array(512).fill(1), hasMemory: false})
    expect(task.next()).toBe(12)
  })

  it('takes one range to unmap, and nothing of a list with two', () => {
    const two = bytes('0026 0020 00000000 0000000000000010 00000002 00000000 0000000000000004 00000001 00000000')
    const refused = open('42 00*6 0028 00', {out: two}).task
    expect(refused.range).toEqual({offsetBytes: 0, lengthBytes: 0})
    expect(execute(refused)).toEqual([])
    const one = bytes('0016 0010 00000000 0000000000000010 00000002 00000000')
    expect(open('42 00*6 0018 00', {out: one}).task.range).toMatchObject({offsetBytes: 16 * 512, lengthBytes: 1024})
  })
})
