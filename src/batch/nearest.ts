/** The longest word a suggestion is worth searching for. */
const WORD_MAX = 40

/** The candidate at most two typing slips away from the word, or undefined. Case counts for nothing. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_MAX) return undefined
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestSlips = Math.min(3, wanted.length)
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestSlips) continue
    const slips = slipsBetween(wanted, candidate.toLowerCase())
    if (slips < bestSlips) {
      best = candidate
      bestSlips = slips
    }
  }
  return best
}

/** Levenshtein distance: letters added, dropped or replaced. */
function slipsBetween(a: string, b: string): number {
  let above = Array.from({length: b.length + 1}, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    above = current
  }
  return above[b.length] ?? 0
}
