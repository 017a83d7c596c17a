import type {Frontend, FrontendFacts} from '../frontend/index.js'
import type {Clause, DeclaredOrdering} from './agreement.js'
import {grants, namesOf, type Offer} from './offer.js'

/** What the driver has to work with. */
export interface DriverView {
  readonly frontend: Frontend
  /** Those of the driver that accepted what it did (driverFacts). */
  readonly facts: FrontendFacts
  readonly offer: Offer
  readonly flushCommand: boolean
  readonly advertised: Clause
  readonly ordersTags: boolean
}

/**
 * The facts with the driver that accepted these features: one that accepts a flush feature its era did not know is the first that
 * knew it.
 */
export function driverFacts(frontend: Frontend, facts: FrontendFacts, {negotiated}: Offer): FrontendFacts {
  return acceptsUnknownFlush(facts, negotiated) ? {...facts, ...frontend.flushingDriver} : facts
}

/** Whether the driver accepted a flush feature that the driver of the facts does not know. */
export function acceptsUnknownFlush(facts: FrontendFacts, negotiated: Offer['negotiated']): boolean {
  return grants(
    negotiated.filter(({name}) => !facts.driverKnows.value.includes(name)),
    'flush',
  )
}

/** Whether the driver sends flush commands, and what keeps it from doing so. */
export function driverFlushes({frontend, facts, offer, flushCommand, advertised}: DriverView): Clause {
  const {negotiated, own} = offer
  const no = (why: string): Clause => ({value: false, why})
  if (!flushCommand) {
    const lacking = own ? facts.flushCommand.says : `the device does not offer ${namesOf(frontend, 'flush')}`
    return no(`there is no flush to send: ${lacking}`)
  }
  if (!advertised.value) return no(`WCE is not advertised: ${advertised.why}`)
  if (!grants(negotiated, 'advert')) return no(`the driver does not look at ${namesOf(frontend, 'advert')}`)
  if (!grants(negotiated, 'flush')) return no(`the driver does not use ${namesOf(frontend, 'flush')}`)
  return {value: facts.driverFlushes.value, why: facts.driverFlushes.says}
}

/** Whether the driver knows of a write cache: it is told, and looks. */
function seesCache({offer, advertised}: DriverView): boolean {
  return advertised.value && grants(offer.negotiated, 'advert')
}

function canFlush({offer, flushCommand}: DriverView): boolean {
  return flushCommand && grants(offer.negotiated, 'flush')
}

/**
 * The barrier mode the driver declares. A driver that drains flushes as well where it sees a write cache, with FUA where it can,
 * and can do no barriers at all on a write cache that has no flush. Source: semantics 5.1 and 5.5.
 */
export function declaredOrdering(view: DriverView): DeclaredOrdering {
  const {facts, offer} = view
  const tags = grants(offer.negotiated, 'tags')
  switch (facts.driverOrder.value) {
    case 'wait':
      return 'none'
    case 'none':
      // Where it has FLUSH, no driver relied on BARRIER: with tags an fsync would end inside the guest.
      return tags && !seesCache(view) ? 'tag' : 'none'
    case 'drain':
    case 'drain-flush':
      if (!seesCache(view)) return tags ? 'tag' : 'drain'
      if (!canFlush(view)) return 'none'
      return grants(offer.negotiated, 'fua') ? 'drain-fua' : 'drain-flush'
    case 'tag':
      if (tags) return 'tag'
      return grants(offer.negotiated, 'unordered') ? 'none' : 'drain'
  }
}

/** Whether requests that depend on each other keep their order, and by what. */
export function orderKept(view: DriverView, ordering: DeclaredOrdering): Clause {
  const {facts, ordersTags, offer} = view
  if (facts.driverOrder.value === 'wait') return {value: true, why: facts.driverOrder.says}
  switch (ordering) {
    case 'none':
      return {value: false, why: whyUnordered(view)}
    case 'drain':
    case 'drain-flush':
    case 'drain-fua':
      return {value: true, why: 'the driver empties its queue at a barrier'}
    case 'tag':
    case 'tag-flush':
    case 'tag-fua':
      if (!ordersTags) return {value: false, why: facts.ordersTags.says}
      return {
        value: true,
        why: offer.own
          ? `${facts.driverOrder.says}; ${facts.ordersTags.says}`
          : 'the driver leaves the order to the device, which executes barriers in order',
      }
  }
}

function whyUnordered({facts, offer, frontend}: DriverView): string {
  if (facts.driverOrder.value === 'none') return facts.driverOrder.says
  return grants(offer.negotiated, 'unordered')
    ? `${namesOf(frontend, 'unordered')} makes the driver declare no order`
    : 'a device with a write cache and no flush command cannot do barriers at all'
}
