import {Prng} from '../../base/index.js'

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
