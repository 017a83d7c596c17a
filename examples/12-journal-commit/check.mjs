// A journal. A commit writes the new data into the journal (sectors 2 and 3), then a commit record with PREFLUSH and FUA (sector
// 0), and tells its user: one request is both the sync before the record and the one behind it. The data is then written in place
// (sectors 16 and 17), flushed, and the journal freed by a record with FUA (sector 1).

const COMMITS = 2
const [COMMIT, FREED, JOURNAL, DATA] = [0, 1, 2, 16]

export default function check({read, write, reached, fail}) {
  const number = (sector) =>
    Number(/^[a-z]+[=-](\d)/.exec(Buffer.from(read(sector * 512, 16)).toString('latin1'))?.[1] ?? 0)

  // Recovery: what is committed and not freed is replayed.
  if (number(COMMIT) > number(FREED)) write(DATA * 512, read(JOURNAL * 512, 1024))

  const [a, b] = [number(DATA), number(DATA + 1)]
  if (a !== b) fail(`half of a commit: ${a} and ${b}`)
  for (let commit = 1; commit <= COMMITS; commit++) {
    if (reached.has(`commit ${commit}`) && a < commit) fail(`the data is that of commit ${a}`)
  }
}
