/**
 * Choices, one number below its width per place, so that for any two places every two numbers stand together in some row.
 *
 * Why it does: with a prime q not below any width, two places differ in some digit of base q. The rows of that digit give place
 * d the number s + t*d mod q for all s and t, and for two different d those are all pairs, each once.
 */
export function* pairRows(widths: readonly number[]): Generator<readonly number[]> {
  const q = primeFrom(widths.reduce((widest, width) => Math.max(widest, width), 2))
  for (let power = 1; power === 1 || power < widths.length; power *= q) {
    for (let s = 0; s < q; s++) {
      for (let t = 0; t < q; t++) {
        yield widths.map((width, place) => ((s + t * (Math.floor(place / power) % q)) % q) % width)
      }
    }
  }
}

function primeFrom(least: number): number {
  for (let q = least; ; q++) {
    let divisor = 2
    while (divisor * divisor <= q && q % divisor !== 0) divisor++
    if (divisor * divisor > q) return q
  }
}
