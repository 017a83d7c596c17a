import {errnoName, formatBytes, formatSize} from '../base/index.js'
import type {BatchRequest} from '../batch/index.js'
import type {CrashKind} from '../durability/index.js'
import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  FSYNC_RANGE,
  kindOfType,
  OPERAND_FLAGS_SHIFT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
} from '../request/index.js'
import {senseCode, type Sense} from '../scsi/index.js'
import type {Commands} from './command-count.js'
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
  const named = (names: readonly (readonly [number, string])[]): string[] =>
    names.flatMap(([bit, name]) => (flags & bit ? [name] : []))
  return [...named(MODIFIERS), ...operandFlagNames(request, named)]
}

const MODIFIERS: readonly (readonly [number, string])[] = [
  [FLAG_PREFLUSH, 'PREFLUSH'],
  [FLAG_FUA, 'FUA'],
  [FLAG_BARRIER, 'BARRIER'],
  [FLAG_BARRIER_BIT, 'BARRIER_BIT'],
]

const RANGE_NAMES: readonly (readonly [number, string])[] = [
  [RANGE_SYNC, 'SYNC'],
  [RANGE_ALL, 'ALL'],
  [RANGE_BEFORE, 'BEFORE'],
  [RANGE_AFTER, 'AFTER'],
]

/** The bits above the modifiers, which mean what the operands of the request make of them. */
function operandFlagNames(
  {type, flags}: BatchRequest,
  named: (names: readonly (readonly [number, string])[]) => string[],
): string[] {
  if (type === FSYNC_RANGE.type) return named(RANGE_NAMES)
  const operands = kindOfType(type)?.operands
  return operands === 'segment' || operands === undefined ? segmentFlagNames(flags) : []
}

function segmentFlagNames(flags: number): string[] {
  const reserved = (flags & ~FLAG_UNMAP) >>> OPERAND_FLAGS_SHIFT
  return [...(flags & FLAG_UNMAP ? ['UNMAP'] : []), ...(reserved ? [`SEGMENT_FLAGS=0x${reserved.toString(16)}`] : [])]
}

/** "3", or "0 (2 wished for and not sent)". */
export function flushText({flushes, flushesNotSent}: Commands): string {
  return flushesNotSent === 0 ? String(flushes) : `${flushes} (${flushesNotSent} wished for and not sent)`
}

/** A request as its batch line would have it: "OUT 4k 4k FUA". */
export function requestText(request: BatchRequest): string {
  const {name, flags, offsetBytes, lengthBytes, scsi} = request
  if (scsi) return `${name} ${Buffer.from(scsi.cdb).toString('hex')}`
  switch (kindOfType(request.type)?.operands) {
    case 'switch':
      return `SET writeback=${flags & FLAG_ON ? 1 : 0}`
    case 'data':
    case 'segment':
    case 'range':
    case undefined:
      return [name, sizeText(offsetBytes), sizeText(lengthBytes), ...flagNames(request)].join(' ')
    case 'id':
    case 'cdb':
    case 'none':
      return [name, ...flagNames(request)].join(' ')
  }
}

function sizeText(bytes: number): string {
  return formatSize(BigInt(bytes))
}

/** A status with the errno behind it: "IOERR (ENOSPC)". */
export function statusText(outcome: RequestOutcome): string {
  const {status, errno, reason, request, verification, scsi} = outcome
  const expected = request.expect !== undefined && request.expect === status && status !== 'OK' ? ', as expected' : ''
  const differs = verification && !verification.ok ? ', data differs' : ''
  const why = reason === undefined ? '' : `: ${reason}`
  const command = scsi ? `, ${scsi.command}: ${scsi.sense ? senseText(scsi.sense) : 'GOOD'}` : ''
  return `${status}${errno === 0 ? '' : ` (${errnoName(errno)})`}${expected}${why}${differs}${command}`
}

function senseText(sense: Sense): string {
  return `CHECK CONDITION ${senseCode(sense)} (${sense.says})`
}

/** Since when a request's data is stable, in a few words: "completion", "FLUSH #3", "not stable". "-" for what writes nothing. */
export function stableText(outcome: RequestOutcome): string {
  const {request, changes, scsi, stable, stableBy, status, errno} = outcome
  if (!changes || (status !== 'OK' && errno === 0) || (scsi?.sense && errno === 0)) return '-'
  switch (stable.by) {
    case 'completion':
      return 'its completion'
    case 'fua':
      return `its completion (${ownCause(request)})`
    case 'flush':
      return `${stableBy ? keywordOf(stableBy) : 'sync of'} #${stable.request}`
    case 'none':
      return `not stable: ${stable.why}`
  }
}

/** What made a write stable by itself, under a mode that does not. */
function ownCause({flags, scsi}: BatchRequest): string {
  if (flags & FLAG_FUA) return 'FUA'
  if (flags & FLAG_BARRIER) return 'BARRIER'
  return scsi ? 'FUA, or write cache off' : 'write cache off'
}

/** What the line of a request begins with. */
function keywordOf({name}: BatchRequest): string {
  return name === 'SET_WRITEBACK' ? 'SET writeback=0' : name
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
