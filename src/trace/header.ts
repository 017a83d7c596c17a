import {SECTOR_BYTES, ToolError} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {FieldError} from './fields.js'
import type {TraceHeader} from './traced.js'

/** Fields of a header as somebody wrote them down. */
export interface HeaderFields {
  readonly sizeBytes?: unknown
  readonly mode?: unknown
  readonly ordering?: unknown
  readonly source?: unknown
}

/** The header with these fields, each checked. @throws FieldError naming the one that cannot be */
export function headerOf({sizeBytes, mode, ordering, source}: HeaderFields): TraceHeader {
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < SECTOR_BYTES) {
    throw new FieldError(`the size of the image is ${String(sizeBytes)}, not a number of bytes from ${SECTOR_BYTES} on`)
  }
  return {
    version: 1,
    sizeBytes,
    mode: nameOf(mode, 'cache mode', (name) => cacheModeOf(name).name),
    ordering: nameOf(ordering, 'ordering mode', (name) => orderingModeOf(name).name),
    source: typeof source === 'string' ? source : 'unknown',
  }
}

function nameOf<T>(value: unknown, what: string, find: (name: string) => T): T {
  try {
    if (typeof value === 'string') return find(value)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
  }
  throw new FieldError(`${JSON.stringify(value) ?? 'nothing'} is not ${what === 'cache mode' ? 'a' : 'an'} ${what}`)
}
