import type {Memory} from '../aio/index.js'
import {ERRNO, type Range} from '../base/index.js'
import {
  DISCARD,
  FLAG_FUA,
  FLAG_UNMAP,
  FLUSH,
  IN,
  OUT,
  SCSI_CMD,
  WRITE_ZEROES,
  type Plan,
  type RequestKind,
} from '../request/index.js'
import {decodeCdb, SENSE, senseFor, type ScsiDevice, type ScsiPlan, type ScsiStep, type Sense} from '../scsi/index.js'
import type {ScsiCommandBlock} from './options.js'

/** What a command needs of the engine that executes it. */
export interface TaskHost {
  /** The plan of the request that carries the command: it may be a barrier. */
  readonly request: Plan
  /** The plan of a virtio request, as the device would execute it now. */
  readonly planOf: (kind: RequestKind, flags: number) => Plan
  /** Undefined where there is no memory. */
  readonly createMemory: (bytes: number) => Memory | undefined
}

/** The data buffer of the guest, in whichever direction. */
interface GuestBuffer {
  readonly memory: Memory | undefined
  readonly offset: number
}

/** One transfer or sync of a command, as a request of its own would be executed. */
export interface TaskStep extends Range {
  readonly plan: Plan
  readonly memory: Memory | undefined
  readonly memoryOffset: number
}

/** How a command ended. */
export interface ScsiOutcome {
  /** Undefined for GOOD. */
  readonly sense: Sense | undefined
  /** Bytes moved in either direction. */
  readonly transferredBytes: number
}

/** Memory of a command that does not come from the guest; longer ranges pass through it piece by piece. */
const PIECE_BYTES = 1 << 20

/**
 * A SCSI command on its way: which step comes next, and what it has come to. The engine executes the steps one after the other in
 * the slot of the command; the first that fails ends it.
 */
export class ScsiTask {
  /** What the command amounts to, for whoever orders requests or watches them. */
  readonly plan: Plan
  /** What it changes; empty for a command that changes nothing. */
  readonly range: Range
  /** The write cache is this once the command has ended well; undefined leaves it. */
  readonly switchesCache: boolean | undefined
  readonly #scsi: ScsiPlan
  readonly #host: TaskHost
  readonly #memory: Memory | undefined
  readonly #memoryOffset: number
  #step = 0
  #doneBytes = 0
  #piece: Memory | undefined
  #outcome: ScsiOutcome | undefined

  constructor(scsi: ScsiPlan, buffer: GuestBuffer, host: TaskHost) {
    this.#scsi = scsi
    this.#host = host
    this.#memory = buffer.memory
    this.#memoryOffset = buffer.offset
    this.switchesCache = scsi.kind === 'set-cache' ? scsi.writeCacheEnabled : undefined
    // One at most: an UNMAP takes one range, and what is verified behind a write is only read.
    const change = scsi.kind === 'steps' ? scsi.steps.find(changes) : undefined
    this.range = change ?? {offsetBytes: 0, lengthBytes: 0}
    this.plan = this.#wholePlan(change)
  }

  /** True for a command that is answered without touching the image. */
  get isReply(): boolean {
    return this.#scsi.kind === 'reply'
  }

  get outcome(): ScsiOutcome {
    return this.#outcome ?? {sense: undefined, transferredBytes: 0}
  }

  /** The next thing to execute; undefined when the command has ended (see outcome). An errno when there is no memory for it. */
  next(): TaskStep | undefined | number {
    if (this.#outcome) return undefined
    const {kind} = this.#scsi
    if (kind === 'reply') return this.#reply()
    if (kind === 'set-cache') return this.#end(this.#scsi.transferredBytes)
    const step = this.#scsi.steps[this.#step]
    if (step === undefined) return this.#end(this.#scsi.transferredBytes)
    return this.#taskStep(step)
  }

  /** The step that next() gave has ended well. */
  ended(): void {
    const step = this.#scsi.kind === 'steps' ? this.#scsi.steps[this.#step] : undefined
    if (step === undefined) return
    if (step.op === 'flush') {
      this.#step++
      return
    }
    const pieceBytes = this.#pieceBytes(step)
    if (step.op === 'compare' && !this.#isEqual(pieceBytes)) {
      this.#fail(SENSE.miscompare)
      return
    }
    this.#doneBytes += pieceBytes
    if (this.#doneBytes < step.lengthBytes) return
    this.#freePiece()
    this.#doneBytes = 0
    this.#step++
  }

  /** The step that next() gave, or the sync before it, has failed. */
  failed(errno: number): void {
    const step = this.#scsi.kind === 'steps' ? this.#scsi.steps[this.#step] : undefined
    this.#fail(senseFor(errno, step?.op ?? 'flush'))
  }

  #reply(): undefined {
    if (this.#scsi.kind !== 'reply') return undefined
    const {dataIn, sense, transferredBytes} = this.#scsi
    this.#memory?.bytes.set(dataIn, this.#memoryOffset)
    this.#outcome = {sense, transferredBytes}
    return undefined
  }

  #end(transferredBytes: number): undefined {
    this.#outcome = {sense: undefined, transferredBytes}
    return undefined
  }

  #fail(sense: Sense): void {
    this.#freePiece()
    this.#outcome = {sense, transferredBytes: 0}
  }

  /** The plan of the change, with the flush that comes before it and the name of the command. */
  #wholePlan(change: ScsiStep | undefined): Plan {
    const flushesFirst =
      (this.#scsi.kind === 'steps' && this.#scsi.steps[0]?.op === 'flush') ||
      (this.#scsi.kind === 'set-cache' && this.#scsi.flush)
    const read = this.#scsi.kind === 'steps' ? this.#scsi.steps.find(({op}) => op === 'read') : undefined
    const main = change ?? read
    const base = main ? this.#planOf(main) : this.#host.request
    const flush = flushesFirst ? this.#host.planOf(FLUSH, 0) : undefined
    const {operands, writes} = base.kind
    const flushes = flush !== undefined && main === undefined
    return {
      ...base,
      kind: {...SCSI_CMD, operands, writes, flushes, step: base.step},
      drains: this.#scsi.kind === 'set-cache' || this.#host.request.drains,
      preSync: flush?.preSync ?? false,
      ignoresSync: base.ignoresSync || (flush?.ignoresSync ?? false),
      // A flush that the disk does of itself, before a read with FUA or when its cache goes off, is no command.
      flushCommands: base.flushCommands + (flushes && this.#scsi.kind === 'steps' ? 1 : 0),
    }
  }

  #planOf(step: ScsiStep): Plan {
    switch (step.op) {
      case 'flush':
        return this.#host.planOf(FLUSH, 0)
      case 'read':
      case 'verify':
      case 'compare':
        return this.#host.planOf(IN, 0)
      case 'write':
      case 'same':
        return this.#host.planOf(OUT, step.fua ? FLAG_FUA : 0)
      case 'zero':
        return this.#host.planOf(WRITE_ZEROES, (step.fua ? FLAG_FUA : 0) | (step.mayUnmap ? FLAG_UNMAP : 0))
      case 'discard':
        return this.#host.planOf(DISCARD, step.fua ? FLAG_FUA : 0)
    }
  }

  #taskStep(step: ScsiStep): TaskStep | number {
    const plan = this.#planOf(step)
    if (step.op === 'flush') return {plan, offsetBytes: 0, lengthBytes: 0, memory: undefined, memoryOffset: 0}
    const offsetBytes = step.offsetBytes + this.#doneBytes
    const lengthBytes = this.#pieceBytes(step)
    const range = {plan, offsetBytes, lengthBytes}
    switch (step.op) {
      case 'read':
      case 'write':
        return {...range, memory: this.#memory, memoryOffset: this.#memoryOffset}
      case 'zero':
      case 'discard':
        return {...range, memory: undefined, memoryOffset: 0}
      case 'verify':
      case 'compare':
      case 'same': {
        const piece = (this.#piece ??= this.#host.createMemory(Math.min(PIECE_BYTES, step.lengthBytes)))
        if (piece === undefined) return ERRNO.ENOMEM
        if (step.op === 'same' && this.#doneBytes === 0) fill(piece.bytes, step.pattern)
        return {...range, memory: piece, memoryOffset: 0}
      }
    }
  }

  /** What one turn of a step moves: all of it, or what fits into memory of our own. */
  #pieceBytes(step: Exclude<ScsiStep, {op: 'flush'}>): number {
    const ownMemory = step.op === 'verify' || step.op === 'compare' || step.op === 'same'
    const left = step.lengthBytes - this.#doneBytes
    return ownMemory ? Math.min(PIECE_BYTES, left) : left
  }

  #isEqual(lengthBytes: number): boolean {
    const start = this.#memoryOffset + this.#doneBytes
    const sent = this.#memory?.bytes.subarray(start, start + lengthBytes) ?? new Uint8Array()
    const found = this.#piece?.bytes.subarray(0, lengthBytes) ?? new Uint8Array()
    return Buffer.compare(sent, found) === 0
  }

  #freePiece(): void {
    this.#piece?.free()
    this.#piece = undefined
  }
}

/** Decodes a command as the disk is now. @returns undefined for one with data in both directions: that is no command */
export function openTask(
  {cdb, inBytes, outBytes}: ScsiCommandBlock,
  device: ScsiDevice,
  buffer: GuestBuffer,
  host: TaskHost,
): ScsiTask | undefined {
  if (inBytes > 0 && outBytes > 0) return undefined
  const {memory, offset} = buffer
  const dataOut = memory && outBytes > 0 ? memory.bytes.subarray(offset, offset + outBytes) : new Uint8Array()
  return new ScsiTask(decodeCdb(cdb, device, {dataOut, inBytes}), buffer, host)
}

function changes(step: ScsiStep): step is Extract<ScsiStep, {fua: boolean}> {
  return 'fua' in step
}

/** Both lengths are whole logical blocks, and the piece is a multiple of the pattern. */
function fill(target: Uint8Array, pattern: Uint8Array): void {
  for (let at = 0; at < target.length; at += pattern.length) target.set(pattern.subarray(0, target.length - at), at)
}
