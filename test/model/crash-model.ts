import type {CrashKind} from '../../src/durability/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {bruteForce} from '../durability/brute-force.js'
import {imagesAfter, type Rules} from '../durability/images.js'

export type {Rules} from '../durability/images.js'

/** Says which images, as texts of writer ids, a crash of a kind may leave after the events. */
export type Judge = (events: readonly TraceEvent[], rules: Rules, kind: CrashKind) => ReadonlySet<string>

/** What the ledger allows: everything its sectors can be combined to, less what its ties rule out. */
export const byLedger: Judge = imagesAfter

/** What the definition allows (semantics 8.2). */
export const byDefinition: Judge = (events, {mode, ordering, medium, sectors}, kind) =>
  bruteForce(events, mode, ordering, kind, sectors, medium).images
