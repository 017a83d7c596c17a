const RECORDS = 3

/** Reads the log up to the first record that does not count. */
export function readLog({read, reached, fail}, counts) {
  const text = (sector) => Buffer.from(read(sector * 512, 512)).toString('latin1')
  let last = 0
  for (let record = 1; record <= RECORDS; record++) {
    const [first, second] = [text(record * 2), text(record * 2 + 1)]
    if (!first.startsWith(`record-${record}`) || !counts(first, second)) break
    if (!second.startsWith(`record-${record}`)) fail(`record ${record} was read and is half missing`)
    last = record
  }
  for (let record = 1; record <= RECORDS; record++) {
    if (reached.has(`record ${record}`) && last < record) fail(`the log ends after record ${last}`)
  }
}
