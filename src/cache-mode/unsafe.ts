import type {CacheMode} from './mode.js'

export const unsafe: CacheMode = {
  name: 'unsafe',
  aliases: [],
  since: 2010,
  direct: false,
  dsync: false,
  noFlush: true,
  summary: 'host page cache; FLUSH is answered OK and ignored',
  cost: 'none, and nothing is ever stable',
  source: 'QEMU cache option table',
}
