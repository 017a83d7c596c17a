/** The same things in the same cyclic order, beginning with another one each round. */
export function rotated<T>(things: readonly T[], round: number): T[] {
  const first = things.length === 0 ? 0 : round % things.length
  return [...things.slice(first), ...things.slice(0, first)]
}
