import {factsIn, type FrontendFacts} from '../frontend/index.js'
import {REQUEST_KINDS} from '../request/index.js'
import type {Agreement, NegotiationQuestion, XenAnswers} from './agreement.js'
import {modeInForce} from './direct-io.js'
import {declaredOrdering, driverFacts, driverFlushes, orderKept, type DriverView} from './driver.js'
import {notesOn} from './notes.js'
import {grants, offerOf, type Offer} from './offer.js'
import {advertisement, startsCached, switchOf} from './write-cache.js'

/** SCSI_CMD and SCSI_CMD_OUT, which are no kinds of their own: the scsi room reads their packets (virtio 1.3, 5.2.6.3). */
const SCSI_TYPES = [2, 3]

/**
 * What a driver and its device agree on, derived from the facts of the front end in its era, the cache mode and what was chosen
 * for either side.
 *
 * @throws ToolError of kind usage: E_FEATURE for features that cannot be offered or accepted, E_DIRECT_IO_SAFE for a permission
 * the front end has no key for
 */
export function negotiate(question: NegotiationQuestion): Agreement {
  const {frontend, era, steps} = question
  const facts = factsIn(frontend, era, steps)
  const mode = modeInForce(question, facts)
  const offer = offerOf(question, facts, mode)
  const {offered, negotiated, own} = offer
  const view: DriverView = {
    frontend,
    facts: driverFacts(frontend, facts, offer),
    offer,
    flushCommand: own ? facts.flushCommand.value : grants(offered, 'flush'),
    advertised: advertisement(frontend, facts, offer, mode),
    ordersTags: own ? facts.ordersTags.value : grants(offered, 'tags'),
  }
  const ordering = declaredOrdering(view)
  const agreement = {
    frontend: frontend.name,
    era: era.name,
    offered: offered.map(({name}) => name),
    negotiated: negotiated.map(({name}) => name),
    mode,
    writeCache: startsCached(frontend, facts, offer, mode),
    advertised: view.advertised.value,
    flushCommand: view.flushCommand,
    fua: grants(negotiated, 'fua'),
    driverFlushes: driverFlushes(view),
    ordering,
    keepsOrder: orderKept(view, ordering),
    ordersTags: view.ordersTags,
    writeCacheSwitch: switchOf(frontend, facts, offer),
    requestTypes: requestTypes(view),
    barrierBit: frontend.negotiates.value && grants(offered, 'tags'),
    readOnly: grants(offered, 'read-only'),
    xen: frontend.name === 'xen-blkback' ? xenAnswers(facts, offer) : undefined,
  }
  return {...agreement, notes: notesOn({question, facts, offer, agreement})}
}

/**
 * FLUSH and SCSI commands are executed where the device has them, negotiated or not; DISCARD and WRITE_ZEROES only negotiated.
 * Semantics 1.8, 1.10 and 2.1.
 */
function requestTypes({flushCommand, offer: {offered, negotiated}}: DriverView): number[] {
  const kinds = REQUEST_KINDS.filter(
    ({name, flushes}) =>
      (flushes && flushCommand) ||
      (name === 'DISCARD' && grants(negotiated, 'discard')) ||
      (name === 'WRITE_ZEROES' && grants(negotiated, 'write-zeroes')),
  ).map(({type}) => type)
  return [...(grants(offered, 'scsi') ? SCSI_TYPES : []), ...kinds].toSorted((a, b) => a - b)
}

/** A backend executes WRITE_BARRIER where it announces it. FLUSH_DISKCACHE has a key of its own, and orders nothing. */
function xenAnswers({flushWithData}: FrontendFacts, {offered}: Offer): XenAnswers {
  const flushes = offered.some((feature) => feature.grants.includes('flush') && !feature.grants.includes('tags'))
  return {
    writeBarrier: grants(offered, 'tags') ? 'ordered' : 'error',
    flushDiskcache: flushes ? 'flush' : 'error',
    flushWithData: flushes && flushWithData.value === 'flush-write' ? 'flush-write' : 'error',
  }
}
