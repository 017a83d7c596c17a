import type {Range} from '../../base/index.js'
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
import type {DiskModel} from './disk-model.js'
import {runsOf, sectorsOf, timeNs} from './medium.js'
import type {Phase, Processor} from './phase.js'

/** What the cost of a step depends on. */
export interface StepFacts {
  readonly op: StepOp
  readonly range: Range
  /** A write that has to be stable at its end. */
  readonly dsync: boolean
}

/**
 * What a host asks of the drive for a step on one image, by the model: the page cache and the calls. Buffered, a write goes
 * to the page cache and a sync writes back what is dirty there, then flushes; a read of what this run wrote or read comes
 * from the page cache. With O_DIRECT everything goes to the drive. Unlike a real host it writes nothing back unasked.
 *
 * Page cache and cost only: which data a crash takes away is decided by SimDisk, from the same steps.
 */
export class Host {
  /** One thread does all the copying for this image. */
  readonly processor: Processor = {freeNs: 0}
  readonly #model: DiskModel
  readonly #direct: boolean
  readonly #startBytes: number
  /** Sectors in the page cache, and those of them that the drive does not have. */
  readonly #resident = new Set<number>()
  readonly #dirty = new Set<number>()

  /** @param startBytes where the image begins on the drive */
  constructor(model: DiskModel, direct: boolean, startBytes: number) {
    this.#model = model
    this.#direct = direct
    this.#startBytes = startBytes
  }

  /** What one step asks for, one part after the other; never nothing. The step starts now. */
  phasesOf({op, range, dsync}: StepFacts): readonly Phase[] {
    switch (op) {
      case STEP_NONE:
        return [{kind: 'pause', ns: 0}]
      case STEP_READ:
        return range.lengthBytes === 0 ? this.refusal() : this.#read(range)
      case STEP_WRITE:
        return range.lengthBytes === 0 ? this.refusal() : this.#write(range, dsync)
      case STEP_ZERO:
      case STEP_PUNCH:
        return this.#zero(range)
      case STEP_SYNC:
      case STEP_SYNC_ALL:
        return this.#sync()
    }
  }

  /** A step that the host answers without doing anything. */
  refusal(): readonly Phase[] {
    return [{kind: 'work', ns: this.#model.hostCallNs}]
  }

  #copy({lengthBytes}: Range): Phase {
    const ns = this.#model.hostCallNs + timeNs(lengthBytes, this.#model.memoryBytesPerSecond)
    return {kind: 'work', ns: Math.round(ns)}
  }

  #command(kind: 'read' | 'write' | 'fua', ranges: readonly Range[]): Phase {
    const moved = ranges.map(({offsetBytes, lengthBytes}) => ({
      offsetBytes: this.#startBytes + offsetBytes,
      lengthBytes,
    }))
    return {kind, ranges: moved}
  }

  /** A host sends no flush to a drive that has no volatile cache. */
  #flush(): readonly Phase[] {
    return this.#model.cacheBytes > 0 ? [{kind: 'flush'}] : []
  }

  #read(range: Range): readonly Phase[] {
    if (this.#direct) return [this.#command('read', [range])]
    const sectors = sectorsOf([range])
    if (sectors.every((sector) => this.#resident.has(sector))) return [this.#copy(range)]
    for (const sector of sectors) this.#resident.add(sector)
    return [this.#command('read', [range]), this.#copy(range)]
  }

  #write(range: Range, dsync: boolean): readonly Phase[] {
    const toDrive = dsync ? this.#stableWrite(range) : [this.#command('write', [range])]
    if (this.#direct) return toDrive
    for (const sector of sectorsOf([range])) {
      this.#resident.add(sector)
      if (dsync) this.#dirty.delete(sector)
      else this.#dirty.add(sector)
    }
    return dsync ? [this.#copy(range), ...toDrive] : [this.#copy(range)]
  }

  #stableWrite(range: Range): readonly Phase[] {
    const throughCache = this.#model.hasFua && this.#model.cacheBytes > 0
    return throughCache ? [this.#command('fua', [range])] : [this.#command('write', [range]), ...this.#flush()]
  }

  /** Metadata: one call, whatever the range. Its data need not be written back any more. */
  #zero(range: Range): readonly Phase[] {
    for (const sector of sectorsOf([range])) this.#dirty.delete(sector)
    return this.refusal()
  }

  #sync(): readonly Phase[] {
    const dirty = runsOf(this.#dirty)
    this.#dirty.clear()
    const phases = [...(dirty.length > 0 ? [this.#command('write', dirty)] : []), ...this.#flush()]
    return phases.length > 0 ? phases : this.refusal()
  }
}
