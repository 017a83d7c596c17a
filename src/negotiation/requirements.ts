import {ToolError} from '../base/index.js'
import {frontendOf} from '../frontend/index.js'
import type {Agreement, DeclaredOrdering} from './agreement.js'
import {grants, namesOf} from './offer.js'

/** What a device must be for a driver to declare a barrier mode on it. */
export interface OrderingNeeds {
  /** Of which kind of device the mode is meant: `absent`, it makes nothing stable, `present`, it flushes. */
  readonly writeCache: 'any' | 'absent' | 'present'
  readonly flushCommand: boolean
  readonly fua: boolean
  readonly tags: boolean
}

/** The requirements of a barrier mode. Source: barrier.txt (semantics 5.1). */
export function requirementsOf(ordering: DeclaredOrdering): OrderingNeeds {
  switch (ordering) {
    case 'none':
      return {writeCache: 'any', flushCommand: false, fua: false, tags: false}
    case 'drain':
      return {writeCache: 'absent', flushCommand: false, fua: false, tags: false}
    case 'drain-flush':
      return {writeCache: 'present', flushCommand: true, fua: false, tags: false}
    case 'drain-fua':
      return {writeCache: 'present', flushCommand: true, fua: true, tags: false}
    case 'tag':
      return {writeCache: 'absent', flushCommand: false, fua: false, tags: true}
    case 'tag-flush':
      return {writeCache: 'present', flushCommand: true, fua: false, tags: true}
    case 'tag-fua':
      return {writeCache: 'present', flushCommand: true, fua: true, tags: true}
  }
}

/** Why a driver cannot declare a barrier mode on this device, as a clause; undefined where it can. */
export function orderingObstacle(agreement: Agreement, ordering: DeclaredOrdering): string | undefined {
  const needs = requirementsOf(ordering)
  const {flushCommand, fua, ordersTags, advertised} = agreement
  const frontend = frontendOf(agreement.frontend)
  const accepted = frontend.vocabulary.filter(({name}) => agreement.negotiated.includes(name))
  if (needs.flushCommand && !flushCommand) return 'it needs a flush command, and the device has none'
  if (needs.flushCommand && frontend.negotiates.value && !grants(accepted, 'flush')) {
    return `it needs a flush command, and ${namesOf(frontend, 'flush')} is not negotiated`
  }
  if (needs.fua && !fua) return 'it needs FUA, and a write cannot have it here'
  if (needs.tags && !ordersTags) return 'it needs ordered tags, and the device does not keep them in order'
  if (ordering !== 'none' && advertised && grants(accepted, 'advert') && !flushCommand) {
    return 'a device with a write cache and no flush command cannot do barriers at all'
  }
  return undefined
}

/**
 * Lets a barrier mode pass that a driver can declare on this device.
 *
 * @throws ToolError of kind usage with the reason
 */
export function requireOrdering(agreement: Agreement, ordering: DeclaredOrdering): void {
  const obstacle = orderingObstacle(agreement, ordering)
  if (obstacle === undefined) return
  const {frontend, era} = agreement
  throw new ToolError('usage', 'E_ORDERING_NEEDS', `${ordering} is not possible on ${frontend} (${era}): ${obstacle}`, {
    hint: `The driver declares "${agreement.ordering}" here, which is what a run without --ordering has.`,
  })
}

/** What a reader has to know of a barrier mode that was not meant for this device, a sentence; undefined where it was. */
export function orderingCaution({writeCache, advertised}: Agreement, ordering: DeclaredOrdering): string | undefined {
  switch (requirementsOf(ordering).writeCache) {
    case 'any':
      return undefined
    case 'absent':
      return writeCache
        ? `${ordering} is meant for a device without a write cache (barrier.txt): it orders, and makes nothing stable.`
        : undefined
    case 'present':
      return advertised
        ? undefined
        : `${ordering} is meant for a device with a write cache (barrier.txt), and the guest sees none: no flush is sent.`
  }
}
