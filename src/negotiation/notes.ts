import type {CacheMode} from '../cache-mode/index.js'
import {isOf, yearOf, type Era, type Frontend, type FrontendFacts} from '../frontend/index.js'
import type {Agreement, NegotiationQuestion} from './agreement.js'
import {acceptsUnknownFlush} from './driver.js'
import {namesOf, type Offer} from './offer.js'
import {termsOf} from './write-cache.js'

const SPEC = 'virtio 1.3, 5.2.5 and 5.2.6.2'

/** An agreement of which only the notes are missing. */
type Settled = Omit<Agreement, 'notes'>

/** What the notes are about. */
export interface NoteSubject {
  readonly question: NegotiationQuestion
  /** Of the era, before a later driver took its place. */
  readonly facts: FrontendFacts
  readonly offer: Offer
  readonly agreement: Settled
}

/** What a reader has to know about an agreement: each downgrade, each consequence, with its source. */
export function notesOn({question, facts, offer, agreement}: NoteSubject): string[] {
  const {frontend, era, mode: asked} = question
  return [
    ...eraNotes(frontend, era),
    ...modeNotes(asked, facts, agreement),
    ...termsNotes(frontend, offer, facts, agreement),
    ...cacheNotes(agreement),
    ...driverNotes(frontend, offer, facts, agreement),
    ...(agreement.readOnly ? [`RO is offered: every write is answered IOERR, accepted or not (${SPEC}).`] : []),
    ...xenNotes(agreement, facts),
  ]
}

function eraNotes(frontend: Frontend, era: Era): string[] {
  return isOf(frontend, era)
    ? []
    : [`What is known of ${frontend.name} is of ${yearOf(frontend[era.facts])}, and not of ${era.lastYear}.`]
}

function modeNotes(asked: CacheMode, {asksForDirectIo}: FrontendFacts, {mode}: Settled): string[] {
  const {says, source} = asksForDirectIo
  return [
    ...(mode === asked
      ? []
      : [`${asked.name} is downgraded to ${mode.name}, which goes through the host page cache: ${says} (${source}).`]),
    ...(mode.noFlush
      ? [`Under ${mode.name} a flush is answered OK and ignored: no write is ever stable (${mode.source}).`]
      : []),
  ]
}

function termsNotes(frontend: Frontend, offer: Offer, facts: FrontendFacts, {mode, writeCache}: Settled): string[] {
  const terms = termsOf(frontend, offer)
  const {writesThroughUnasked} = facts
  const broken = writeCache ? `; ${mode.name} does not obey, and no write is stable` : ''
  switch (terms) {
    case 'switchable':
      return []
    case 'assumed':
      return [
        `Only FLUSH is negotiated: the driver assumes a write cache and has to flush (${SPEC}).`,
        ...(mode.dsync
          ? [
              `${mode.name} makes its writes stable all the same. QEMU switches its write cache on here (QEMU hw/block/virtio-blk.c): do not rely on it.`,
            ]
          : []),
      ]
    case 'off':
      return [`CONFIG_WCE is negotiated without FLUSH: the write cache starts switched off${broken} (${SPEC}).`]
    case 'unasked':
      return writesThroughUnasked.value
        ? [
            `FLUSH is offered, and neither it nor CONFIG_WCE is negotiated: every write has to be stable when it completes, under every mode${broken} (${SPEC}).`,
          ]
        : [
            `FLUSH is offered and not negotiated, and devices of that time did not write through for such a guest: ${writesThroughUnasked.says} (${writesThroughUnasked.source}).`,
          ]
    case 'silent':
      return frontend.negotiates.value && writeCache
        ? [`The device does not offer FLUSH: it promises no guest that a write is ever stable (${SPEC}).`]
        : []
  }
}

function cacheNotes({writeCache, advertised, driverFlushes, mode}: Settled): string[] {
  if (!writeCache || mode.noFlush || driverFlushes.value) return []
  const hidden = advertised ? '' : ' The guest does not know of the cache.'
  return [`Completed writes stay volatile: ${driverFlushes.why}.${hidden}`]
}

function driverNotes(
  frontend: Frontend,
  {negotiated}: Offer,
  facts: FrontendFacts,
  {ordering, keepsOrder}: Settled,
): string[] {
  const later = acceptsUnknownFlush(facts, negotiated) ? frontend.flushingDriver : undefined
  const lost =
    ordering === 'none'
      ? 'Barriers fail with EOPNOTSUPP, and requests pass each other'
      : `The driver declares ${ordering}, and the device does not keep the order`
  return [
    ...(later
      ? [
          `The driver of that time does not know ${namesOf(frontend, 'flush')}; one that accepts it came later: ${later.driverFlushes.says}, and ${later.driverOrder.says} (${later.driverOrder.source}).`,
        ]
      : []),
    ...(keepsOrder.value ? [] : [`${lost}: ${keepsOrder.why}.`]),
  ]
}

function xenNotes({xen, driverFlushes}: Settled, {flushWithData}: FrontendFacts): string[] {
  if (!xen) return []
  return [
    ...(xen.writeBarrier === 'error'
      ? [
          'WRITE_BARRIER is answered with an error: a driver that sends one has to fall back, and must not report an fsync as done without a flush (QEMU hw/block/xen-block.c).',
        ]
      : []),
    ...(xen.flushWithData === 'flush-write' ? [`${flushWithData.says} (${flushWithData.source}).`] : []),
    ...(driverFlushes.value && xen.flushDiskcache === 'error'
      ? ['A flush is an empty WRITE_BARRIER here (Linux drivers/block/xen-blkfront.c).']
      : []),
  ]
}
