import type {CacheMode} from '../cache-mode/index.js'
import type {Era, Frontend, StepName} from '../frontend/index.js'
import {negotiate, orderingCaution, requireOrdering, type Agreement} from '../negotiation/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {plainLink, SCSI_CMD, SCSI_CMD_OUT, type Link} from '../request/index.js'
import type {ScsiDevice} from '../scsi/index.js'

/** The guest a run is to have: a device model, its driver, and what was chosen for either. */
export interface GuestChoice {
  readonly frontend: Frontend
  readonly era: Era
  readonly steps: readonly StepName[]
  readonly features: readonly string[] | undefined
  readonly negotiate: readonly string[] | undefined
  readonly directIoSafe: boolean | undefined
}

/** The terms a run is executed under. */
export interface Session {
  /** In force: the one asked for, or what the front end made of it. */
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly link: Link
  /** The request types the device takes; undefined takes all but SCSI. */
  readonly types: ReadonlySet<number> | undefined
  /** The device refuses writes. */
  readonly readOnly: boolean
  /** What a disk that takes SCSI commands says of itself. */
  readonly scsi: Pick<ScsiDevice, 'cachingPageOffered' | 'cachingPageFixed' | 'fuaOffered' | 'unmapOffered'> | undefined
  /** What driver and device agreed on; undefined for a run without a front end. */
  readonly agreement: Agreement | undefined
  readonly notes: readonly string[]
}

/** What every virtio device executes: IN, OUT, GET_ID. */
const ALWAYS = [0, 1, 8]
const SCSI_TYPES = [SCSI_CMD.type, SCSI_CMD_OUT.type]
const DEFAULT_ORDERING = 'drain'

/**
 * Settles the terms of a run under a cache mode.
 *
 * @param asked the barrier policy somebody chose; undefined takes the one the driver declares, or drain without a front end
 * @throws ToolError of kind usage for features that cannot be, and for a policy that is impossible on the device
 */
export function sessionOf(mode: CacheMode, asked: OrderingMode | undefined, guest: GuestChoice | undefined): Session {
  if (guest === undefined) {
    const ordering = asked ?? orderingModeOf(DEFAULT_ORDERING)
    const link = plainLink(mode, ordering)
    return {mode, ordering, link, types: undefined, readOnly: false, scsi: undefined, agreement: undefined, notes: []}
  }
  const agreement = agreementOn(negotiate({...guest, mode}), asked)
  const ordering = asked ?? orderingModeOf(agreement.ordering)
  const caution = orderingCaution(agreement, ordering.name)
  // Commands are the language of a SCSI disk; virtio carries them where the feature is agreed on.
  const native = agreement.frontend === 'scsi' ? SCSI_TYPES : []
  const types = new Set([...ALWAYS, ...agreement.requestTypes, ...native])
  return {
    mode: agreement.mode,
    ordering,
    link: linkOf(agreement),
    types,
    readOnly: agreement.readOnly,
    scsi: types.has(SCSI_CMD.type) ? scsiFacts(agreement) : undefined,
    agreement,
    notes: [...agreement.notes, ...(caution === undefined ? [] : [caution])],
  }
}

/**
 * The agreement with a driver that declares the policy asked for. One that declares a policy with a flush in it sends flushes, also
 * where the driver of the era does not.
 *
 * @throws ToolError of kind usage for a policy that is impossible on the device
 */
function agreementOn(agreement: Agreement, asked: OrderingMode | undefined): Agreement {
  if (asked === undefined || asked.name === agreement.ordering) return agreement
  requireOrdering(agreement, asked.name)
  const {driverFlushes, flushCommand, advertised} = agreement
  const ordering = asked.name
  if (!asked.preFlush || driverFlushes.value || !flushCommand || !advertised) return {...agreement, ordering}
  return {
    ...agreement,
    ordering,
    driverFlushes: {value: true, why: `a driver that declares ${ordering} sends flushes`},
    notes: agreement.notes.filter((note) => !note.includes(driverFlushes.why)),
  }
}

function linkOf(agreement: Agreement): Link {
  return {
    writeCache: agreement.writeCache,
    seesCache: agreement.advertised,
    driverFlushes: agreement.driverFlushes.value,
    fua: agreement.fua,
    barrierFlushes: agreement.xen?.writeBarrier === 'ordered',
    barrierBit: agreement.barrierBit,
    fsync: agreement.era === 'today' ? 'flush' : 'barrier',
    writeCacheSwitch: agreement.writeCacheSwitch,
  }
}

/** A SCSI disk of its own says what it offers; behind virtio it is as good as it can be. */
function scsiFacts({frontend, offered, writeCache, advertised, writeCacheSwitch}: Agreement): Session['scsi'] {
  const says = (feature: string): boolean => frontend !== 'scsi' || offered.includes(feature)
  return {
    // Where there is no write cache, the page says so. Only a disk that hides the one it has leaves the page out.
    cachingPageOffered: says('WCE') || !writeCache,
    // One that always advertises a cache says so of a mode without one, too.
    cachingPageFixed: frontend === 'scsi' && advertised && writeCacheSwitch === 'impossible',
    fuaOffered: says('DPOFUA'),
    unmapOffered: says('UNMAP'),
  }
}
