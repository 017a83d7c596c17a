import {SECTOR_BYTES, ToolError} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {FieldError} from './fields.js'
import {KNOWN_BEFORE, type KnownBefore, type TraceHeader} from './traced.js'

/** Fields of a header as somebody wrote them down. */
export interface HeaderFields {
  readonly sizeBytes?: unknown
  readonly mode?: unknown
  readonly ordering?: unknown
  readonly source?: unknown
  readonly knownBefore?: unknown
}

/** The header with these fields, each checked. @throws FieldError naming the one that cannot be */
export function headerOf({sizeBytes, mode, ordering, source: from, knownBefore}: HeaderFields): TraceHeader {
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < SECTOR_BYTES) {
    throw new FieldError(`the size of the image is ${String(sizeBytes)}, not a number of bytes from ${SECTOR_BYTES} on`)
  }
  const source = typeof from === 'string' ? from : 'unknown'
  return {
    sizeBytes,
    mode: nameOf(mode, 'cache mode', (name) => cacheModeOf(name).name),
    ordering: nameOf(ordering, 'ordering mode', (name) => orderingModeOf(name).name),
    source,
    knownBefore: knownBefore === undefined ? unsaid(source) : knownBeforeOf(knownBefore),
  }
}

function knownBeforeOf(value: unknown): KnownBefore {
  const known = KNOWN_BEFORE.find((name) => name === value)
  if (known !== undefined) return known
  throw new FieldError(`knownBefore is ${JSON.stringify(value)}, not one of ${KNOWN_BEFORE.join(', ')}`)
}

/** What has what requests changed, also where it was a hole. */
const RECORDERS = ['flushpoint run', 'flushpoint bench']

/**
 * What is known where a header does not say, as those of version 1 did not. Text by hand tells all of its image: that is what its form
 * means. Recordings by run and bench had what requests changed. One by serve had all data, and some only what was changed of it: only
 * what it lists is certain.
 */
function unsaid(source: string): KnownBefore {
  if (source === 'ndjson') return 'whole'
  return RECORDERS.includes(source) ? 'touched' : 'listed'
}

function nameOf<T>(value: unknown, what: string, find: (name: string) => T): T {
  try {
    if (typeof value === 'string') return find(value)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
  }
  throw new FieldError(`${JSON.stringify(value) ?? 'nothing'} is not ${what === 'cache mode' ? 'a' : 'an'} ${what}`)
}
