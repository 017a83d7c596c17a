// A tree is never overwritten where it is in use: a new one (sectors 16-17 or 18-19) is written beside it and synced, then the
// superblock that names it (sector 0 or 1), and synced. The newest superblock counts.

const TREES = 3

export default function check({read, reached, fail}) {
  const text = (sector) => Buffer.from(read(sector * 512, 8)).toString('latin1')
  const superblocks = [0, 1].map((sector) => Number(/^super=(\d)/.exec(text(sector))?.[1] ?? 0))
  const newest = Math.max(...superblocks)
  const place = 16 + (newest % 2) * 2
  if (newest > 0) {
    for (const sector of [place, place + 1]) {
      if (text(sector) !== `tree-${newest}  `) fail(`superblock ${newest} names a tree that is not there`)
    }
  }
  for (let tree = 1; tree <= TREES; tree++) {
    if (reached.has(`super ${tree}`) && newest < tree) fail(`the newest superblock is ${newest}`)
  }
}
