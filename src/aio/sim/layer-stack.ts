import type {Random} from '../../base/index.js'
import {covering, Layer, type SectorVersion, type Writer} from './layer.js'

/** How sectors lie in blocks, and which blocks had storage of their own before the run. */
export interface BlockMap {
  readonly blockSectors: number
  readonly mappedAtFirst: (block: number) => boolean
}

/** Where a step puts a sector: `direct` bypasses the host's page cache, `zero` changes data and metadata in host memory. */
export type Route = 'buffered' | 'direct' | 'zero'

/** Who has written what a crash left. */
export const SURVIVOR: Writer = {ended: true}

/**
 * The places a write passes on its way to the medium, and every movement between them:
 *
 *     host    page cache, and metadata the file system has not committed    lost by an OS crash and a power cut
 *     drive   the drive's volatile cache                                    lost by a power cut
 *     medium                                                                never lost
 *
 * A sector is in the host layer as long as *anything* needed to read it is there: data that an O_DIRECT write has given to
 * the drive stays here while its block's allocation is not committed, because without that it reads as the hole it was.
 * The host layer is newer than the drive layer, and that is newer than the medium.
 */
export class LayerStack {
  readonly host = new Layer()
  readonly drive = new Layer()
  readonly medium = new Layer()
  readonly #map: BlockMap
  #order = 0

  constructor(map: BlockMap) {
    this.#map = map
  }

  blockOf(sector: number): number {
    return Math.floor(sector / this.#map.blockSectors)
  }

  /** What a read finds; undefined where nothing was ever written. */
  newest(sector: number): SectorVersion | undefined {
    return this.host.sectors.get(sector) ?? this.drive.sectors.get(sector) ?? this.medium.sectors.get(sector)
  }

  /** True unless the block's storage is committed: a hole, an unwritten extent, or an allocation still in host memory. */
  isFresh(block: number): boolean {
    return this.host.blocks.has(block) || !this.#isCommitted(block)
  }

  /** Whether host memory says that the block has written storage, committed or not. */
  isMapped(block: number): boolean {
    return this.host.blocks.get(block)?.mapped ?? this.#isCommitted(block)
  }

  /** Whether the block's allocation is committed in the drive only. */
  isUnsettled(block: number): boolean {
    return this.drive.blocks.has(block)
  }

  #isCommitted(block: number): boolean {
    const version = this.drive.blocks.get(block) ?? this.medium.blocks.get(block)
    return version?.mapped ?? this.#map.mappedAtFirst(block)
  }

  /** Applies one sector of a step. The bytes belong to the stack from now on. */
  write(sector: number, bytes: Uint8Array, writer: Writer, route: Route): SectorVersion {
    const order = ++this.#order
    const block = this.blockOf(sector)
    const above = this.host.sectors.get(sector)
    if (route === 'direct' && !this.isFresh(block)) {
      const covers = covering(above, this.drive.sectors.get(sector))
      const version = {order, writer, covers, poisoned: false, bytes}
      this.drive.put(sector, version)
      this.host.drop(sector)
      return version
    }
    const version = {order, writer, covers: covering(above), poisoned: false, bytes}
    this.host.put(sector, version)
    if (route !== 'zero' && this.isFresh(block)) this.#note(block, true, order, writer)
    return version
  }

  /** The block becomes a hole or an unwritten extent, in host memory first. */
  unmap(block: number, writer: Writer): void {
    if (this.host.blocks.has(block) || this.#isCommitted(block)) this.#note(block, false, ++this.#order, writer)
  }

  #note(block: number, mapped: boolean, order: number, writer: Writer): void {
    const covers = covering(this.host.blocks.get(block))
    this.host.blocks.set(block, {order, writer, covers, poisoned: false, mapped})
  }

  /** Blocks that have something in host memory. */
  hostBlocks(): Set<number> {
    const blocks = new Set(this.host.blocks.keys())
    for (const sector of this.host.sectors.keys()) blocks.add(this.blockOf(sector))
    return blocks
  }

  /**
   * Host to drive: a whole block at once, with its allocation; all but what a failed sync gave up.
   *
   * @param takes asked for each sector, where a host may write a block back in parts
   */
  writeBack(block: number, takes: () => boolean = () => true): void {
    const first = block * this.#map.blockSectors
    for (let sector = first; sector < first + this.#map.blockSectors; sector++) {
      const version = this.host.sectors.get(sector)
      if (!version || version.poisoned || !takes()) continue
      const below = this.drive.sectors.get(sector)
      this.drive.put(sector, below ? {...version, covers: [...version.covers, ...covering(below)]} : version)
      this.host.drop(sector)
    }
    const note = this.host.blocks.get(block)
    if (note && !note.poisoned) {
      this.drive.blocks.set(block, note)
      this.host.blocks.delete(block)
    }
  }

  /** Host to drive: all that waits there although the allocation of its block is on the medium. */
  releaseHeld(): void {
    for (const block of this.hostBlocks()) {
      if (!this.host.blocks.has(block) && !this.drive.blocks.has(block)) this.writeBack(block)
    }
  }

  /** Drive to medium: one sector, with the allocation of its block. */
  destage(sector: number): void {
    const version = this.drive.sectors.get(sector)
    if (!version) return
    this.settle(sector, version)
    this.settleBlock(this.blockOf(sector))
  }

  /** Puts one version on the medium, unless a newer one is there. What it replaces on the way is gone. */
  settle(sector: number, version: SectorVersion): void {
    for (const layer of [this.host, this.drive]) {
      const found = layer.sectors.get(sector)
      if (found && found.order <= version.order) layer.drop(sector)
    }
    const below = this.medium.sectors.get(sector)
    if (!below || below.order < version.order) this.medium.put(sector, version)
  }

  /** Drive to medium: what the drive knows of one block's allocation. */
  settleBlock(block: number): void {
    const note = this.drive.blocks.get(block)
    if (!note) return
    this.medium.blocks.set(block, note)
    this.drive.blocks.delete(block)
  }

  /** The system loses interest in a dirty sector after a failed sync: readable, clean, and not on its way anywhere. */
  poisonSector(sector: number): void {
    const version = this.host.sectors.get(sector)
    if (version) this.host.put(sector, {...version, poisoned: true})
  }

  poisonBlock(block: number): void {
    const note = this.host.blocks.get(block)
    if (note) this.host.blocks.set(block, {...note, poisoned: true})
  }

  /** The block's allocation is on its way again. */
  reviveBlock(block: number): void {
    const note = this.host.blocks.get(block)
    if (note?.poisoned) this.host.blocks.set(block, {...note, poisoned: false})
  }

  /**
   * Spontaneous movement: each block of the host layer, then each sector of the drive, with a probability of its own.
   *
   * @param tears a block that moves may leave any of its sectors behind
   */
  stir(random: Random, hostShare: number, driveShare: number, tears = false): void {
    for (const block of this.hostBlocks()) {
      if (random.chance(hostShare)) this.writeBack(block, tears ? () => random.chance(0.5) : undefined)
    }
    for (const sector of [...this.drive.sectors.keys()]) if (random.chance(driveShare)) this.destage(sector)
  }

  /**
   * A stack with the same layers, in which all counts as written by steps that ended: the next user of the disk sees it, and a sync of
   * theirs owes it.
   */
  survivor(): LayerStack {
    const copy = new LayerStack(this.#map)
    copy.#order = this.#order
    copy.host.adopt(this.host, SURVIVOR)
    copy.drive.adopt(this.drive, SURVIVOR)
    copy.medium.adopt(this.medium, SURVIVOR)
    return copy
  }

  /** What a crash takes away. */
  lose({host, drive}: {readonly host: boolean; readonly drive: boolean}): void {
    if (host) this.host.clear()
    if (drive) this.drive.clear()
  }
}
