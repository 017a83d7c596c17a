import {availableParallelism} from 'node:os'

/** A wait that is expected to be longer is not worth a processor. */
const MOST_MS = 0.1
const LEAST_MS = 0.01

/**
 * How long to go on asking for the next request before the thread sleeps. To fall asleep and be woken takes longer than a client with
 * one request at a time takes to send the next; a client that thinks longer is waited for asleep. Learns from the waits, as the
 * polling of halted virtual processors in Linux does (Documentation/virt/kvm/halt-polling.rst).
 */
export class IdleSpin {
  readonly #mostMs: number
  #ms = 0

  /** With one processor the client would wait for the thread that waits for it. */
  constructor(processors = availableParallelism()) {
    this.#mostMs = processors > 1 ? MOST_MS : 0
  }

  /** How long to ask before the next sleep. */
  get ms(): number {
    return this.#ms
  }

  /** Tells how long there was nothing to do, asking and sleeping together. */
  waited(ms: number): void {
    if (ms <= this.#ms) return
    if (ms <= this.#mostMs) this.#ms = Math.min(this.#mostMs, Math.max(LEAST_MS, this.#ms * 2))
    else this.#ms = this.#ms > LEAST_MS ? this.#ms / 2 : 0
  }
}
