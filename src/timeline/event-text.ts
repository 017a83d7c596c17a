import {errnoName, formatSize} from '../base/index.js'
import {listIds} from '../durability/index.js'
import {kindOfType, statusName} from '../request/index.js'
import {flagNames, requestName, type SubmitEvent, type TraceEvent} from '../trace/index.js'
import type {Settled} from './walk.js'

/** A request as a batch would have it: "OUT 8k 4k FUA". */
export function requestText({type, flags, offsetBytes, lengthBytes}: SubmitEvent): string {
  const operands = kindOfType(type)?.operands
  const hasRange = operands === undefined || operands === 'data' || operands === 'segment' || operands === 'range'
  const range = hasRange ? [formatSize(BigInt(offsetBytes)), formatSize(BigInt(lengthBytes))] : []
  return [requestName(type), ...range, ...flagNames(type, flags)].join(' ')
}

/** An event in a few words: "submit #3 OUT 8k 4k". @param request the request of a start or completion */
export function eventText(event: TraceEvent, request: SubmitEvent | undefined): string {
  const name = request === undefined ? '' : ` ${requestName(request.type)}`
  switch (event.kind) {
    case 'submit':
      return `submit #${event.id} ${requestText(event)}`
    case 'start':
      return `start #${event.id}${name}${event.held ? ', held until now' : ''}${event.preSync ? ', behind a sync' : ''}`
    case 'complete': {
      const errno = event.errno === 0 ? '' : ` (${errnoName(event.errno)})`
      return `complete #${event.id}${name}: ${statusName(event.status)}${errno}${event.ignored ? ', sync ignored' : ''}`
    }
    case 'sync-start':
      return `host sync ${event.sync} starts`
    case 'sync-end':
      return `host sync ${event.sync} ${event.errno === 0 ? 'ends' : `fails (${errnoName(event.errno)})`}`
    case 'mark':
      return `mark ${event.name}`
  }
}

/** Who became stable and by whom: "#1-#3 by #4", "#5 by its completion". */
export function settledText(settled: readonly Settled[]): string {
  const byCause = new Map<string, number[]>()
  for (const {id, stability} of settled) {
    const cause = causeOf(stability)
    byCause.set(cause, [...(byCause.get(cause) ?? []), id])
  }
  return [...byCause].map(([cause, ids]) => `${listIds(ids.toSorted((a, b) => a - b))} by ${cause}`).join('; ')
}

function causeOf({by, request}: Settled['stability']): string {
  switch (by) {
    case 'completion':
      return 'its completion'
    case 'fua':
      return 'its own sync'
    case 'flush':
      return `#${request}`
    case 'none':
      return 'nothing'
  }
}
