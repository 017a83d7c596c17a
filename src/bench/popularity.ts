import type {Prng} from '../base/index.js'
import type {Distribution} from './workload.js'

/** Terms of the zeta sum that are added up one by one; what is left is integrated. */
const EXACT_TERMS = 1e6

/**
 * Ranks of blocks, 0 the most popular: how often each comes is the distribution's matter, which block it is that of whoever
 * asks. `zipf`: rank k comes in proportion to 1/(k+1)^theta, drawn as Gray et al. 1994 do. `pareto`: by fio's rule, the power
 * ln(h) / ln(1-h) of a uniform number, so that a share 1-h of the accesses falls on a share h of the blocks.
 */
export class Popularity {
  readonly #prng: Prng
  readonly #count: number
  readonly #distribution: Distribution
  readonly #power: number
  readonly #zeta: number
  readonly #eta: number
  readonly #alpha: number

  constructor(distribution: Distribution, count: number, prng: Prng) {
    this.#prng = prng
    this.#count = count
    this.#distribution = distribution
    const theta = distribution.kind === 'zipf' ? distribution.theta : 0
    const h = distribution.kind === 'pareto' ? distribution.h : 0.5
    this.#power = Math.log(h) / Math.log(1 - h)
    this.#zeta = distribution.kind === 'zipf' ? zeta(count, theta) : 0
    this.#alpha = 1 / (1 - theta)
    this.#eta = count > 2 ? (1 - (2 / count) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / Math.max(this.#zeta, 1e-9)) : 1
  }

  /** The next rank. */
  next(): number {
    const uniform = (this.#prng.next() + this.#prng.next() / 2 ** 32) / 2 ** 32
    switch (this.#distribution.kind) {
      case 'random':
        return Math.floor(uniform * this.#count)
      case 'pareto':
        return Math.min(this.#count - 1, Math.floor(this.#count * uniform ** this.#power))
      case 'zipf': {
        const scaled = uniform * this.#zeta
        if (scaled < 1) return 0
        if (scaled < 1 + 0.5 ** this.#distribution.theta) return Math.min(1, this.#count - 1)
        const rank = Math.floor(this.#count * (this.#eta * uniform - this.#eta + 1) ** this.#alpha)
        return Math.min(this.#count - 1, Math.max(0, rank))
      }
    }
  }
}

/** The sum of 1/k^theta for k = 1 .. count. */
function zeta(count: number, theta: number): number {
  const exact = Math.min(count, EXACT_TERMS)
  let sum = 0
  for (let k = 1; k <= exact; k++) sum += k ** -theta
  // The midpoint rule from exact + 1/2 on.
  return sum + ((count + 0.5) ** (1 - theta) - (exact + 0.5) ** (1 - theta)) / (1 - theta)
}
