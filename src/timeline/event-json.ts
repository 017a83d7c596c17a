import {statusName} from '../request/index.js'
import {flagNames, requestName, type TraceEvent} from '../trace/index.js'
import {riskBytes, type Moment} from './walk.js'

/** An event with plain names. */
function eventFields(event: TraceEvent): object {
  const {kind, atNs} = event
  switch (event.kind) {
    case 'submit': {
      const {id, type, flags, offsetBytes, lengthBytes} = event
      return {kind, id, request: requestName(type), offsetBytes, lengthBytes, flags: flagNames(type, flags), atNs}
    }
    case 'start':
      return {kind, id: event.id, held: event.held, atNs}
    case 'complete': {
      const {id, status, errno, stable, ignored} = event
      return {kind, id, status: statusName(status), errno, stable, ignored, atNs}
    }
    case 'sync-start':
      return {kind, sync: event.sync, atNs}
    case 'sync-end':
      return {kind, sync: event.sync, errno: event.errno, atNs}
    case 'mark':
      return {kind, name: event.name, line: event.line, atNs}
  }
}

/** One event of a trace and how things stand after it, for scripts. */
export function momentJson(moment: Moment): object {
  return {
    event: moment.number,
    ...(moment.event ? eventFields(moment.event) : {}),
    inFlight: moment.inFlight.length,
    volatile: moment.volatile.length,
    atRiskBytes: riskBytes(moment),
    becameStable: moment.settled.map(({id, stability}) => ({id, by: stability.by, request: stability.request})),
  }
}
