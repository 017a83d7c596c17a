import {Prng, type Random} from '../../base/index.js'

/** What a simulation draws random numbers for. Each purpose has numbers of its own. */
const PURPOSES = ['disk', 'steps', 'faults', 'crash'] as const
export type Purpose = (typeof PURPOSES)[number]

/**
 * The numbers for one purpose. The same seed may be given to the disk, the backend and the crash: what one of them draws
 * says nothing about what the others do. With shared numbers, a slow write would always be one that is lost.
 */
export function streamOf(seed: number, purpose: Purpose): Prng {
  const root = new Prng(seed)
  const seeds = PURPOSES.map(() => root.next())
  return new Prng(seeds[PURPOSES.indexOf(purpose)] ?? 0)
}

/** How readily things happen: on some disks never, on others hardly ever not. */
const SHARES = [0, 0.25, 0.5, 0.75, 1]

/**
 * The probability with which each of several things happens this time. Seeds need the extremes, or all and nothing would hardly
 * ever be drawn; where every answer is given in turn, one that leaves both open gives every subset once.
 */
export function drawShare(random: Random): number {
  return random.exhaustive ? 0.5 : random.pick(SHARES)
}
