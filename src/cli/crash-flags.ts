import * as Flags from '@oclif/core/flags'

import {CACHE_MODES, cacheModeOf} from '../cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf} from '../ordering/index.js'

/** The flags that say which images a crash may leave: the same for every command about crashes, and part of every state id. */
export const crashFlags = {
  kind: Flags.option({
    options: ['power', 'os', 'process'] as const,
    default: 'power',
    description: 'What happens: a power cut, a crash of the host, a kill of the process.',
    helpGroup: 'CRASH',
  })(),
  cache: Flags.custom({
    parse: async (name: string) => cacheModeOf(name).name,
    description: `Take the requests to have run under this cache mode: ${CACHE_MODES.map(({name}) => name).join(', ')}. Default: the one they were recorded under.`,
    helpValue: '<mode>',
    helpGroup: 'CRASH',
  })(),
  ordering: Flags.custom({
    parse: async (name: string) => orderingModeOf(name).name,
    description: `Take barriers to have been this: ${ORDERING_MODES.map(({name}) => name).join(', ')}. Default: as recorded.`,
    helpValue: '<policy>',
    helpGroup: 'CRASH',
  })(),
  device: Flags.option({
    options: ['unordered', 'epoch', 'fifo'] as const,
    default: 'unordered',
    description:
      'What everything below may reorder: all, nothing across a barrier, nothing. Only unordered is safe to assume.',
    helpGroup: 'CRASH',
  })(),
  atom: Flags.option({
    options: ['512', '4096', 'request', 'torn'] as const,
    default: '512',
    description: 'What a crash takes or leaves as a whole: a sector, a page, a request, or less than a sector.',
    helpGroup: 'CRASH',
  })(),
  base: Flags.string({
    description:
      'Image that holds what was there before the trace, for what the trace does not know. Where that has what requests changed, the recorded image will do as it is now.',
    helpValue: '<image>',
    helpGroup: 'CRASH',
  }),
}

/** An --atom as a number where it is one. */
export function atomOf(atom: '512' | '4096' | 'request' | 'torn'): 512 | 4096 | 'request' | 'torn' {
  switch (atom) {
    case '512':
      return 512
    case '4096':
      return 4096
    case 'request':
    case 'torn':
      return atom
  }
}
