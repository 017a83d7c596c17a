import {formatSize} from '../base/index.js'
import {listIds} from '../durability/index.js'
import {kindOfType, statusName} from '../request/index.js'
import type {TraceEvent} from '../trace/index.js'
import type {CrashName} from './options.js'
import type {CrashState} from './states.js'
import type {LostRange, Verdict} from './violation.js'

const CUTS: Readonly<Record<CrashName, string>> = {
  power: 'Power cut',
  os: 'Crash of the operating system',
  process: 'The process is killed',
}

/** A state that fails, in words: when, what was lost and what was not, what had been promised, and what the check found. */
export function storyOf(state: CrashState, {kind, mark, message}: Verdict, lost: readonly LostRange[]): string {
  return [
    circumstances(state, lost),
    ...(kind === 'acknowledged-lost' && mark !== null ? [`"${mark}" was promised and is not kept.`] : []),
    `The check finds: ${message}`,
  ].join(' ')
}

/** A state in words, whatever anybody makes of it: when, what was lost and what was not, what had been promised. */
export function circumstances(state: CrashState, lost: readonly LostRange[]): string {
  const {point} = state
  const {model, reached} = point
  const last = model.trace.events[point.event - 1]?.event
  const lostIds = new Set(lost.map(({request}) => request))
  const kept = model.trace.events
    .slice(0, point.event)
    .flatMap(({event}) => (event.kind === 'submit' && model.writes.has(event.id) ? [event.id] : []))
    .filter((id) => !lostIds.has(id))
  const losses = lost.map(({request, offsetBytes, lengthBytes}) => {
    return `#${request} (${formatSize(BigInt(lengthBytes))} at ${formatSize(BigInt(offsetBytes))})`
  })
  const marks = model.marks.slice(0, reached)
  return [
    `${CUTS[model.options.kind]} ${last === undefined ? 'before anything happened' : `after ${happening(last)}`}.`,
    kept.length > 0 ? `On the medium, or overwritten there: ${listIds(kept)}.` : '',
    losses.length > 0 ? `Lost: ${losses.join(', ')}.` : 'Nothing was lost.',
    marks.length > 0 ? `Reached before: ${marks.map((name) => `"${name}"`).join(', ')}.` : 'No mark had been reached.',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function happening(event: TraceEvent): string {
  switch (event.kind) {
    case 'submit':
      return `request #${event.id} (${kindOfType(event.type)?.name ?? event.type}) was submitted`
    case 'start':
      return `request #${event.id} was issued`
    case 'complete':
      return event.status === 0
        ? `request #${event.id} completed`
        : `request #${event.id} ended with ${statusName(event.status) ?? event.status}`
    case 'sync-start':
      return `host sync ${event.sync} began`
    case 'sync-end':
      return `host sync ${event.sync} ended`
    case 'mark':
      return `the mark "${event.name}"`
  }
}
