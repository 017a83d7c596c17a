import {SECTOR_BYTES, SectorSet, type Range} from '../base/index.js'

/**
 * How many bytes a power cut may take away now, in memory bounded by what was written since the last flush (1/4096 of it) however
 * long the server runs. Never less than the ledger's answer; more where a stable write supersedes a volatile one, which this does
 * not follow.
 */
export class RiskMeter {
  /** What ended since a flush began, oldest first; the last takes what ends now. */
  #sets: {readonly epoch: number; readonly sectors: SectorSet}[] = [{epoch: 1, sectors: new SectorSet()}]
  #epoch = 1
  #isPoisoned = false

  /** A write that is not stable has ended, well or not. */
  wrote(offsetBytes: number, lengthBytes: number): void {
    this.#sets.at(-1)?.sectors.add(offsetBytes, lengthBytes)
  }

  /** Nothing that has ended is left to be made stable. */
  get isSettled(): boolean {
    return !this.#isPoisoned && this.#sets.every(({sectors}) => sectors.size === 0)
  }

  /** A flush has been submitted: it covers what has ended. @returns its number for flushed() */
  flushBegan(): number {
    const covers = this.#epoch
    if (!this.#isPoisoned && (this.#sets.at(-1)?.sectors.size ?? 0) > 0) {
      this.#epoch++
      this.#sets.push({epoch: this.#epoch, sectors: new SectorSet()})
      return covers
    }
    return covers - 1
  }

  /** That flush has ended well. */
  flushed(covers: number): void {
    if (!this.#isPoisoned) this.#sets = this.#sets.filter(({epoch}) => epoch > covers)
  }

  /** A sync has failed: nothing that was written is sure any more, whatever later flushes say. */
  poisoned(): void {
    this.#isPoisoned = true
  }

  /** @param inFlight writes that have not ended */
  bytesAtRisk(inFlight: readonly Range[]): number {
    const [first] = this.#sets
    if (this.#sets.length === 1 && inFlight.length === 0) return (first?.sectors.size ?? 0) * SECTOR_BYTES
    const union = new SectorSet()
    for (const {sectors} of this.#sets) union.addAll(sectors)
    for (const {offsetBytes, lengthBytes} of inFlight) union.add(offsetBytes, lengthBytes)
    return union.size * SECTOR_BYTES
  }
}
