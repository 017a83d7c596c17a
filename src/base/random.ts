/**
 * What a simulation asks for its decisions. A `Prng` answers by its seed, a `Chooser` with every answer in turn; whoever draws
 * through this serves both.
 */
export interface Random {
  /** True when every answer that can be given is given once: how likely one is does not matter then. */
  readonly exhaustive: boolean
  /** A whole number 0 .. 2^32-1. */
  next(): number
  /** A whole number 0 .. limit-1; limit at most 2^32. */
  below(limit: number): number
  /** True with the given probability: never at 0, always at 1. */
  chance(probability: number): boolean
  /** One of the given values. */
  pick<T>(values: readonly T[]): T
}
