import {invariant} from '../../base/index.js'
import type {DiskModel} from './disk-model.js'
import {Medium} from './medium.js'
import type {Command} from './phase.js'

interface Waiting<T> {
  readonly owner: T
  readonly command: Command
}

/** A command that the drive has begun, and the moment of its end. */
export interface Taken<T> {
  readonly owner: T
  readonly endNs: number
}

/**
 * The drive as a queue: commands wait until a channel is free, the model chooses among them, and the end of a command is
 * known when it is taken. Commands of a flush that has to be alone are an exception: what arrived before it goes first,
 * what arrived behind it waits, so that it is not passed over for ever.
 *
 * Usage: add()*, then take() until undefined; free() at the end of each that was taken, then take() again.
 */
export class Drive<T> {
  readonly #model: DiskModel
  readonly #medium: Medium
  readonly #waiting: Waiting<T>[] = []
  #busy = 0
  #alone = false

  constructor(model: DiskModel) {
    this.#model = model
    this.#medium = new Medium(model)
  }

  /** Adds room for one more image behind the others. @returns where it begins */
  extend(bytes: number): number {
    return this.#medium.extend(bytes)
  }

  /** A command arrives. */
  add(owner: T, command: Command): void {
    this.#waiting.push({owner, command})
  }

  /** A free channel takes the next command, if there are both. */
  take(nowNs: number): Taken<T> | undefined {
    const chosen = this.#choose()
    if (!chosen) return undefined
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1)
    this.#busy++
    this.#alone = this.#isAlone(chosen)
    return {owner: chosen.owner, endNs: this.#medium.serve(chosen.command, nowNs)}
  }

  /** A command has ended: its channel is free. */
  free(): void {
    invariant(this.#busy > 0, 'a simulated drive frees a channel that was not taken')
    this.#busy--
    this.#alone = false
  }

  #isAlone({command}: Waiting<T>): boolean {
    return this.#model.flushAlone && command.kind === 'flush'
  }

  #choose(): Waiting<T> | undefined {
    if (this.#alone || this.#busy >= this.#model.channels) return undefined
    let best: Waiting<T> | undefined
    let bestBytes = Infinity
    for (const one of this.#waiting) {
      if (this.#isAlone(one)) return best ?? (this.#busy === 0 ? one : undefined)
      if (this.#model.scheduling === 'fifo') return one
      const bytes = this.#medium.distance(one.command)
      if (bytes < bestBytes) [best, bestBytes] = [one, bytes]
    }
    return best
  }
}
