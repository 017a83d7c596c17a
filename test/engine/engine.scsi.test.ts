import {describe, expect, it} from 'vitest'
import {SimBackend} from '../../src/aio/sim/backend.js'
import {SimDisk} from '../../src/aio/sim/disk.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Engine, SYNC_TOKENS} from '../../src/engine/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_BARRIER_BIT, idBytes, RANGE_AFTER, STATUS_OK} from '../../src/request/index.js'
import {fixedSense, packAnswer, SCSI_GOOD, senseCode} from '../../src/scsi/index.js'
import {bytes, DISK} from '../scsi/initiator.js'
import {memoryOf, Rig, type Operands, type RigOptions} from './rig.js'

const MIB = 1 << 20
/** Opcode, LBA 0, and how many blocks of 512 bytes are 2.5 MiB: 5120. */
const LONG_BLOCKS = 5120
const LONG = '00000000 00 1400 00'
const WRITE_FUA = '2a 08 00000000 00 0001 00'
const WRITE = '2a 00 00000000 00 0001 00'
const READ = '28 00 00000000 00 0001 00'
const SYNCHRONIZE = '35 00*9'
/** MODE SELECT(6) with PF, and its list: header, then the caching page without WCE, or with it. */
const MODE_SELECT = '15 10 0000 18 00'
const CACHE_OFF = bytes('00000000 081200 00*17')
const CACHE_ON = bytes('00000000 081204 00*17')

interface Buffers extends Operands {
  readonly out?: Uint8Array
  readonly room?: number
}

class ScsiRig extends Rig {
  constructor(options: RigOptions = {}) {
    const {id, ...disk} = DISK
    super({mode: 'none', image: new Uint8Array(16 * MIB), scsi: {...disk, id}, ...options})
  }

  /** Submits a command. @returns its id */
  run(cdb: string, {out = new Uint8Array(), room = 0, ...operands}: Buffers = {}): number {
    const memory = operands.memory ?? memoryOf(Math.max(out.length, room))
    memory.bytes.set(out)
    const command = {cdb: bytes(cdb), inBytes: room, outBytes: out.length}
    return this.submit('SCSI', 0, memory.bytes.length, {...operands, memory, command})
  }

  /** How a command ended: "GOOD" or the code of its sense; virtio status OK in either case. */
  ended(id: number): string | undefined {
    const ending = this.endings.get(id)
    if (ending === undefined) return undefined
    if (ending.status !== 'OK' || ending.outcome === undefined) return ending.status
    return ending.outcome.sense ? senseCode(ending.outcome.sense) : 'GOOD'
  }
}

function block(value: number, blocks = 1): Uint8Array {
  return new Uint8Array(blocks * 512).fill(value)
}

describe('a SCSI command', () => {
  it('D8: READ(6) of length 0 reads 256 blocks into the buffer of the guest', () => {
    const rig = new ScsiRig()
    rig.backend.image.fill(7, 0, 256 * 512)
    const memory = memoryOf(256 * 512)
    const id = rig.run('08 000000 00 00', {room: 256 * 512, memory})
    rig.settle()
    expect(rig.ended(id)).toBe('GOOD')
    expect(rig.endings.get(id)?.outcome?.transferredBytes).toBe(256 * 512)
    expect(memory.bytes).toEqual(block(7, 256))
  })

  it('D10: WRITE(10) with FUA completes only when it is stable', () => {
    const rig = new ScsiRig()
    const id = rig.run(WRITE_FUA, {out: block(1)})
    expect(rig.outstanding).toEqual([`write dsync ${id}`])
    rig.settle()
    expect(rig.events.at(-1)).toMatchObject({kind: 'complete', id, stable: true})

    const synced = new ScsiRig({canDsync: false})
    const behind = synced.run(WRITE_FUA, {out: block(1)})
    synced.end(behind)
    expect([synced.ended(behind), synced.outstanding]).toEqual([undefined, ['sync']])
    synced.settle()
    expect(synced.ended(behind)).toBe('GOOD')
  })

  it('D10: has its FUA obeyed although the driver of the guest sends neither FUA nor flushes by itself', () => {
    const rig = new ScsiRig({link: {driverFlushes: false, fua: false}})
    const id = rig.run(WRITE_FUA, {out: block(1)})
    expect(rig.outstanding).toEqual([`write dsync ${id}`])
    rig.settle()
    expect(rig.events.at(-1)).toMatchObject({id, stable: true})
  })

  it('without FUA leaves its data volatile', () => {
    const rig = new ScsiRig()
    const id = rig.run(WRITE, {out: block(1)})
    expect(rig.outstanding).toEqual([`write ${id}`])
    rig.settle()
    expect(rig.events.at(-1)).toMatchObject({id, stable: false})
    expect(rig.backend.image.subarray(0, 513)).toEqual(Uint8Array.from([...block(1), 0]))
  })

  it.each([SYNCHRONIZE, '91 00*15'])('D13: %s is a flush', (cdb) => {
    const rig = new ScsiRig()
    const id = rig.run(cdb)
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
    expect([rig.ended(id), rig.syncs]).toEqual(['GOOD', 1])
  })

  it('D13: is told as a flush to those who watch, and as ignored under unsafe', () => {
    const rig = new ScsiRig({mode: 'unsafe'})
    const id = rig.run(SYNCHRONIZE)
    expect([rig.ended(id), rig.syncs]).toEqual(['GOOD', 0])
    expect(rig.events[0]).toMatchObject({kind: 'submit', plan: {kind: {name: 'SCSI', flushes: true}}})
    expect(rig.events.at(-1)).toMatchObject({kind: 'complete', ignored: true})
  })

  it('D15: WRITE(10) on a read-only disk is write protected, and nothing is written', () => {
    const rig = new ScsiRig({scsi: {...DISK, readOnly: true}})
    const id = rig.run(WRITE, {out: block(1)})
    expect([rig.ended(id), rig.backend.steps]).toEqual(['7/27/00', []])
  })

  it('D16: with an unknown opcode ends OK for virtio, with CHECK CONDITION, sense data, and all of its data as residual', () => {
    const rig = new ScsiRig()
    const id = rig.run('c0 00*9', {room: 512})
    const {status, errno, outcome} = rig.endings.get(id) ?? {}
    expect([status, errno, rig.ended(id)]).toEqual(['OK', 0, '5/20/00'])
    if (!outcome?.sense) throw new Error('it has sense data')
    expect(packAnswer(outcome, 512, 96)).toEqual({
      block: {errors: 2, dataLen: 512, senseLen: 18, residual: 512},
      sense: fixedSense(outcome.sense),
    })
  })

  it('D20: with data in both directions is refused, and so is one without a CDB', () => {
    const rig = new ScsiRig()
    const both = rig.run(READ, {out: block(1), room: 512})
    const none = rig.submit('SCSI', 0, 512)
    expect([both, none].map((id) => rig.status(id))).toEqual(['UNSUPP', 'UNSUPP'])
    expect([rig.endings.get(both)?.outcome, rig.backend.steps]).toEqual([undefined, []])
  })

  it('D21: of type 3 with room for data is executed as what its CDB says', () => {
    const rig = new ScsiRig()
    rig.backend.image.fill(9, 0, 512)
    const memory = memoryOf(512)
    const command = {cdb: bytes(READ), inBytes: 512, outBytes: 0}
    const id = rig.submit('SCSI_CMD_OUT', 0, 512, {memory, command})
    rig.settle()
    expect([rig.ended(id), memory.bytes]).toEqual(['GOOD', block(9)])
  })

  it('is refused by a device that does not offer the feature', () => {
    const rig = new Rig()
    const id = rig.submit('SCSI', 0, 512, {command: {cdb: bytes(READ), inBytes: 512, outBytes: 0}})
    expect([rig.endings.get(id), rig.backend.steps]).toEqual([{status: 'UNSUPP', errno: 0}, []])
  })

  it('that is answered without I/O puts its answer where the guest wants it', () => {
    const rig = new ScsiRig()
    const memory = memoryOf(32, 0xee)
    const command = {cdb: bytes('25 00*9'), inBytes: 8, outBytes: 0}
    const id = rig.submit('SCSI', 0, 8, {memory, memoryOffset: 16, command})
    expect(rig.endings.get(id)?.outcome).toEqual({sense: undefined, transferredBytes: 8})
    expect(memory.bytes.subarray(15, 25)).toEqual(bytes('ee 00007fff 00000200 ee'))
    expect(rig.events.map(({kind}) => kind)).toEqual(['submit', 'complete'])
  })

  it('leaves what it did not use of a longer buffer as residual', () => {
    const rig = new ScsiRig()
    const id = rig.run(WRITE, {out: block(1, 3)})
    rig.settle()
    const {outcome} = rig.endings.get(id) ?? {}
    expect(outcome && packAnswer(outcome, 1536, 96).block).toEqual({
      errors: SCSI_GOOD,
      dataLen: 1536,
      senseLen: 0,
      residual: 1024,
    })
  })
})

describe('a SCSI command of several steps', () => {
  it('READ with FUA flushes what is newer in the cache, then reads', () => {
    const rig = new ScsiRig()
    const id = rig.run('28 08 00000000 00 0001 00', {room: 512})
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`read ${id}`])
    rig.settle()
    expect(rig.ended(id)).toBe('GOOD')
  })

  it('VERIFY flushes, then reads piece by piece through memory of the engine, which is given back', () => {
    const rig = new ScsiRig()
    const id = rig.run(`2f 00 ${LONG}`)
    rig.endSync()
    expect([rig.outstanding, rig.backend.memories]).toEqual([[`read ${id}`], 1])
    rig.settle()
    const reads = rig.backend.steps.filter(({lengthBytes}) => lengthBytes > 0)
    expect(reads.map(({offsetBytes, lengthBytes}) => [offsetBytes, lengthBytes])).toEqual([
      ...[
        [0, MIB],
        [MIB, MIB],
        [2 * MIB, MIB / 2],
      ],
    ])
    expect([rig.ended(id), rig.backend.memories]).toEqual(['GOOD', 0])
  })

  it('WRITE SAME repeats its block over the whole range, piece by piece', () => {
    const rig = new ScsiRig()
    const pattern = Uint8Array.from({length: 512}, (_, i) => (i * 7) % 251)
    const id = rig.run(`41 00 ${LONG}`, {out: pattern})
    rig.settle()
    expect(rig.ended(id)).toBe('GOOD')
    const {image, steps, memories} = rig.backend
    expect([steps.length, memories]).toEqual([3, 0])
    for (const at of [0, 1, 2047, 2048, 4095, 4096, LONG_BLOCKS - 1]) {
      expect(image.subarray(at * 512, at * 512 + 512), `block ${at}`).toEqual(pattern)
    }
    expect(image.subarray(LONG_BLOCKS * 512, LONG_BLOCKS * 512 + 512)).toEqual(block(0))
  })

  it('WRITE AND VERIFY with BYTCHK writes stably, reads back and compares, piece by piece', () => {
    const rig = new ScsiRig()
    const id = rig.run(`2e 02 ${LONG}`, {out: block(3, LONG_BLOCKS)})
    expect(rig.outstanding).toEqual([`write dsync ${id}`])
    rig.settle()
    expect([rig.ended(id), rig.backend.steps.length, rig.backend.memories]).toEqual(['GOOD', 4, 0])
  })

  it('WRITE AND VERIFY ends in a miscompare when the disk holds something else, in whichever piece', () => {
    const rig = new ScsiRig()
    const id = rig.run(`2e 02 ${LONG}`, {out: block(3, LONG_BLOCKS)})
    rig.end(id)
    rig.end(id)
    rig.backend.image[MIB + 5] = 4
    rig.settle()
    expect([rig.ended(id), rig.backend.steps.length, rig.backend.memories]).toEqual(['E/1D/00', 3, 0])
    expect(rig.endings.get(id)?.outcome?.transferredBytes).toBe(0)
    expect(rig.events.at(-1)).toMatchObject({kind: 'complete', stable: false})
  })

  it('UNMAP gives one range back, and does nothing for a list with more: 5/26/00', () => {
    const listOf = (ranges: number): Uint8Array => {
      const list = new Uint8Array(8 + 16 * ranges)
      const view = new DataView(list.buffer)
      view.setUint16(0, 6 + 16 * ranges)
      view.setUint16(2, 16 * ranges)
      for (let i = 0; i < ranges; i++) {
        view.setBigUint64(8 + 16 * i, BigInt(8 * i))
        view.setUint32(16 + 16 * i, 1)
      }
      return list
    }
    const unmap = (list: Uint8Array, canPunch: boolean): {ended: string | undefined; steps: number} => {
      const rig = new ScsiRig({canPunch})
      const id = rig.run(`42 00*6 ${list.length.toString(16).padStart(4, '0')} 00`, {out: list})
      rig.settle()
      return {ended: rig.ended(id), steps: rig.backend.steps.length}
    }
    expect(unmap(listOf(1), true)).toEqual({ended: 'GOOD', steps: 1})
    expect(unmap(listOf(1), false)).toEqual({ended: 'GOOD', steps: 0})
    expect(unmap(listOf(4095), true)).toEqual({ended: '5/26/00', steps: 0})
  })

  it('finer than the alignment is carried as any request is, and kept away from its neighbours', () => {
    const rig = new ScsiRig({alignmentBytes: 4096})
    rig.backend.image.fill(5, 0, 8192)
    const [first, second] = [rig.run(WRITE, {out: block(1)}), rig.write(1, {memory: memoryOf(512, 2)})]
    expect(rig.outstanding).toEqual([`read ${first}`])
    rig.settle()
    expect([rig.ended(first), rig.status(second)]).toEqual(['GOOD', 'OK'])
    expect(rig.backend.image.subarray(0, 1536)).toEqual(Uint8Array.from([...block(1), ...block(2), ...block(5)]))
  })
})

describe('MODE SELECT that clears WCE', () => {
  it('B6: drains, flushes, and makes every later write stable', () => {
    const rig = new ScsiRig()
    const early = rig.write(0)
    const select = rig.run(MODE_SELECT, {out: CACHE_OFF})
    expect(rig.outstanding).toEqual([`write ${early}`])
    rig.end(early)
    expect([rig.outstanding, rig.engine.writeCache]).toEqual([['sync'], true])
    rig.endSync()
    expect([rig.ended(select), rig.engine.writeCache]).toEqual(['GOOD', false])
    const [virtio, scsi] = [rig.write(1), rig.run(WRITE, {out: block(1)})]
    expect(rig.outstanding).toEqual([`write dsync ${virtio}`, `write dsync ${scsi}`])
    rig.settle()
    const memory = memoryOf(24)
    rig.run('1a 08 08 00 18 00', {room: 24, memory})
    expect(memory.bytes.subarray(4, 7)).toEqual(bytes('081200'))
  })

  it('leaves the cache on when the flush fails', () => {
    const rig = new ScsiRig()
    const select = rig.run(MODE_SELECT, {out: CACHE_OFF})
    rig.endSync(-5)
    expect([rig.ended(select), rig.engine.writeCache]).toEqual(['4/44/00', true])
  })

  it('set again, it needs no flush, and writes are volatile from then on', () => {
    const rig = new ScsiRig({link: {writeCache: false}})
    const select = rig.run(MODE_SELECT, {out: CACHE_ON})
    expect([rig.ended(select), rig.syncs]).toEqual(['GOOD', 0])
    const write = rig.write(0)
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.settle()
  })
})

describe('a SCSI command that fails', () => {
  const failures: readonly (readonly [what: string, cdb: string, buffers: Buffers, errno: number, code: string])[] = [
    ['EIO of a read', READ, {room: 512}, 5, '3/11/00'],
    ['EIO of a write', WRITE, {out: block(1)}, 5, '4/44/00'],
    ['ENOSPC of a write', WRITE, {out: block(1)}, 28, '7/27/07'],
  ]
  it.each(failures)('%s becomes sense data, and moved nothing', (_, cdb, buffers, errno, code) => {
    const rig = new ScsiRig()
    const id = rig.run(cdb, buffers)
    rig.end(id, -errno)
    expect(rig.endings.get(id)).toMatchObject({status: 'OK', errno, outcome: {transferredBytes: 0}})
    expect(rig.ended(id)).toBe(code)
  })

  it('EIO of a flush becomes sense data, and every later flush fails', () => {
    const rig = new ScsiRig()
    const first = rig.run(SYNCHRONIZE)
    rig.endSync(-5)
    const second = rig.run(SYNCHRONIZE)
    expect([first, second].map((id) => rig.ended(id))).toEqual(['4/44/00', '4/44/00'])
    expect(rig.syncs).toBe(1)
  })

  it('does none of the steps behind the one that failed, and gives its memory back', () => {
    const rig = new ScsiRig()
    const verify = rig.run(`2f 00 ${LONG}`)
    rig.endSync()
    rig.end(verify, -5)
    expect([rig.ended(verify), rig.backend.memories, rig.backend.steps.length]).toEqual(['3/11/00', 0, 2])
  })

  it('for want of memory says nothing against the medium', () => {
    const rig = new ScsiRig()
    rig.backend.memoryLeft = 0
    const verify = rig.run(`2f 00 ${LONG}`)
    rig.endSync()
    expect(rig.endings.get(verify)).toMatchObject({status: 'OK', errno: 12})
    expect(rig.ended(verify)).toBe('4/44/00')
  })

  it('with CHECK CONDITION is not OK for those that come after it', () => {
    const rig = new ScsiRig()
    const illegal = rig.run('c0 00*9')
    const failing = rig.run(READ, {room: 512})
    const dependents = [rig.write(0, {after: [illegal]}), rig.write(1, {after: [failing]})]
    rig.end(failing, -5)
    expect(dependents.map((id) => rig.status(id))).toEqual(['CANCELED', 'CANCELED'])
  })
})

describe('a SCSI command among other requests', () => {
  it('is a barrier when it is submitted as one, by either kind of barrier', () => {
    for (const flags of [FLAG_BARRIER, FLAG_BARRIER_BIT]) {
      const rig = new ScsiRig()
      const before = rig.write(0)
      const id = rig.run('2a 00 00000009 00 0001 00', {out: block(1), flags})
      const behind = rig.write(1)
      expect(rig.outstanding).toEqual([`write ${before}`])
      rig.end(before)
      expect(rig.outstanding).toEqual([`write ${id}`])
      rig.end(id)
      expect([rig.ended(id), rig.outstanding]).toEqual(['GOOD', [`write ${behind}`]])
      rig.settle()
    }
  })

  it('that writes is waited for by fsync, and held by an order between ranges', () => {
    const rig = new ScsiRig()
    const write = rig.run(WRITE, {out: block(1)})
    const fsync = rig.wish('FSYNC')
    expect(rig.syncs).toBe(0)
    rig.end(write)
    rig.endSync()
    expect(rig.status(fsync)).toBe('OK')
    rig.end(rig.write(0))
    rig.submit('FSYNC_RANGE', 0, 512, {flags: RANGE_AFTER})
    const late = rig.run('2a 00 00000009 00 0001 00', {out: block(1)})
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`write ${late}`])
    rig.settle()
  })

  it('ends as CANCELED, without an outcome, when it is cancelled before it starts', () => {
    const rig = new ScsiRig()
    const write = rig.write(0)
    const id = rig.run(SYNCHRONIZE, {after: [write]})
    rig.cancel(id)
    expect(rig.endings.get(id)).toEqual({status: 'CANCELED', errno: 0})
    rig.settle()
  })
})

describe('SCSI commands on a simulated disk', () => {
  type Command = readonly [cdb: string, out: Uint8Array]

  /** The first two blocks as a power cut leaves them. */
  async function afterPowerCut(seed: number, commands: readonly Command[]): Promise<Uint8Array> {
    const mode = cacheModeOf('none')
    const disk = new SimDisk({sizeBytes: MIB, seed, mode})
    const backend = new SimBackend({disk, seed, tokens: 8 + SYNC_TOKENS})
    const engine = new Engine({
      device: {capacitySectors: MIB / 512, readOnly: false, logicalBlockBytes: 512, types: new Set([2])},
      mode,
      ordering: orderingModeOf('tag-flush'),
      backend,
      depth: 8,
      alignmentBytes: 512,
      soleWriter: true,
      id: idBytes('sim'),
      scsi: {...DISK, sectors: MIB / 512},
    })
    for (const [cdb, out] of commands) {
      const memory = memoryOf(out.length)
      memory.bytes.set(out)
      engine.submit(2, 0, 0, out.length, memory, 0, undefined, {cdb: bytes(cdb), inBytes: 0, outBytes: out.length})
      while (engine.pending > 0) await engine.tick(true)
      const slot = engine.takeDone()
      expect([engine.statusOf(slot), engine.scsiOutcomeOf(slot)?.sense]).toEqual([STATUS_OK, undefined])
      engine.release(slot)
    }
    engine.close()
    await backend.close()
    const left = new Uint8Array(1024)
    disk.crash('powerLoss', seed).read(0, left)
    return left
  }

  function afterPowerCuts(...commands: readonly Command[]): Promise<Uint8Array[]> {
    return Promise.all(Array.from({length: 16}, (_, seed) => afterPowerCut(seed, commands)))
  }

  function both(first: number, second: number): Uint8Array {
    return Uint8Array.from([...block(first), ...block(second)])
  }

  function expectAll(images: readonly Uint8Array[], expected: Uint8Array): void {
    for (const image of images) expect(image).toEqual(expected)
  }

  it('what WRITE with FUA, or SYNCHRONIZE CACHE, has answered GOOD for survives every power cut', async () => {
    expectAll(await afterPowerCuts([WRITE_FUA, block(6)]), both(6, 0))
    const none = new Uint8Array()
    expectAll(await afterPowerCuts([WRITE, block(6)], [SYNCHRONIZE, none]), both(6, 0))
  })

  it('B6: so does what was written before the cache was switched off, and all after it', async () => {
    const second = '2a 00 00000001 00 0001 00'
    expectAll(await afterPowerCuts([WRITE, block(6)], [MODE_SELECT, CACHE_OFF], [second, block(7)]), both(6, 7))
  })

  it('a WRITE alone does not survive every one: these power cuts do take something away', async () => {
    const images = await afterPowerCuts([WRITE, block(6)])
    expect(images.filter((image) => image[0] === 6).length).toBeLessThan(images.length)
  })
})
