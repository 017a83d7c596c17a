// The undo log of TDB. A commit saves the old contents (sectors 2 and 3), syncs, declares them valid (sector 0), syncs, writes the
// new data in place (sectors 16 and 17), syncs, clears the declaration, syncs, and tells its user. Each of the four syncs is needed:
// without-sync-N.ndjson is the same trace without the N-th sync of each commit.

const COMMITS = 2
const [HEADER, SAVED, DATA] = [0, 2, 16]

export default function check({read, write, reached, fail}) {
  const text = (sector) => Buffer.from(read(sector * 512, 8)).toString('latin1')
  const number = (sector) => Number(/^value-(\d)/.exec(text(sector))?.[1] ?? 0)

  // Recovery: what was saved goes back, if it had been declared valid.
  if (text(HEADER) === 'valid   ') write(DATA * 512, read(SAVED * 512, 1024))

  const [a, b] = [number(DATA), number(DATA + 1)]
  if (a !== b) fail(`half of a commit: ${a} and ${b}`)
  for (let commit = 1; commit <= COMMITS; commit++) {
    if (reached.has(`commit ${commit}`) && a < commit) fail(`the data is that of commit ${a}`)
  }
}
