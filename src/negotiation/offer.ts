import {ToolError} from '../base/index.js'
import {writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import {yearOf, type Feature, type FeatureEffect, type Frontend, type FrontendFacts} from '../frontend/index.js'
import type {NegotiationQuestion} from './agreement.js'

/** What is offered and accepted, in the order of the protocol. */
export interface Offer {
  readonly offered: readonly Feature[]
  readonly negotiated: readonly Feature[]
  /** The device offers what its facts say, and not what somebody chose for it. */
  readonly own: boolean
}

/** Whether any of these features means this. */
export function grants(features: readonly Feature[], effect: FeatureEffect): boolean {
  return features.some((feature) => feature.grants.includes(effect))
}

/** The names of all features of a front end that mean this: "FLUSH CACHE or FLUSH CACHE EXT". */
export function namesOf(frontend: Frontend, effect: FeatureEffect): string {
  return frontend.vocabulary
    .filter((feature) => feature.grants.includes(effect))
    .map(({name}) => name)
    .join(' or ')
}

/**
 * Settles what is offered and what of it the driver accepts.
 *
 * @param facts those of the front end in the era, after the steps
 * @param mode the cache mode in force
 * @throws ToolError of kind usage for a name that is no feature here, or not yet, for a combination no device may offer, and for
 * a feature that is accepted and not offered
 */
export function offerOf(question: NegotiationQuestion, facts: FrontendFacts, mode: CacheMode): Offer {
  const {frontend, features, negotiate} = question
  const own = features === undefined
  const offered = own ? ownOffer(frontend, facts, mode) : chosenOffer(question, facts, features)
  if (negotiate === undefined) {
    return {offered, negotiated: offered.filter(({name}) => facts.driverKnows.value.includes(name)), own}
  }
  const negotiated = featuresNamed(frontend, negotiate)
  for (const {name} of negotiated) {
    if (offered.some((feature) => feature.name === name)) continue
    const names = offered.map((feature) => feature.name).join(', ')
    refuse(`the driver cannot accept ${name}: the device does not offer it`, `The device offers ${names || 'nothing'}.`)
  }
  return {offered, negotiated, own}
}

/**
 * A feature that says that there is a write cache is not offered where none is to be told of; where the guest can switch the
 * cache, the state of the cache says it instead, and the feature stays.
 */
function ownOffer(frontend: Frontend, facts: FrontendFacts, mode: CacheMode): Feature[] {
  const names = [...facts.features.value, ...facts.extras.value]
  const own = frontend.vocabulary.filter(({name}) => names.includes(name))
  if (grants(own, 'switch') || hasCacheToTell(facts, mode)) return own
  return own.filter((feature) => !feature.grants.includes('advert'))
}

function hasCacheToTell({writeCache}: FrontendFacts, mode: CacheMode): boolean {
  switch (writeCache.value) {
    case 'never':
      return false
    case 'mode':
      return writeCacheEnabled(mode)
    case 'always':
      return true
  }
}

function chosenOffer({frontend, era}: NegotiationQuestion, facts: FrontendFacts, names: readonly string[]): Feature[] {
  const offered = featuresNamed(frontend, names)
  const lastYear = Math.max(era.lastYear, yearOf(facts))
  for (const {name, since, needs, excludes, source} of offered) {
    if (since > lastYear) {
      refuse(`${name} came in ${since}, after the era ${era.name}`, `Leave ${name} out, or take the era today.`)
    }
    const missing = needs.find((other) => !names.includes(other))
    if (missing !== undefined) {
      refuse(`a device that offers ${name} has to offer ${missing} as well`, `Add ${missing} (${source}).`)
    }
    const rival = excludes.find((other) => names.includes(other))
    if (rival !== undefined) {
      refuse(`a device cannot offer ${name} together with ${rival}`, `Leave one of them out (${source}).`)
    }
  }
  return offered
}

function featuresNamed(frontend: Frontend, names: readonly string[]): Feature[] {
  for (const [i, name] of names.entries()) {
    if (!frontend.vocabulary.some((feature) => feature.name === name)) {
      const known = frontend.vocabulary.map((feature) => feature.name).join(', ')
      refuse(`"${name}" is not a feature of ${frontend.name} that this tool knows`, `Choose from ${known}.`)
    }
    if (names.indexOf(name) !== i) refuse(`the feature ${name} is named twice`, 'Name each feature once.')
  }
  return frontend.vocabulary.filter(({name}) => names.includes(name))
}

function refuse(message: string, hint: string): never {
  throw new ToolError('usage', 'E_FEATURE', message, {hint})
}
