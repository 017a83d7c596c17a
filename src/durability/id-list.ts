const SPELLED_MAX = 12

/**
 * Request numbers for a sentence: ascending ids, runs of three or more written as a range, at most twelve numbers spelled out:
 * "#1-#64, #70", "#2, #4, ... and 95 more".
 */
export function listIds(ids: readonly number[]): string {
  const parts: string[] = []
  let spelled = 0
  let at = 0
  while (at < ids.length) {
    let last = at
    while (last + 1 < ids.length && ids[last + 1] === (ids[last] ?? 0) + 1) last++
    const isRun = last - at >= 2
    if (spelled + (isRun ? 2 : 1) > SPELLED_MAX) break
    parts.push(isRun ? `#${ids[at]}-#${ids[last]}` : `#${ids[at]}`)
    spelled += isRun ? 2 : 1
    at = isRun ? last + 1 : at + 1
  }
  const left = ids.length - at
  return left > 0 ? `${parts.join(', ')} and ${left} more` : parts.join(', ')
}
