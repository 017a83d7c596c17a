import {writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import type {Frontend, FrontendFacts, WriteCacheSwitch} from '../frontend/index.js'
import type {Clause} from './agreement.js'
import {grants, namesOf, type Offer} from './offer.js'

/**
 * Whether the guest is told of a write cache, and why (not). Where features are negotiated it is told only what it accepted.
 *
 * Source: semantics 1.6, 1.7 and 1.8 for virtio, 4.1 and 4.4 for the others.
 */
export function advertisement(frontend: Frontend, facts: FrontendFacts, offer: Offer, mode: CacheMode): Clause {
  const {offered, negotiated, own} = offer
  const told = frontend.negotiates.value ? negotiated : offered
  if (grants(told, 'advert')) {
    if (!grants(negotiated, 'switch')) return {value: true, why: `${namesOf(frontend, 'advert')} says so`}
    return writeCacheEnabled(mode)
      ? {value: true, why: 'the writeback field is 1'}
      : {value: false, why: `the writeback field is 0, because ${mode.name} has no write cache`}
  }
  if (grants(offered, 'advert')) {
    return grants(negotiated, 'switch')
      ? {value: false, why: 'the writeback field is 0, because FLUSH is not negotiated'}
      : {value: false, why: `of what is offered (${namesOffered(offer)}) nothing is negotiated`}
  }
  if (!own) return {value: false, why: `the device does not offer ${namesOf(frontend, 'advert')}`}
  const unlike = facts.writeCache.value === 'mode' ? `, and ${mode.name} has none` : ''
  return {value: false, why: `${facts.writeCache.says}${unlike}`}
}

function namesOffered({offered}: Offer): string {
  return offered
    .filter((feature) => feature.grants.includes('advert') || feature.grants.includes('switch'))
    .map(({name}) => name)
    .join(', ')
}

/**
 * What was negotiated about the write cache, as the rows of the table in semantics 1.8. `switchable`: the writeback field rules.
 * `assumed`: FLUSH alone, the driver assumes a write cache. `off`: the field alone, which starts at 0. `unasked`: flushing was
 * offered and nothing of it accepted. `silent`: it was not offered, or this front end does not negotiate.
 */
export type CacheTerms = 'switchable' | 'assumed' | 'off' | 'unasked' | 'silent'

/** The row of that table an offer is in. */
export function termsOf(frontend: Frontend, {offered, negotiated}: Offer): CacheTerms {
  if (!frontend.negotiates.value) return 'silent'
  const advert = grants(negotiated, 'advert')
  if (grants(negotiated, 'switch')) return advert ? 'switchable' : 'off'
  if (advert) return 'assumed'
  return grants(offered, 'advert') ? 'unasked' : 'silent'
}

/**
 * Whether a write may complete before it is stable. A mode that makes every write stable does so whatever was negotiated, and a
 * mode that ignores flushes never makes one stable, even where the protocol demands it.
 */
export function startsCached(frontend: Frontend, facts: FrontendFacts, offer: Offer, mode: CacheMode): boolean {
  if (!writeCacheEnabled(mode)) return false
  if (mode.noFlush) return true
  const terms = termsOf(frontend, offer)
  switch (terms) {
    case 'switchable':
    case 'assumed':
    case 'silent':
      return true
    case 'off':
      return false
    case 'unasked':
      return !facts.writesThroughUnasked.value
  }
}

/** What switching the write cache does: where a feature permits it, only with that feature negotiated. */
export function switchOf(frontend: Frontend, facts: FrontendFacts, {negotiated}: Offer): WriteCacheSwitch {
  const byFeature = grants(frontend.vocabulary, 'switch')
  return byFeature && !grants(negotiated, 'switch') ? 'impossible' : facts.writeCacheSwitch.value
}
