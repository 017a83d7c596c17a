import type {ErrorKind} from '../base/index.js'
import {errnoName, formatBytes} from '../base/index.js'
import {listIds} from '../durability/index.js'
import {endedAsExpected} from './expectation.js'
import type {RequestOutcome, RunResult} from './result.js'
import {requestsAtRisk} from './words.js'

/** The answer of a run: how the command ends, and the sentences that say why. */
export interface Verdict {
  /** The error kind whose exit status the command ends with; undefined for 0. */
  readonly kind: ErrorKind | undefined
  readonly lines: readonly {readonly ok: boolean; readonly text: string}[]
}

/**
 * Judges a run: a signal outweighs a host I/O error, which outweighs a request that did not end as the batch expects, data that
 * differs, or `--require stable` unmet.
 */
export function verdictOf(result: RunResult, requireStable: boolean): Verdict {
  const {counts, atRisk, closingSync} = result
  const lines: {ok: boolean; text: string}[] = []
  const unexpected = counts.ran - counts.asExpected
  if (unexpected > 0) {
    const ids = idsOf(result, (outcome) => !endedAsExpected(outcome))
    lines.push({ok: false, text: `${unexpected} of ${counts.ran} requests did not end as the batch expects: ${ids}`})
  }
  if (counts.verifyFailed > 0) {
    const ids = idsOf(result, ({verification}) => verification?.ok === false)
    const reads = counts.verifyFailed === 1 ? '1 read' : `${counts.verifyFailed} reads`
    lines.push({ok: false, text: `${reads} found other data than verify= expects: ${ids}`})
  }
  const lost = atRisk.powerLoss
  lines.push(
    lost.bytes === 0
      ? {ok: true, text: stableText(result)}
      : {
          ok: false,
          text: `a power cut now may lose ${formatBytes(lost.bytes)} (written by ${listIds(requestsAtRisk(lost))})`,
        },
  )
  if (result.cutToBytes !== undefined) {
    lines.push({
      ok: false,
      text: `somebody cut the image to ${result.cutToBytes} bytes during the run: what lay behind is gone`,
    })
  }
  if (closingSync === 'failed') {
    const errno = errnoName(result.closingErrno)
    lines.push({ok: false, text: `the sync before closing failed (${errno}): what was not stable is lost or in doubt`})
  }
  if (result.interruptedBy !== undefined) {
    const never = counts.total - counts.ran
    lines.push({
      ok: false,
      text: `cut short by ${result.interruptedBy}: ${counts.ran} of ${counts.total} requests submitted, ${never} never; stable: ${counts.stableWrites} of ${counts.writes} completed writes${closingSync === 'done' ? ', and all of them since the sync before closing' : ''}`,
    })
  }
  return {kind: kindOf(result, requireStable), lines}
}

function idsOf(result: RunResult, concerns: (outcome: RequestOutcome) => boolean): string {
  const ids: number[] = []
  for (const outcome of result.outcomes) if (concerns(outcome)) ids.push(outcome.request.id)
  return listIds(ids)
}

function stableText({counts}: RunResult): string {
  if (counts.writes === 0) return 'a power cut now loses nothing: nothing was written'
  if (counts.stableWrites < counts.writes) {
    return 'a power cut now loses nothing: every completed write is stable or overwritten by one that is'
  }
  return `a power cut now loses nothing: ${counts.writes === 1 ? 'the completed write is' : `all ${counts.writes} completed writes are`} stable`
}

function kindOf(result: RunResult, requireStable: boolean): ErrorKind | undefined {
  const {counts} = result
  if (result.interruptedBy !== undefined) return result.interruptedBy === 'SIGTERM' ? 'terminated' : 'interrupted'
  if (counts.hostErrors > 0 || result.closingSync === 'failed' || result.cutToBytes !== undefined) return 'io'
  if (counts.asExpected < counts.ran || counts.verifyFailed > 0) return 'verdict'
  return requireStable && result.atRisk.powerLoss.bytes > 0 ? 'verdict' : undefined
}
