import type {CacheMode} from './mode.js'

export const writethrough: CacheMode = {
  name: 'writethrough',
  aliases: [],
  direct: false,
  dsync: true,
  noFlush: false,
  summary: 'host page cache for reads; every write is stable when it completes',
  cost: 'each write waits for stable media',
  source: 'seed 002 (O_DSYNC); QEMU cache option table',
}
