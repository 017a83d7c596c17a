import {parseDurationNs, ToolError} from '../base/index.js'

/** Reads "10s", "500ms" or "10" (seconds) as milliseconds; 0 is no limit. @throws ToolError of kind usage */
export function parseHandshakeLimit(text: string): number {
  const ns = parseDurationNs(text, 's')
  if (ns !== undefined) return ns / 1e6
  throw new ToolError('usage', 'E_SERVE_FLAGS', `--handshake-limit ${text}: not a time`, {
    hint: 'Write a number with ms, s or m; without one it is seconds. 0 is no limit.',
  })
}

/** Somebody who has to get as far as requests. */
export interface Newcomer {
  readonly wasServed: boolean
  /** It has taken too long. @returns whether it was sent away: not when it has got there, or has gone */
  expire(): boolean
}

/**
 * Sends away who takes too long to get as far as requests, whatever they do instead: nothing, TLS, one option after the other. Whoever
 * has got there may stay for ever. Looking costs nothing where nobody is new.
 */
export class HandshakeLimit {
  readonly #limitMs: number
  /** Until when each has time; the first has the least. */
  readonly #untilMs = new Map<Newcomer, number>()

  /** @param limitMs 0 is no limit */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** Somebody has connected. */
  connected(newcomer: Newcomer, nowMs = performance.now()): void {
    if (this.#limitMs > 0) this.#untilMs.set(newcomer, nowMs + this.#limitMs)
  }

  /** Somebody has gone. */
  gone(newcomer: Newcomer): void {
    this.#untilMs.delete(newcomer)
  }

  /** @returns how many were sent away */
  enforce(nowMs: number): number {
    if (this.#untilMs.size === 0) return 0
    let count = 0
    for (const [newcomer, untilMs] of this.#untilMs) {
      if (!newcomer.wasServed && nowMs < untilMs) break
      this.#untilMs.delete(newcomer)
      if (newcomer.expire()) count++
    }
    return count
  }
}
