import type {CacheMode} from './mode.js'

export const writeback: CacheMode = {
  name: 'writeback',
  aliases: [],
  since: 2009,
  direct: false,
  dsync: false,
  noFlush: false,
  summary: 'host page cache; a write is stable only after a FLUSH',
  cost: 'writes run at memory speed; each FLUSH pays for what is dirty',
  source: '"Notes on block I/O data integrity", qemu-devel, 25 August 2009; QEMU cache option table',
}
