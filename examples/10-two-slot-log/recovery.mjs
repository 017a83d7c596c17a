const [A, B] = [16, 17]
/** What A and B have to be after each commit. */
const STATES = ['0 0', '1 1', '2 1', '3 3', '3 4']

/** Recovery, and what it has to come to. `choose` says which of the valid slots, oldest first, are replayed. */
export function recover({read, write, reached, fail}, choose) {
  const text = (sector, length = 512) => Buffer.from(read(sector * 512, length)).toString('latin1')
  const slots = [0, 2].flatMap((sector) => {
    const [, commit, writes] = /^commit=(\d) (..)/.exec(text(sector, 16)) ?? []
    // Both sectors hold the same record: that is the checksum.
    return commit !== undefined && text(sector) === text(sector + 1) ? [{commit: Number(commit), writes}] : []
  })
  slots.sort((one, other) => one.commit - other.commit)
  for (const {commit, writes} of choose(slots)) {
    if (writes.includes('A')) write(A * 512, Buffer.from(`A=${commit}`))
    if (writes.includes('B')) write(B * 512, Buffer.from(`B=${commit}`))
  }

  const value = (sector) => /^[AB]=(\d)/.exec(text(sector, 8))?.[1] ?? '0'
  const found = STATES.indexOf(`${value(A)} ${value(B)}`)
  if (found < 0) fail(`A is of commit ${value(A)}, B of commit ${value(B)}: no commit left that`)
  for (let commit = 1; commit < STATES.length; commit++) {
    if (reached.has(`commit ${commit}`) && found < commit) fail(`the data is that of commit ${found}`)
  }
}
