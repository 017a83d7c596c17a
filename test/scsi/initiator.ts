import {
  decodeCdb,
  packAnswer,
  SENSE,
  senseCode,
  type ScsiDevice,
  type ScsiOutcome,
  type ScsiPlan,
  type ScsiStep,
} from '../../src/scsi/index.js'

/** A writeback disk of 16 MiB that offers everything. */
export const DISK: ScsiDevice = {
  sectors: 0x8000,
  logicalBlockBytes: 512,
  physicalBlockExponent: 0,
  hasMedium: true,
  readOnly: false,
  writeCacheEnabled: true,
  writeCacheDefault: true,
  cachingPageOffered: true,
  cachingPageFixed: false,
  fuaOffered: true,
  unmapOffered: true,
  id: 'disk-1',
}
export const READ_ONLY: ScsiDevice = {...DISK, readOnly: true}
export const WRITETHROUGH: ScsiDevice = {...DISK, writeCacheEnabled: false, writeCacheDefault: false}
export const EMPTY_DRIVE: ScsiDevice = {...DISK, hasMedium: false, sectors: 0}

/** Bytes from hex; "00*9" stands for nine zero bytes, blanks are for the eye. */
export function bytes(hex: string): Uint8Array {
  const text = hex.replaceAll(/([0-9a-f]{2})\*(\d+)/g, (_, byte: string, times: string) => byte.repeat(Number(times)))
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

export function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex')
}

export function plan(
  cdb: string,
  {device = DISK, out = new Uint8Array(), room = 0}: {device?: ScsiDevice; out?: Uint8Array; room?: number} = {},
): ScsiPlan {
  return decodeCdb(bytes(cdb), device, {dataOut: out, inBytes: room})
}

/** The answer of a command that needs no I/O, in hex; a condition as "5/24/00", steps by their names. */
export function reply(cdb: string, device = DISK, out: Uint8Array = new Uint8Array(), room = 0x10000): string {
  const made = plan(cdb, {device, out, room})
  switch (made.kind) {
    case 'reply':
      return made.sense ? senseCode(made.sense) : hex(made.dataIn)
    case 'steps':
      return made.steps.map((step) => step.op).join(', ')
    case 'set-cache':
      return `cache ${made.writeCacheEnabled ? 'on' : 'off'}${made.flush ? ', flushed' : ''}`
  }
}

/** The steps of a command, which has to have some. */
export function stepsOf(cdb: string, options: Parameters<typeof plan>[1] = {}): readonly ScsiStep[] {
  const made = plan(cdb, options)
  if (made.kind !== 'steps') throw new Error(`${cdb} is answered at once: ${JSON.stringify(made)}`)
  return made.steps
}

/** A disk in memory that obeys plans: what its guest reads, and what would be left after a loss of power. */
export class MemoryDisk {
  device: ScsiDevice
  readonly visible: Uint8Array
  readonly stable: Uint8Array

  constructor(device: ScsiDevice) {
    this.device = device
    this.visible = new Uint8Array(device.sectors * 512)
    this.stable = new Uint8Array(device.sectors * 512)
  }

  /** Runs one command to its end. */
  run(cdb: string, out: Uint8Array = new Uint8Array(), room = 0): {status: number; sense: string; dataIn: Uint8Array} {
    const made = decodeCdb(bytes(cdb), this.device, {dataOut: out, inBytes: room})
    const dataIn = new Uint8Array(room)
    let outcome: ScsiOutcome = {sense: undefined, transferredBytes: made.transferredBytes}
    switch (made.kind) {
      case 'reply':
        dataIn.set(made.dataIn)
        outcome = {sense: made.sense, transferredBytes: made.transferredBytes}
        break
      case 'set-cache':
        if (made.flush) this.stable.set(this.visible)
        this.device = {...this.device, writeCacheEnabled: made.writeCacheEnabled}
        break
      case 'steps':
        if (!made.steps.every((step) => this.#does(step, out, dataIn))) {
          outcome = {sense: SENSE.miscompare, transferredBytes: 0}
        }
    }
    const {block} = packAnswer(outcome, out.length + room, 96)
    return {status: block.errors, sense: outcome.sense ? senseCode(outcome.sense) : '', dataIn}
  }

  #does(step: ScsiStep, out: Uint8Array, dataIn: Uint8Array): boolean {
    if (step.op === 'flush') {
      this.stable.set(this.visible)
      return true
    }
    const {offsetBytes, lengthBytes} = step
    const end = offsetBytes + lengthBytes
    switch (step.op) {
      case 'read':
        dataIn.set(this.visible.subarray(offsetBytes, end))
        return true
      case 'verify':
        return true
      case 'compare':
        return Buffer.compare(this.visible.subarray(offsetBytes, end), out.subarray(0, lengthBytes)) === 0
      case 'write':
        this.visible.set(out.subarray(0, lengthBytes), offsetBytes)
        break
      case 'same':
        for (let at = offsetBytes; at < end; at += step.pattern.length) this.visible.set(step.pattern, at)
        break
      case 'zero':
      case 'discard':
        this.visible.fill(0, offsetBytes, end)
    }
    if (step.fua) this.stable.set(this.visible.subarray(offsetBytes, end), offsetBytes)
    return true
  }
}
