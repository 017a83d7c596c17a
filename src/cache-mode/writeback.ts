import type {CacheMode} from './mode.js'

export const writeback: CacheMode = {
  name: 'writeback',
  aliases: [],
  direct: false,
  dsync: false,
  noFlush: false,
  summary: 'host page cache; a write is stable only after a FLUSH',
  cost: 'writes run at memory speed; each FLUSH pays for what is dirty',
  source: 'seed 002; QEMU cache option table',
}
