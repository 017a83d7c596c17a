import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {listIds} from './id-list.js'
import type {Medium} from './medium.js'

export type HazardCode =
  | 'NOTHING_LASTS'
  | 'WRITE_FAILED'
  | 'FLUSH_FAILED'
  | 'FLUSH_REFUSED'
  | 'FLUSH_IGNORED'
  | 'FUA_IGNORED'
  | 'FLUSH_NOT_SENT'
  | 'FLUSH_DID_NOT_COVER'
  | 'BARRIER_NOT_PERSISTED'
  | 'BARRIER_AFTER_ERROR'
  | 'BARRIER_REFUSED'
  | 'BARRIER_STRIPPED'
  | 'OVERLAP'
  | 'HOLE_UNDER_NONE'
  | 'NOT_FLUSHED'
  | 'FLUSH_OPERANDS'
  | 'REDUNDANT_FLUSH'

/** Every hazard code, most serious first. */
export const HAZARD_CODES: readonly HazardCode[] = [
  'NOTHING_LASTS',
  'WRITE_FAILED',
  'FLUSH_FAILED',
  'FLUSH_REFUSED',
  'FLUSH_IGNORED',
  'FUA_IGNORED',
  'FLUSH_NOT_SENT',
  'FLUSH_DID_NOT_COVER',
  'BARRIER_NOT_PERSISTED',
  'BARRIER_AFTER_ERROR',
  'BARRIER_REFUSED',
  'BARRIER_STRIPPED',
  'OVERLAP',
  'HOLE_UNDER_NONE',
  'NOT_FLUSHED',
  'FLUSH_OPERANDS',
  'REDUNDANT_FLUSH',
]

/**
 * The sentence of a hazard.
 *
 * @param subjects ids at fault, ascending
 * @param objects ids of the writes that suffer, ascending; empty where the subjects are the writes
 */
export function sentenceOf(
  code: HazardCode,
  subjects: readonly number[],
  objects: readonly number[],
  mode: CacheMode,
  ordering: OrderingMode,
  medium: Medium,
): string {
  const who = listIds(subjects)
  const what = listIds(objects)
  const one = subjects.length === 1
  const were = objects.length === 1 ? 'was' : 'were'
  switch (code) {
    case 'NOTHING_LASTS':
      return `Whatever is synced, ${who} may be lost when the host crashes or the power fails${medium.kind === 'volatile' ? `: ${medium.why}` : ''}.`
    case 'WRITE_FAILED':
      return `${who} failed after ${one ? 'it' : 'they'} had started: every sector of the range may be old or new until it is written again and flushed.`
    case 'FLUSH_FAILED':
      return flushFailed(subjects, objects)
    case 'FLUSH_REFUSED':
      return `${who} ${one ? 'was' : 'were'} answered IOERR without a sync: an earlier sync or stable write failed, and the kernel would call the next sync a success.`
    case 'FLUSH_IGNORED':
      return `FLUSH ${who} ${one ? 'was' : 'were'} answered OK and ignored: ${mode.name} never syncs.`
    case 'FUA_IGNORED':
      return `FUA of ${who} was ignored: ${mode.name} never syncs.`
    case 'FLUSH_NOT_SENT':
      return `${who} ${one ? 'was' : 'were'} answered OK, and no flush command reached the device${what === '' ? '' : `: ${what} ${were} left volatile, though whoever asked was told otherwise`}.`
    case 'BARRIER_AFTER_ERROR':
      return ordering.tags
        ? `BARRIER ${who} went ahead although ${what} before it had failed or was refused: an ordered tag follows the end of a write, not its success (the error hole of ordered tags).`
        : `BARRIER ${who} went ahead although ${what} before it had failed or was refused: ordering ${ordering.name} waits for the end of a write, not for its success; use after= to stop.`
    case 'BARRIER_REFUSED':
      return `${who} ${one ? 'was' : 'were'} refused (EOPNOTSUPP): ordering ${ordering.name} has no barriers${ordering.name === 'none' ? '' : ' for it'}.`
    case 'FLUSH_DID_NOT_COVER':
      return `FLUSH ${who} ${one ? 'does' : 'do'} not cover ${what}, which ${were} in flight when ${one ? 'it was' : 'they were'} submitted: wait for a write before flushing it.`
    case 'BARRIER_NOT_PERSISTED':
      return `BARRIER ${who} completed while ${what} ${were} volatile: ordering ${ordering.name} orders requests in time, not on the medium; ${mode.noFlush ? `${mode.name} never syncs, so a FLUSH would not help` : 'send a FLUSH in between, or choose a flushing policy'}.`
    case 'BARRIER_STRIPPED':
      return `${who} ${one ? 'carries' : 'carry'} the BARRIER bit, which the device does not offer and ignores: nothing was ordered.`
    case 'OVERLAP':
      return `${what} share bytes with each other and were in flight together: which of them those bytes hold is not defined.`
    case 'HOLE_UNDER_NONE':
      return `${who} wrote where no stable allocation is known under ${mode.name} (a hole, an unwritten extent): under O_DIRECT the drive has the data at once, but only the FLUSH that covers ${one ? 'it' : 'them'} keeps it from a host OS crash.`
    case 'NOT_FLUSHED':
      return mode.noFlush
        ? `${who} completed and ${one ? 'is' : 'are'} not stable: ${mode.name} never syncs, whatever is sent.`
        : `${who} completed and ${one ? 'is' : 'are'} not stable: no FLUSH that covers ${one ? 'it' : 'them'} has succeeded.`
    case 'FLUSH_OPERANDS':
      return `FLUSH ${who} ${one ? 'has' : 'have'} an offset or a length: the device ignores both and flushes everything.`
    case 'REDUNDANT_FLUSH':
      return mode.dsync
        ? `FLUSH ${who} had nothing to make stable: every write is stable at completion under ${mode.name}.`
        : `FLUSH ${who} had nothing to make stable: every write that had completed before ${one ? 'it' : 'them'} was stable already.`
  }
}

function flushFailed(subjects: readonly number[], objects: readonly number[]): string {
  const culprit = subjects.length === 0 ? 'A host sync' : `The sync of ${listIds(subjects)}`
  if (objects.length === 0) return `${culprit} failed; no completed write was waiting for it.`
  const it = objects.length === 1 ? 'it' : 'them'
  return `${culprit} failed: ${listIds(objects)} may be lost, and no later FLUSH can make ${it} stable; write ${it} again, then FLUSH.`
}
