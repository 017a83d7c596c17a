import {Prng} from '../base/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLUSH, IN, OUT} from '../request/index.js'
import {Permutation} from './permutation.js'
import {Popularity} from './popularity.js'
import {isMixed, isRandom, writes, type Workload} from './workload.js'

/** What has to have ended before a request is submitted. */
export const FENCE_NONE = 0
/** Everything, and nothing is submitted before the request itself has ended. */
export const FENCE_DRAIN = 1
/** The FLUSH before it: each is to become a sync of its own. */
export const FENCE_FLUSH = 2

/** Requests one after the other. next() puts the next one into the fields; nothing is allocated for it. */
export interface RequestStream {
  /** @returns false when there is no more */
  next(): boolean
  readonly type: number
  readonly flags: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly fence: number
  /** When it is due, from the start; 0 for at once. */
  readonly dueNs: number
}

/** Where a workload works: whole blocks of `bs.minBytes`, `[offsetBytes, offsetBytes + sizeBytes)`. */
export interface Region {
  readonly offsetBytes: number
  readonly sizeBytes: number
  /** Bytes to transfer in all; Infinity for without end. */
  readonly totalBytes: number
}

/** Seeds of the streams of chance in one workload, apart so that none shifts another. */
const MIX_SEED = 0x1001
const LENGTH_SEED = 0x2002
const PLACE_SEED = 0x3003
const ORDER_SEED = 0x4004

/** The requests of a workload. The same workload, region and job number give the same requests, however fast they are taken. */
export class WorkloadStream implements RequestStream {
  type: number = IN.type
  flags = 0
  offsetBytes = 0
  lengthBytes = 0
  fence = FENCE_NONE
  readonly dueNs = 0

  readonly #workload: Workload
  readonly #region: Region
  readonly #blocks: number
  readonly #lengthChoices: number
  readonly #mixed: boolean
  readonly #random: boolean
  readonly #onlyWrites: boolean
  readonly #mix: Prng
  readonly #lengths: Prng
  readonly #popularity: Popularity
  readonly #order: Permutation
  readonly #mapped: boolean
  readonly #seed: number
  #left: number
  #place = 0
  #pass = 0
  #writes = 0
  /** A FLUSH comes next. */
  #flushDue = false
  /** Of the journal: what has been written of its transaction. */
  #step = 0

  /** @param job from 0; jobs of one workload draw different blocks */
  constructor(workload: Workload, region: Region, job: number) {
    const {bs, randseed, distribution, rw} = workload
    this.#workload = workload
    this.#region = region
    this.#blocks = Math.floor(region.sizeBytes / bs.minBytes)
    this.#lengthChoices = Math.floor(bs.maxBytes / bs.minBytes)
    this.#mixed = isMixed(rw) && workload.pattern === undefined
    this.#random = isRandom(rw)
    this.#onlyWrites = writes(workload) && !this.#mixed
    this.#seed = randseed + job * 0x9e3779b1
    this.#mix = new Prng(this.#seed + MIX_SEED)
    this.#lengths = new Prng(this.#seed + LENGTH_SEED)
    this.#popularity = new Popularity(distribution, this.#blocks, new Prng(this.#seed + PLACE_SEED))
    this.#order = new Permutation(this.#blocks, this.#seed + ORDER_SEED)
    this.#mapped = !workload.norandommap && distribution.kind === 'random' && this.#lengthChoices === 1
    this.#left = region.totalBytes
  }

  next(): boolean {
    if (this.#flushDue) {
      this.#flushDue = false
      this.#flush()
      return true
    }
    if (this.#left <= 0) return false
    const reads = this.#mixed ? this.#mix.below(100) < this.#workload.rwmixread : !this.#onlyWrites
    this.flags = 0
    this.fence = FENCE_NONE
    this.#locate()
    this.#left -= this.lengthBytes
    if (reads) {
      this.type = IN.type
      return true
    }
    this.type = OUT.type
    this.#writes++
    if (this.#workload.pattern === undefined) this.#mark()
    else this.#journal()
    return true
  }

  /** Flags of a write by its number, and whether a FLUSH follows. */
  #mark(): void {
    const {fuaEvery, barrierEvery, flushEvery} = this.#workload
    if (fuaEvery > 0 && this.#writes % fuaEvery === 0) this.flags |= FLAG_FUA
    if (barrierEvery > 0 && this.#writes % barrierEvery === 0) this.flags |= FLAG_BARRIER
    if (flushEvery > 0 && this.#writes % flushEvery === 0) this.#flushDue = true
  }

  /** Data, FLUSH, commit, and FLUSH or FUA. */
  #journal(): void {
    const {dataWrites, commitWrites, commit} = this.#workload.pattern as NonNullable<Workload['pattern']>
    this.#step++
    if (this.#step === dataWrites) this.#flushDue = true
    if (this.#step < dataWrites + commitWrites) return
    this.#step = 0
    if (commit === 'flush') {
      this.#flushDue = true
      return
    }
    // The transaction ends with it: nothing of the next one may pass.
    this.flags |= FLAG_FUA
    this.fence = FENCE_DRAIN
  }

  #flush(): void {
    this.type = FLUSH.type
    this.flags = 0
    this.offsetBytes = 0
    this.lengthBytes = 0
    this.fence = this.#workload.flushDrain || this.#workload.pattern !== undefined ? FENCE_DRAIN : FENCE_FLUSH
  }

  #locate(): void {
    const unit = this.#workload.bs.minBytes
    const {offsetBytes, sizeBytes} = this.#region
    let length = this.#lengthChoices === 1 ? unit : (1 + this.#lengths.below(this.#lengthChoices)) * unit
    if (length > this.#left) length = Math.max(unit, Math.floor(this.#left / unit) * unit)
    if (!this.#random) {
      if (this.#place >= this.#blocks) this.#place = 0
      const at = this.#place * unit
      if (at + length > sizeBytes) length = sizeBytes - at - ((sizeBytes - at) % unit)
      this.#place += length / unit
      this.offsetBytes = offsetBytes + at
    } else {
      const at = this.#block() * unit
      this.offsetBytes = offsetBytes + Math.min(at, this.#blocks * unit - length)
    }
    this.lengthBytes = length
  }

  #block(): number {
    if (!this.#mapped) {
      const rank = this.#popularity.next()
      return this.#workload.distribution.kind === 'random' ? rank : this.#order.at(rank)
    }
    if (this.#place === this.#blocks) {
      this.#place = 0
      this.#order.reseed(this.#seed + ORDER_SEED + ++this.#pass)
    }
    return this.#order.at(this.#place++)
  }
}
