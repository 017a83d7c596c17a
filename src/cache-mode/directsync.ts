import type {CacheMode} from './mode.js'

export const directsync: CacheMode = {
  name: 'directsync',
  aliases: [],
  since: 2011,
  direct: true,
  dsync: true,
  noFlush: false,
  summary: 'no host page cache (O_DIRECT); every write is stable when it completes',
  cost: 'each write waits for stable media, and nothing is cached for reads',
  source: 'QEMU cache option table',
}
