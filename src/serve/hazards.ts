import {formatBytes} from '../base/index.js'
import {HAZARD_CODES, type CrashKind, type HazardCode} from '../durability/index.js'
import type {ServeResult} from './options.js'

/** A dangerous or pointless use of flushes, over all that clients asked for. */
export interface ServeHazard {
  readonly code: HazardCode
  /** How many requests are concerned; bytes for NOT_FLUSHED. */
  readonly count: number
  readonly message: string
}

/**
 * The hazards that can be known without keeping every request, most serious first. Those that name requests (OVERLAP,
 * FLUSH_DID_NOT_COVER ...) are found in a trace.
 */
export function hazardsOf(result: ServeResult): ServeHazard[] {
  const {mode, counts, volatile, bytesAtRisk, poison} = result
  const changes = counts.writes + counts.trims + counts.zeroes
  const found: ServeHazard[] = []
  const add = (code: HazardCode, count: number, message: string): void => {
    if (count > 0) found.push({code, count, message})
  }
  if (volatile !== undefined) {
    const all = `Whatever is synced, what was written may be lost when the host crashes or the power fails: ${volatile}.`
    add('NOTHING_LASTS', changes, all)
  }
  const failed = `${times(counts.failedWrites, 'change')} failed after it had started: every sector of its range may be old or new until it is written again and flushed.`
  add('WRITE_FAILED', counts.failedWrites, failed)
  const unsynced = `${times(counts.failedFlushes, 'FLUSH', 'FLUSH')} ended with an error: what had been written before may be lost, and no later FLUSH can make it stable.`
  add('FLUSH_FAILED', Math.max(counts.failedFlushes, poison === 0 ? 0 : 1), unsynced)
  if (mode.noFlush) {
    add(
      'FLUSH_IGNORED',
      counts.flushes,
      `${times(counts.flushes, 'FLUSH', 'FLUSH')} answered OK and ignored: ${mode.name} never syncs.`,
    )
    add('FUA_IGNORED', counts.fuas, `FUA of ${times(counts.fuas, 'request')} ignored: ${mode.name} never syncs.`)
  }
  if (volatile === undefined) {
    const why = mode.noFlush ? `${mode.name} never syncs, whatever is sent` : 'no FLUSH that covers it has succeeded'
    add('NOT_FLUSHED', bytesAtRisk, `${formatBytes(bytesAtRisk)} written and not stable: ${why}.`)
  }
  if (!mode.noFlush) {
    const idle = `${times(counts.redundantFlushes, 'FLUSH', 'FLUSH')} had nothing to make stable: ${mode.dsync ? `every write is stable at completion under ${mode.name}` : 'every write that had completed before was stable already'}.`
    add('REDUNDANT_FLUSH', counts.redundantFlushes, idle)
  }
  return found.toSorted((a, b) => HAZARD_CODES.indexOf(a.code) - HAZARD_CODES.indexOf(b.code))
}

/** What each failure could have taken when the last client had gone: never less than it, sometimes more. */
export function atMostAtRisk({
  counts,
  poison,
  bytesAtRisk,
}: ServeResult): Record<CrashKind, {readonly bytesAtMost: number}> {
  // What has completed belongs to the kernel or the drive: only what failed is in doubt there.
  const isWell = counts.failedWrites === 0 && poison === 0
  return {
    processKill: {bytesAtMost: isWell ? 0 : bytesAtRisk},
    osCrash: {bytesAtMost: bytesAtRisk},
    powerLoss: {bytesAtMost: bytesAtRisk},
  }
}

function times(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
