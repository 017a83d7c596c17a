import {alignOut, invariant, joinRanges, SECTOR_BYTES, type Random, type Range} from '../../base/index.js'
import type {CacheMode} from '../../cache-mode/index.js'
import {isOwed, type BlockVersion, type SectorVersion, type Writer} from './layer.js'
import {LayerStack, SURVIVOR, type Route} from './layer-stack.js'
import {fingerprintOf} from './fingerprint.js'
import {drawShare, streamOf} from './stream.js'

/** What ends the run. Each keeps less than the one before. */
export type CrashKind = 'processKill' | 'osCrash' | 'powerLoss'

export interface SimDiskOptions {
  readonly sizeBytes: number
  readonly seed: number
  /** Decides instead of the seed whatever the disk is free to do. */
  readonly random?: Random | undefined
  /** How the image was opened: bypassing the page cache or not, every write stable at its end or not. */
  readonly mode: Pick<CacheMode, 'direct' | 'dsync'>
  /** Content before the run: fills target from an offset; both are whole sectors. Zeroes when left out. */
  readonly initial?: (offsetBytes: number, target: Uint8Array) => void
  /** Whether a sector had storage before the run. Holes read as zeroes whatever `initial` says. All have when left out. */
  readonly allocated?: (sector: number) => boolean
  /** The file system's block: the unit of allocation and of writeback. A multiple of 512; 4096 when left out. */
  readonly blockBytes?: number
  /**
   * Also does what guarantees leave open although hosts take more care: writes blocks back in parts, as if every sector were a
   * block; and keeps O_DIRECT data in host memory until a sync where the allocation was not synced before, as copying on write
   * would.
   */
  readonly careless?: boolean
  /** A disk to catch: syncs, or dsync writes, are answered OK and make nothing stable. */
  readonly lies?: 'flush' | 'fua'
}

/** A write, ZERO or PUNCH in flight. Made by SimDisk; all a caller does with it is hand it back. */
export interface Change extends Writer {
  readonly range: Range
  /** Read when a sector is applied, not before: a caller that reuses the buffer too early damages its own data. */
  readonly data: Uint8Array | undefined
  readonly dsync: boolean
}

/** A sync in flight: what it owes. */
export interface Sync {
  readonly sectors: ReadonlyMap<number, SectorVersion>
  readonly blocks: ReadonlySet<number>
  readonly notes: ReadonlySet<BlockVersion>
}

interface OpenSync extends Sync {
  readonly sectors: Map<number, SectorVersion>
}

interface OpenChange extends Change {
  ended: boolean
  /** Sectors not applied yet. */
  readonly pending: Set<number>
  readonly own: Map<number, SectorVersion>
}

interface Application {
  readonly change: OpenChange
  readonly sector: number
}

/** How often data moves by itself: some disks never write back unasked, others hardly wait. */
const RESTLESSNESS = [0, 0.3, 0.6, 0.9]
const ZEROES = new Uint8Array(SECTOR_BYTES)

/**
 * A disk below a host, with everything between a write and the medium that can lose it (layer-stack.ts). Deterministic: the
 * same calls with the same seed do the same. It promises what the guarantees promise and nothing more; wherever they leave
 * a choice, the seed chooses, so that a claim too strong is wrong on some seed:
 *
 * - a buffered write ends in the host layer; an O_DIRECT write in the drive, or in the host layer while the allocation of
 *   its block is not committed; a dsync write on the medium;
 * - ZERO and PUNCH change metadata and end in the host layer in every mode;
 * - a sync makes stable what ended before beginSync(), and any part of the rest;
 * - a failed sync makes nothing stable and gives the dirty host layer up: readable, but no later sync moves it;
 * - a step in flight has any subset of its sectors applied, a failed one for ever.
 *
 * Cost grows with the sectors written or zeroed, not with the size of the disk.
 */
export class SimDisk {
  readonly sizeBytes: number
  readonly mode: Pick<CacheMode, 'direct' | 'dsync'>
  readonly #options: SimDiskOptions
  readonly #blockBytes: number
  readonly #random: Random
  readonly #restlessness: number
  readonly #inFlight = new Set<OpenChange>()
  readonly #syncs = new Set<OpenSync>()
  #layers: LayerStack

  constructor(options: SimDiskOptions) {
    this.#options = options
    this.sizeBytes = options.sizeBytes
    this.mode = options.mode
    this.#blockBytes = options.blockBytes ?? 4096
    this.#random = options.random ?? streamOf(options.seed, 'disk')
    this.#restlessness = this.#random.exhaustive ? 0 : this.#random.pick(RESTLESSNESS)
    const blockSectors = this.#blockBytes / SECTOR_BYTES
    this.#layers = new LayerStack({blockSectors, mappedAtFirst: (block) => this.#mappedAtFirst(block, blockSectors)})
  }

  #mappedAtFirst(block: number, blockSectors: number): boolean {
    const allocated = this.#options.allocated
    if (!allocated) return true
    const end = Math.min((block + 1) * blockSectors, Math.ceil(this.sizeBytes / SECTOR_BYTES))
    for (let sector = block * blockSectors; sector < end; sector++) if (!allocated(sector)) return false
    return true
  }

  /** Bytes not yet on the medium. */
  get volatileBytes(): number {
    return (this.#layers.host.sectors.size + this.#layers.drive.sectors.size) * SECTOR_BYTES
  }

  /** Fills target with what a read returns now. Any offset and length inside the disk. */
  read(offsetBytes: number, target: Uint8Array): void {
    const whole = alignOut({offsetBytes, lengthBytes: target.length}, SECTOR_BYTES)
    const aligned = whole.lengthBytes === target.length
    const bytes = aligned ? target : new Uint8Array(whole.lengthBytes)
    bytes.fill(0)
    this.#options.initial?.(whole.offsetBytes, bytes)
    const first = whole.offsetBytes / SECTOR_BYTES
    for (let i = 0; i * SECTOR_BYTES < bytes.length; i++) {
      const version = this.#layers.newest(first + i)
      if (version) bytes.set(version.bytes, i * SECTOR_BYTES)
      else if (this.#options.allocated?.(first + i) === false) bytes.set(ZEROES, i * SECTOR_BYTES)
    }
    if (!aligned) target.set(bytes.subarray(offsetBytes - whole.offsetBytes).subarray(0, target.length))
  }

  /**
   * The blocks of a range without a committed allocation: a write there under O_DIRECT needs metadata that an OS crash can
   * take away. `extents` answers as a file system's extent map does, which also counts an O_DIRECT write's allocation that
   * is not committed yet: whoever relies on it has to remember those until the next sync.
   */
  freshRanges(offsetBytes: number, lengthBytes: number, view: 'committed' | 'extents' = 'committed'): Range[] {
    const range = alignOut({offsetBytes, lengthBytes}, this.#blockBytes)
    const found: Range[] = []
    for (let at = range.offsetBytes; at < range.offsetBytes + range.lengthBytes; at += this.#blockBytes) {
      const block = at / this.#blockBytes
      const fresh = view === 'extents' && this.mode.direct ? !this.#layers.isMapped(block) : this.#layers.isFresh(block)
      if (fresh) found.push({offsetBytes: at, lengthBytes: this.#blockBytes})
    }
    return joinRanges(found)
  }

  /** A write starts. data belongs to the disk until endChange(). */
  beginWrite(offsetBytes: number, data: Uint8Array, dsync: boolean): Change {
    return this.#begin({offsetBytes, lengthBytes: data.length}, data, dsync || this.mode.dsync)
  }

  /** A ZERO or PUNCH starts. Both leave blocks that have to be allocated, or marked written, anew. */
  beginZero(offsetBytes: number, lengthBytes: number): Change {
    return this.#begin({offsetBytes, lengthBytes}, undefined, false)
  }

  #begin(range: Range, data: Uint8Array | undefined, dsync: boolean): OpenChange {
    const pending = new Set<number>()
    const end = Math.ceil((range.offsetBytes + range.lengthBytes) / SECTOR_BYTES)
    if (range.lengthBytes > 0) {
      for (let sector = Math.floor(range.offsetBytes / SECTOR_BYTES); sector < end; sector++) pending.add(sector)
    }
    const change = {range, data, dsync, ended: false, pending, own: new Map<number, SectorVersion>()}
    this.#inFlight.add(change)
    return change
  }

  /** Time passes: of each change in flight, a share of the sectors not applied yet is applied, in an order of the seed's. */
  progress(shareOf: (change: Change) => number): void {
    for (const {change, sector} of chosen(this.#inFlight, shareOf, this.#random)) this.#apply(change, sector)
  }

  #apply(change: OpenChange, sector: number): void {
    change.pending.delete(sector)
    const version = this.#put(this.#layers, change, sector, this.#random)
    if (change.dsync) change.own.set(sector, version)
  }

  #put(layers: LayerStack, change: Change, sector: number, random: Random, writer: Writer = change): SectorVersion {
    const start = sector * SECTOR_BYTES
    const from = Math.max(change.range.offsetBytes, start)
    const to = Math.min(change.range.offsetBytes + change.range.lengthBytes, start + SECTOR_BYTES)
    const at = from - change.range.offsetBytes
    const isWhole = to - from === SECTOR_BYTES
    const bytes =
      isWhole && change.data
        ? new Uint8Array(change.data.subarray(at, at + SECTOR_BYTES))
        : new Uint8Array(SECTOR_BYTES)
    if (!isWhole) {
      this.#readSector(layers, sector, bytes)
      if (change.data) bytes.set(change.data.subarray(at, at + to - from), from - start)
      else bytes.fill(0, from - start, to - start)
    }
    return layers.write(sector, bytes, writer, this.#routeOf(layers, change, sector, random))
  }

  #routeOf(layers: LayerStack, change: Change, sector: number, random: Random): Route {
    if (!change.data) return 'zero'
    if (!this.mode.direct) return 'buffered'
    const mayStay = this.#options.careless && layers.isUnsettled(layers.blockOf(sector))
    return mayStay && random.chance(0.5) ? 'buffered' : 'direct'
  }

  #readSector(layers: LayerStack, sector: number, target: Uint8Array): void {
    const version = layers.newest(sector)
    if (version) target.set(version.bytes)
    else if (this.#options.allocated?.(sector) !== false) this.#options.initial?.(sector * SECTOR_BYTES, target)
  }

  /** A change ends: all of it is applied, or, when it failed, any part of it. */
  endChange(handle: Change, ok: boolean): void {
    const change = [...this.#inFlight].find((one) => one === handle)
    invariant(change !== undefined, 'a change was ended that is not in flight on this simulated disk')
    const share = ok ? 1 : drawShare(this.#random)
    for (const {sector} of chosen([change], () => share, this.#random)) this.#apply(change, sector)
    this.#inFlight.delete(change)
    if (!ok) return
    if (!change.data) this.#unmap(change)
    change.ended = true
    if (change.dsync && this.#options.lies !== 'fua') this.#settleOwn(change)
  }

  /** Only whole blocks change their allocation; the rest is zeroed in place. */
  #unmap(change: OpenChange): void {
    const end = change.range.offsetBytes + change.range.lengthBytes
    const first = Math.ceil(change.range.offsetBytes / this.#blockBytes)
    for (let block = first; (block + 1) * this.#blockBytes <= end; block++) this.#layers.unmap(block, change)
  }

  /** A dsync write ends: its own sectors are stable, and the allocation of its own blocks. Nothing else is owed. */
  #settleOwn(change: OpenChange): void {
    const blocks = new Set<number>()
    for (const [sector, version] of change.own) {
      this.#layers.settle(sector, version)
      blocks.add(this.#layers.blockOf(sector))
    }
    for (const block of blocks) {
      // Also where a failed sync had given the allocation up: the write that succeeds has it written.
      this.#layers.reviveBlock(block)
      if (this.mode.direct || this.#random.chance(0.5)) this.#layers.writeBack(block)
      this.#layers.settleBlock(block)
    }
  }

  /** A sync is queued: it owes what has ended by now. */
  beginSync(): Sync {
    const sectors = new Map<number, SectorVersion>()
    const blocks = new Set<number>()
    const notes = new Set<BlockVersion>()
    for (const [sector, version] of this.#layers.drive.sectors) if (isOwed(version)) sectors.set(sector, version)
    for (const [sector, version] of this.#layers.host.sectors) {
      if (!isOwed(version)) continue
      sectors.set(sector, version)
      blocks.add(this.#layers.blockOf(sector))
    }
    for (const [block, note] of this.#layers.host.blocks) {
      if (!isOwed(note)) continue
      notes.add(note)
      blocks.add(block)
    }
    for (const note of this.#layers.drive.blocks.values()) if (isOwed(note)) notes.add(note)
    const sync = {sectors, blocks, notes}
    this.#syncs.add(sync)
    return sync
  }

  /** A sync ends. */
  endSync(handle: Sync, ok: boolean): void {
    const sync = [...this.#syncs].find((one) => one === handle)
    invariant(sync !== undefined, 'a sync was ended that is not in flight on this simulated disk')
    this.#syncs.delete(sync)
    if (!ok) this.#giveUp(sync)
    else if (this.#options.lies !== 'flush') this.#settleSync(sync)
  }

  #settleSync(sync: Sync): void {
    const layers = this.#layers
    const share = drawShare(this.#random)
    for (const block of layers.hostBlocks()) {
      if (sync.blocks.has(block) ? !this.#mayLag(block, sync) : this.#random.chance(share)) layers.writeBack(block)
    }
    for (const [sector, owed] of sync.sectors) {
      const newer = layers.drive.sectors.get(sector)
      // A write that came later may travel along or stay behind; what was owed is on the medium either way.
      layers.settle(sector, newer && newer.order > owed.order && this.#random.chance(0.5) ? newer : owed)
    }
    for (const sector of [...layers.drive.sectors.keys()]) {
      if (!sync.sectors.has(sector) && this.#random.chance(share)) layers.destage(sector)
    }
    for (const [block, note] of [...layers.drive.blocks]) {
      if (!this.#options.careless || sync.notes.has(note)) layers.settleBlock(block)
    }
    if (this.#options.careless && this.mode.direct) layers.releaseHeld()
  }

  /**
   * Whether the part of a block that is not owed stays in host memory this time. Under O_DIRECT the block's allocation goes
   * down as a whole, so only a later ZERO or PUNCH can stay behind.
   */
  #mayLag(block: number, sync: Sync): boolean {
    const note = this.#layers.host.blocks.get(block)
    const possible = !this.mode.direct || (note !== undefined && !note.mapped && !sync.notes.has(note))
    return possible && this.#random.chance(0.5)
  }

  /**
   * Pages dirty at a failed writeback become clean, also those of writes still in flight: each of them may be hit. Another
   * sync under way owes them no more, though it may report success: a host tells only one caller of an error.
   */
  #giveUp(sync: Sync): void {
    const layers = this.#layers
    for (const [sector, version] of [...layers.host.sectors]) {
      if (sync.sectors.get(sector) !== version && this.#random.chance(0.5)) continue
      layers.poisonSector(sector)
      for (const other of this.#syncs) if (other.sectors.get(sector) === version) other.sectors.delete(sector)
    }
    for (const [block, note] of [...layers.host.blocks]) {
      if (sync.notes.has(note) || this.#random.chance(0.5)) layers.poisonBlock(block)
    }
  }

  /**
   * Spontaneous writeback and destaging: now and then a block or a sector moves on, any one. Where every answer is given in turn,
   * each block and then each sector moves on or not, once: an endless loop has no end of combinations.
   */
  drift(): void {
    const layers = this.#layers
    if (this.#random.exhaustive) {
      layers.stir(this.#random, drawShare(this.#random), drawShare(this.#random), this.#options.careless)
      return
    }
    const takes = this.#options.careless ? (): boolean => this.#random.chance(0.5) : undefined
    while (this.#random.chance(this.#restlessness)) {
      const layer = this.#random.pick([layers.host, layers.drive])
      const sector = layer.draw(this.#random)
      if (sector === undefined) continue
      if (layer === layers.host) layers.writeBack(layers.blockOf(sector), takes)
      else layers.destage(sector)
    }
  }

  /**
   * What one crash at this moment leaves, as a disk of its own with nothing in flight; this disk goes on untouched. Many
   * seeds give many outcomes of the same moment: of steps in flight any sectors are there or not, and any part of what
   * could move on unasked has done so. With the same seed, an OS crash keeps no more than a process kill, and a power cut
   * no more than an OS crash.
   *
   * @param crashSeed or who decides instead; the disk that is left asks the same one on
   */
  crash(kind: CrashKind, crashSeed: number | Random): SimDisk {
    const isSeed = typeof crashSeed === 'number'
    const random = isSeed ? streamOf(crashSeed, 'crash') : crashSeed
    const {seed} = this.#options
    const left = new SimDisk({
      ...this.#options,
      seed: isSeed ? random.next() : seed,
      random: isSeed ? undefined : random,
    })
    const layers = this.#layers.survivor()
    const shares = new Map([...this.#inFlight].map((change) => [change as Change, drawShare(random)]))
    for (const {change, sector} of chosen(this.#inFlight, (one) => shares.get(one) ?? 0, random)) {
      this.#put(layers, change, sector, random, SURVIVOR)
    }
    layers.stir(random, drawShare(random), drawShare(random), this.#options.careless)
    layers.lose({host: kind !== 'processKill', drive: kind === 'powerLoss'})
    left.#layers = layers
    return left
  }

  /**
   * A text that is the same only for disks (with the same options) that look the same from outside and can do the same from now
   * on: it tells where everything is, what is in flight, and what is owed to whom.
   *
   * @param nameOf a short name for the content of a sector or a whole write, another for every other content
   */
  fingerprint(nameOf: (bytes: Uint8Array) => string): string {
    return fingerprintOf({layers: this.#layers, changes: this.#inFlight, syncs: this.#syncs}, nameOf)
  }
}

/** Sectors to apply now, each with its change's probability, shuffled: overlapping changes meet in any order per sector. */
function chosen(
  changes: Iterable<OpenChange>,
  shareOf: (change: Change) => number,
  random: Random,
): readonly Application[] {
  const found: Application[] = []
  for (const change of changes) {
    const share = shareOf(change)
    for (const sector of change.pending) if (random.chance(share)) found.push({change, sector})
  }
  for (let i = found.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const [a, b] = [found[i], found[j]]
    if (a && b) [found[i], found[j]] = [b, a]
  }
  return found
}
