import type {BatchRequest} from '../batch/index.js'
import {listIds, type Ledger} from '../durability/index.js'
import {
  kindOfType,
  NOTIFY,
  OPERAND_FLAGS_SHIFT,
  refusalReason,
  SET_WRITEBACK,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  statusName,
  type DeviceFacts,
} from '../request/index.js'
import {commandOf} from '../scsi/index.js'
import {cutStability, isCut} from './cut.js'
import type {DriveResult} from './driver.js'
import {endedAsExpected} from './expectation.js'
import type {RequestOutcome, RunCounts} from './result.js'
import type {Session} from './session.js'

/** Everything that the outcome of a request follows from. */
export interface OutcomeFacts {
  readonly requests: readonly BatchRequest[]
  readonly driven: DriveResult
  readonly ledger: Ledger
  readonly cutToBytes: number | undefined
  readonly device: DeviceFacts
  readonly session: Session
}

/** The outcome of every request that ran, in order of id. */
export function* outcomesOf(facts: OutcomeFacts): Generator<RequestOutcome, undefined> {
  const {requests, driven, ledger, cutToBytes} = facts
  for (const request of requests) {
    if (request.id > driven.ran) return
    const i = request.id - 1
    const ok = driven.statuses[i] === STATUS_OK
    const stable =
      ok && cutToBytes !== undefined && isCut(request, cutToBytes)
        ? cutStability(request.id, cutToBytes)
        : ledger.stability(request.id)
    yield {
      request,
      status: statusName(driven.statuses[i] as number),
      errno: driven.errnos[i] as number,
      reason: reasonOf(request, facts),
      latencyNs: Math.round(driven.latenciesNs[i] as number),
      changes: changesImage(request),
      scsi: driven.scsi.get(request.id),
      stable,
      stableBy: stable.request === null ? undefined : requests[stable.request - 1],
      verification: driven.verifications.get(request.id),
      text: driven.texts.get(request.id),
    }
  }
}

function reasonOf(request: BatchRequest, {driven, device, session}: OutcomeFacts): string | undefined {
  const {id, type, flags, offsetBytes, lengthBytes, after} = request
  const status = driven.statuses[id - 1] as number
  if (status === STATUS_OK || driven.errnos[id - 1] !== 0) return undefined
  if (status === STATUS_CANCELED) {
    const failed = after.filter((other) => driven.statuses[other - 1] !== STATUS_OK)
    return failed.length > 0 ? `${listIds(failed)} did not end OK` : 'the run was stopped before it started'
  }
  const name = kindOfType(type)?.name
  if (name !== undefined && session.types?.has(type) === false && session.agreement?.offered.includes(name) === true) {
    return `the device offers ${name}, and the driver did not accept it`
  }
  const operandFlags = flags >>> OPERAND_FLAGS_SHIFT
  return refusalReason(device, type, offsetBytes, lengthBytes, operandFlags) ?? planRefusal(type, session)
}

/** Why a request that the device takes was refused all the same: its driver, or the mode, has no such thing. */
function planRefusal(type: number, {mode, agreement, link}: Session): string {
  const kind = kindOfType(type)
  if (kind === NOTIFY) {
    const why = mode.noFlush || link.driverFlushes ? `under ${mode.name}` : 'where the driver sends no flush'
    return `nothing becomes stable ${why}, so there is nothing to be told`
  }
  if (kind === SET_WRITEBACK)
    return `the write cache of ${agreement?.frontend ?? 'this device'} cannot be switched here`
  if (kind?.operands === 'cdb') return 'it has no CDB, or data in both directions'
  return 'the driver declares no barriers (EOPNOTSUPP)'
}

/** Whether a request is of a kind that changes the image, if it is not refused. */
function changesImage({type, scsi}: BatchRequest): boolean {
  return kindOfType(type)?.writes === true || (scsi !== undefined && commandOf(scsi.cdb)?.writes === true)
}

/** How the requests of a run ended. @param total requests in the batch */
export function countOutcomes(all: Iterable<RequestOutcome>, total: number): RunCounts {
  const counts = {
    total,
    ran: 0,
    ok: 0,
    asExpected: 0,
    verifyFailed: 0,
    hostErrors: 0,
    writes: 0,
    stableWrites: 0,
  }
  for (const outcome of all) {
    const {status, errno, stable, verification, changes, scsi} = outcome
    const expected = endedAsExpected(outcome)
    counts.ran++
    if (status === statusName(STATUS_OK)) counts.ok++
    if (expected) counts.asExpected++
    if (!expected && errno !== 0 && (status === statusName(STATUS_IOERR) || scsi?.sense)) counts.hostErrors++
    if (verification && !verification.ok) counts.verifyFailed++
    if (status === 'OK' && changes && scsi?.sense === undefined) {
      counts.writes++
      if (stable.by !== 'none') counts.stableWrites++
    }
  }
  return counts
}
