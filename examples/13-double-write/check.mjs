// A page of two sectors is written elsewhere first (sectors 8 and 9), synced, then in place (16 and 17), and synced: one of the two
// is whole at any time.

const PAGES = 3
const [COPY, PLACE] = [8, 16]

export default function check({read, reached, fail}) {
  const text = (sector) => Buffer.from(read(sector * 512, 512)).toString('latin1')
  /** The number of a page, undefined for one that is torn. */
  const pageAt = (sector) => {
    const [first, second] = [text(sector), text(sector + 1)]
    return first === second ? Number(/^page-(\d)/.exec(first)?.[1] ?? 0) : undefined
  }
  const found = pageAt(PLACE) ?? pageAt(COPY)
  if (found === undefined) fail('both copies are torn')
  for (let page = 1; page <= PAGES; page++) {
    if (reached.has(`page ${page}`) && found < page) fail(`the page is that of ${found}`)
  }
}
