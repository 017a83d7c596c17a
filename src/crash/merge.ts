import type {CrashReport, ReportedPoint, ToldViolation} from './report.js'
import type {Shard} from './shard.js'
import type {LostRange} from './violation.js'

/**
 * Puts the reports of parts together that share one exploration, or one part of it, out among themselves. Of each kind, the violation
 * at the earliest crash point with the smallest loss stays.
 *
 * @param reports at least one; a part without one has not been covered
 * @param parts how many there should be
 * @param shard what they are together; null for the whole
 */
export function joinReports(
  reports: readonly [CrashReport, ...CrashReport[]],
  parts: number,
  shard: Shard | null,
): CrashReport {
  const [first] = reports
  const finished = reports.length === parts && reports.every((report) => report.finished)
  const coverage = joinedCoverage(reports)
  const points = reports.map(({crashPoints}) => crashPoints)
  return {
    options: first.options,
    of: first.of,
    shard,
    complete: finished && shard === null && coverage.every(({exhaustive}) => exhaustive),
    finished,
    states: sum(reports.map(({states}) => states)),
    failing: sum(reports.map(({failing}) => failing)),
    runs: sum(reports.map(({runs}) => runs)),
    crashPoints: first.of.shares === 'points' ? sum(points) : Math.min(...points),
    crashPointsAll: first.crashPointsAll,
    listed: finished ? first.listed : null,
    coverage,
    violations: (['inconsistent', 'acknowledged-lost'] as const)
      .flatMap((kind) => smallest(reports.flatMap(({violations}) => violations.filter((one) => one.kind === kind))))
      .toSorted((a, b) => a.event - b.event),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

/** Point by point; one that a part has not come to is not exhausted. */
function joinedCoverage(reports: readonly CrashReport[]): ReportedPoint[] {
  const events = [...new Set(reports.flatMap(({coverage}) => coverage.map(({event}) => event)))]
  return events
    .toSorted((a, b) => a - b)
    .flatMap((event) => {
      const rows = reports.flatMap(({coverage}) => coverage.filter((row) => row.event === event))
      // Whoever came furthest knows what every strategy gave.
      const fullest = rows.reduce((best, row) => (row.strategies.length > best.strategies.length ? row : best))
      const isEverywhere = rows.length === reports.length
      return {
        event,
        images: fullest.images,
        exhaustive: isEverywhere && rows.every(({exhaustive}) => exhaustive),
        asked: sum(rows.map(({asked}) => asked)),
        strategies: fullest.strategies.map((row, i) => ({
          ...row,
          whole: isEverywhere && rows.every(({strategies}) => strategies[i]?.whole ?? false),
        })),
      }
    })
}

function smallest(violations: readonly ToldViolation[]): ToldViolation[] {
  return violations
    .toSorted((a, b) => a.event - b.event || compareLoss(a.lost, b.lost) || (a.state < b.state ? -1 : 1))
    .slice(0, 1)
}

/** Fewer writes come first, then fewer bytes of them. */
function compareLoss(a: readonly LostRange[], b: readonly LostRange[]): number {
  const writes = (lost: readonly LostRange[]): number => new Set(lost.map(({request}) => request)).size
  const bytes = (lost: readonly LostRange[]): number => sum(lost.map(({lengthBytes}) => lengthBytes))
  return writes(a) - writes(b) || bytes(a) - bytes(b)
}
