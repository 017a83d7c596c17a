import {guarantees, type Guarantee, type GuaranteeId, type Medium} from '../durability/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {FLUSH} from '../request/index.js'
import type {Session} from './session.js'

type Answer = Pick<Guarantee, 'holds' | 'why'>

const HOST = 'provided the host passes cache flushes down and the drive obeys them'

/**
 * What a run guarantees on its terms. A mode promises what its device can do; a front end may lack the command, its driver may
 * never send it, and a device whose write cache is off makes stable what the mode alone would not.
 *
 * @param ordering the barrier policy in force
 * @param switchedOn the batch switches the write cache on at some point
 */
export function sessionGuarantees(
  session: Session,
  ordering: OrderingMode,
  medium: Medium,
  switchedOn: boolean,
): Guarantee[] {
  const promised = guarantees(session.mode, ordering, medium)
  if (session.agreement === undefined || session.mode.noFlush || medium.kind === 'volatile') return promised
  return promised.map((guarantee) => ({...guarantee, ...onTerms(guarantee, session, ordering, switchedOn)}))
}

/** A different answer, where the terms make one. */
function onTerms({id, holds, why}: Guarantee, session: Session, ordering: OrderingMode, switchedOn: boolean): Answer {
  const {link, mode} = session
  const syncsEach = !link.writeCache && !mode.dsync && !switchedOn
  const gained = syncsEach ? withoutCache(id, ordering) : undefined
  if (gained !== undefined) return {holds: true, why: gained}
  const stableAnyway = mode.dsync || syncsEach
  const lost =
    (stableAnyway ? undefined : withoutFlushes(id, session, ordering)) ?? withoutCommand(id, session, stableAnyway)
  if (lost !== undefined) return {holds: false, why: lost}
  const unsent = !stableAnyway && (id === 'G-FLUSH' || id === 'G-ORDER-FLUSH') ? neverSent(session) : undefined
  return {holds, why: unsent === undefined ? why : `${why} ${unsent}`}
}

/** What a device gives that makes each write stable before it completes. */
function withoutCache(id: GuaranteeId, ordering: OrderingMode): string | undefined {
  switch (id) {
    case 'G-STABLE':
      return `The write cache of the device is off: it makes each write stable before it completes, ${HOST}.`
    case 'G-ALLOC':
      return `The write cache of the device is off, and what it makes stable includes allocation and file size, ${HOST}.`
    case 'G-ORDER-FLUSH':
      return `Waiting for a write is enough: the write cache is off, and it is stable before the next one is sent, ${HOST}.`
    case 'G-ORDER-BARRIER':
      return ordering.drains
        ? `The barrier drains the queue, and with the write cache off each write is stable when it completes, ${HOST}.`
        : undefined
    case 'G-READ':
    case 'G-PROC':
    case 'G-FLUSH':
    case 'G-FUA':
    case 'G-NOHOSTCACHE':
    case 'G-ATOM-SECTOR':
    case 'G-ERR':
      return undefined
  }
}

/** What is lost with a driver that sends no flush to a device with a write cache. */
function withoutFlushes(id: GuaranteeId, {agreement, link}: Session, ordering: OrderingMode): string | undefined {
  if (agreement === undefined || link.driverFlushes) return undefined
  const {why} = agreement.driverFlushes
  if (id === 'G-FUA') return `The driver sends neither FUA nor a flush behind the write: ${why}.`
  if (id !== 'G-ORDER-BARRIER') return undefined
  if (link.barrierFlushes)
    return 'The device flushes for a barrier with data, and a barrier without data never reaches it.'
  return ordering.preFlush ? `The flushes of the ${ordering.name} barrier are never sent: ${why}.` : undefined
}

/** What is lost with a device that has no flush command. */
function withoutCommand(id: GuaranteeId, {types}: Session, stableAnyway: boolean): string | undefined {
  if (types === undefined || types.has(FLUSH.type)) return undefined
  if (id === 'G-FLUSH') return 'The device has no flush command: FLUSH is answered UNSUPP.'
  return id === 'G-ORDER-FLUSH' && !stableAnyway
    ? 'The device has no flush command to wait for, and a completed write is not stable.'
    : undefined
}

/** The command is there, and nobody but the batch sends it. */
function neverSent({agreement, link}: Session): string | undefined {
  return agreement === undefined || link.driverFlushes
    ? undefined
    : `The driver itself never sends one: ${agreement.driverFlushes.why}.`
}
