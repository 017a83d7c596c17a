import {errnoName, formatBytes, formatSize} from '../base/index.js'
import type {BatchRequest} from '../batch/index.js'
import type {CrashKind} from '../durability/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_UNMAP, kindOfType, OPERAND_FLAGS_SHIFT} from '../request/index.js'
import type {AtRisk, RequestOutcome} from './result.js'

/** The kinds of failure a report goes through, mildest first, with the words for each. */
export const FAILURES: readonly {readonly kind: CrashKind; readonly name: string; readonly ifClause: string}[] = [
  {kind: 'processKill', name: 'process kill', ifClause: 'if this process is killed'},
  {kind: 'osCrash', name: 'host OS crash', ifClause: 'if the host OS crashes'},
  {kind: 'powerLoss', name: 'power loss', ifClause: 'if the power fails'},
]

/** The flags of a request by name, as JSON and tables show them. */
export function flagNames(request: BatchRequest): string[] {
  const {flags} = request
  const reserved = (flags & ~FLAG_UNMAP) >>> OPERAND_FLAGS_SHIFT
  return [
    ...(flags & FLAG_FUA ? ['FUA'] : []),
    ...(flags & FLAG_BARRIER ? ['BARRIER'] : []),
    ...(flags & FLAG_UNMAP ? ['UNMAP'] : []),
    ...(reserved ? [`SEGMENT_FLAGS=0x${reserved.toString(16)}`] : []),
  ]
}

/** A request as its batch line would have it: "OUT 4k 4k FUA". */
export function requestText(request: BatchRequest): string {
  const ranged = kindOfType(request.type)?.operands
  const range =
    ranged === 'data' || ranged === 'segment' || ranged === undefined
      ? [sizeText(request.offsetBytes), sizeText(request.lengthBytes)]
      : []
  return [request.name, ...range, ...flagNames(request)].join(' ')
}

function sizeText(bytes: number): string {
  return formatSize(BigInt(bytes))
}

/** A status with the errno behind it: "IOERR (ENOSPC)". */
export function statusText(outcome: RequestOutcome): string {
  const {status, errno, reason, request, verification} = outcome
  const expected = request.expect !== undefined && request.expect === status && status !== 'OK' ? ', as expected' : ''
  const differs = verification && !verification.ok ? ', data differs' : ''
  const why = reason === undefined ? '' : `: ${reason}`
  return `${status}${errno === 0 ? '' : ` (${errnoName(errno)})`}${expected}${why}${differs}`
}

/** Since when a request's data is stable, in a few words: "completion", "FLUSH #3", "not stable". "-" for what writes nothing. */
export function stableText(outcome: RequestOutcome): string {
  const {request, stable, stableBy, status, errno} = outcome
  if (kindOfType(request.type)?.writes !== true || (status !== 'OK' && errno === 0)) return '-'
  switch (stable.by) {
    case 'completion':
      return 'its completion'
    case 'fua':
      return `its completion (${request.flags & FLAG_FUA ? 'FUA' : 'BARRIER'})`
    case 'flush':
      return `${stableBy?.name ?? 'sync of'} #${stable.request}`
    case 'none':
      return `not stable: ${stable.why}`
  }
}

/** "nothing", or "4 KiB in 2 ranges". */
export function riskText({bytes, ranges}: AtRisk): string {
  if (bytes === 0) return 'nothing'
  return `${formatBytes(bytes)} in ${countText(ranges.length, 'range')}`
}

/** "1 request", "2 requests". */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The ids of all requests whose data is at risk, ascending. */
export function requestsAtRisk(risk: AtRisk): number[] {
  return [...new Set(risk.ranges.flatMap((range) => range.requests))].toSorted((a, b) => a - b)
}

/** How a yes-or-no-or-assumed answer is printed. */
export function holdsText(holds: boolean | 'assumed'): string {
  if (holds === 'assumed') return 'assumed'
  return holds ? 'yes' : 'no'
}
