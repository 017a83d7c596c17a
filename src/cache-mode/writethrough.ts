import type {CacheMode} from './mode.js'

export const writethrough: CacheMode = {
  name: 'writethrough',
  aliases: [],
  since: 2009,
  direct: false,
  dsync: true,
  noFlush: false,
  summary: 'host page cache for reads; every write is stable when it completes',
  cost: 'each write waits for stable media',
  source: '"Notes on block I/O data integrity", qemu-devel, 25 August 2009; QEMU cache option table',
}
