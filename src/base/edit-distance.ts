/**
 * How many slips of the finger lie between two words: a letter too many, one missing, a wrong one, or two neighbours
 * swapped (optimal string alignment distance).
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({length: b.length + 1}, (_, x) => x)
  for (let y = 1; y <= a.length; y++) {
    const row = [y]
    for (let x = 1; x <= b.length; x++) {
      const wrong = a[y - 1] === b[x - 1] ? 0 : 1
      let slips = Math.min((row[x - 1] ?? 0) + 1, (above[x] ?? 0) + 1, (above[x - 1] ?? 0) + wrong)
      const swapped = y > 1 && x > 1 && a[y - 1] === b[x - 2] && a[y - 2] === b[x - 1]
      if (swapped) slips = Math.min(slips, (before[x - 2] ?? 0) + 1)
      row.push(slips)
    }
    before = above
    above = row
  }
  return above[b.length] ?? 0
}
