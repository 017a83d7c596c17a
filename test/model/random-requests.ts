import type {SimBackend} from '../../src/aio/sim/backend.js'
import {SECTOR_BYTES, Prng} from '../../src/base/index.js'
import type {Engine, ScsiCommandBlock} from '../../src/engine/index.js'
import {
  BARRIER,
  DISCARD,
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  FLUSH,
  FSYNC,
  FSYNC_RANGE,
  IN,
  NOTIFY,
  OUT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
  SCSI_CMD,
  SCSI_CMD_OUT,
  SET_WRITEBACK,
  WRITE_ZEROES,
} from '../../src/request/index.js'

export const SECTORS = 40

/** What a request leaves in the sectors it was sent for, where that is not its own content. */
export interface Traces {
  /** Ids that leave zeroes. */
  readonly zeroing: Set<number>
  /** Ids that leave anything. */
  readonly discards: Set<number>
}

/** The bytes request `id` puts into a sector; id 0 is the content before the run. */
export function sectorOf(id: number): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES)
  new Prng(id + 1).fill(sector)
  return sector
}

const KINDS = [
  ...[IN, OUT, OUT, OUT, OUT, OUT, OUT, OUT, FLUSH, FLUSH, DISCARD, WRITE_ZEROES, WRITE_ZEROES],
  ...[BARRIER, FSYNC, FSYNC_RANGE, FSYNC_RANGE, NOTIFY, SET_WRITEBACK, SCSI_CMD, SCSI_CMD],
]

/** Sends any request there is, somewhere. */
export function submitRandom(engine: Engine, backend: SimBackend, prng: Prng, traces: Traces): void {
  const id = engine.nextId
  const kind = prng.pick(KINDS)
  const start = prng.below(SECTORS)
  const sectors = 1 + prng.below(Math.min(10, SECTORS - start))
  const after = id > 1 && prng.chance(0.15) ? [1 + prng.below(id - 1)] : undefined
  if (kind === SCSI_CMD) {
    submitCommand(engine, backend, randomCommand(prng, {id, start, sectors}, traces), after)
    return
  }
  if (kind === WRITE_ZEROES) traces.zeroing.add(id)
  if (kind === DISCARD) traces.discards.add(id)
  const hasRange = kind.operands === 'data' || kind.operands === 'segment' || kind.operands === 'range'
  const memory = backend.createMemory(sectors * SECTOR_BYTES)
  for (let at = 0; at < memory.bytes.length; at += SECTOR_BYTES) memory.bytes.set(sectorOf(id), at)
  const [offsetBytes, lengthBytes] = hasRange ? [start * SECTOR_BYTES, memory.bytes.length] : [0, 0]
  engine.submit(kind.type, randomFlags(prng, kind), offsetBytes, lengthBytes, memory, 0, after)
}

function randomFlags(prng: Prng, kind: (typeof KINDS)[number]): number {
  if (kind === SET_WRITEBACK) return prng.pick([0, FLAG_ON])
  if (kind === FSYNC_RANGE) {
    const sides = [RANGE_BEFORE, RANGE_AFTER]
    return [RANGE_SYNC, RANGE_ALL, ...sides].reduce((flags, flag) => flags | (prng.chance(0.4) ? flag : 0), 0)
  }
  if (kind.name === 'BARRIER' || kind === FSYNC || kind === NOTIFY) return 0
  let flags = prng.chance(0.1) ? FLAG_BARRIER : 0
  if (prng.chance(0.02)) flags |= FLAG_BARRIER_BIT
  if (kind === OUT && prng.chance(0.2)) flags |= FLAG_FUA
  if (kind.writes && prng.chance(0.1)) flags |= FLAG_PREFLUSH
  if (kind === WRITE_ZEROES && prng.chance(0.5)) flags |= FLAG_UNMAP
  return flags
}

interface Command {
  readonly cdb: Uint8Array
  readonly out: Uint8Array
  readonly inBytes: number
}

interface Place {
  readonly id: number
  readonly start: number
  readonly sectors: number
}

/** SBC-3 and SPC-3, each with as few fields as it takes. */
function randomCommand(prng: Prng, {id, start, sectors}: Place, {zeroing, discards}: Traces): Command {
  const content = sectorOf(id)
  const none = new Uint8Array()
  switch (prng.below(7)) {
    case 0:
    case 1: {
      const out = new Uint8Array(sectors * SECTOR_BYTES)
      for (let at = 0; at < out.length; at += SECTOR_BYTES) out.set(content, at)
      return {cdb: cdb10(0x2a, prng.chance(0.3) ? 0x08 : 0, start, sectors), out, inBytes: 0} // WRITE, FUA
    }
    case 2:
      return {cdb: cdb10(0x28, 0x08, start, sectors), out: none, inBytes: sectors * SECTOR_BYTES} // READ, FUA
    case 3: {
      discards.add(id)
      const list = new Uint8Array(24)
      const view = new DataView(list.buffer)
      view.setUint16(0, 22)
      view.setUint16(2, 16)
      view.setUint32(12, start)
      view.setUint32(16, sectors)
      return {cdb: cdb10(0x42, 0, 0, list.length), out: list, inBytes: 0} // UNMAP
    }
    case 4: {
      const zeroes = prng.chance(0.5)
      if (zeroes) zeroing.add(id)
      const out = zeroes ? new Uint8Array(SECTOR_BYTES) : content
      return {cdb: cdb10(0x41, prng.chance(0.5) ? 0x08 : 0, start, sectors), out, inBytes: 0} // WRITE SAME, UNMAP
    }
    case 5:
      return {cdb: cdb10(0x35, 0, 0, 0), out: none, inBytes: 0} // SYNCHRONIZE CACHE
    default: {
      const list = new Uint8Array(24)
      list.set([0x08, 18, prng.pick([0, 0x04])], 4) // the caching page, WCE
      return {cdb: Uint8Array.of(0x15, 0x10, 0, 0, list.length, 0), out: list, inBytes: 0} // MODE SELECT
    }
  }
}

function cdb10(opcode: number, flags: number, lba: number, count: number): Uint8Array {
  const cdb = new Uint8Array(10)
  const view = new DataView(cdb.buffer)
  cdb[0] = opcode
  cdb[1] = flags
  view.setUint32(2, lba)
  view.setUint16(7, count)
  return cdb
}

function submitCommand(
  engine: Engine,
  backend: SimBackend,
  {cdb, out, inBytes}: Command,
  after: readonly number[] | undefined,
): void {
  const memory = backend.createMemory(Math.max(out.length, inBytes))
  memory.bytes.set(out)
  const block: ScsiCommandBlock = {cdb, inBytes, outBytes: out.length}
  const {type} = out.length > 0 ? SCSI_CMD_OUT : SCSI_CMD
  engine.submit(type, 0, 0, memory.bytes.length, memory, 0, after, block)
}
