import type {CacheMode} from './mode.js'

export const none: CacheMode = {
  name: 'none',
  aliases: ['off'],
  since: 2009,
  direct: true,
  dsync: false,
  noFlush: false,
  summary: 'no host page cache (O_DIRECT); a write is in the drive, and stable only after a FLUSH',
  cost: 'each transfer waits for the drive; each FLUSH empties the drive cache',
  source: '"Notes on block I/O data integrity", qemu-devel, 25 August 2009; QEMU cache option table',
}
