/**
 * Method: a cache mode is a handful of facts (bypass the page cache? stable at completion? ignore FLUSH?). Flags of open(2),
 * the advertised write cache, guarantees and survival are computed from the facts by the rooms that need them.
 *
 * To add one: a file with its facts, and a row in CACHE_MODES below.
 *
 * @module
 */
import {ToolError} from '../base/index.js'
import {directsync} from './directsync.js'
import type {CacheMode} from './mode.js'
import {none} from './none.js'
import {unsafe} from './unsafe.js'
import {writeback} from './writeback.js'
import {writethrough} from './writethrough.js'

export {openFlagNames, trustsStableWrites, writeCacheEnabled, type CacheMode, type CacheModeName} from './mode.js'

/** Every cache mode, in the order tables print them. */
export const CACHE_MODES: readonly CacheMode[] = [writethrough, writeback, none, directsync, unsafe]

/** Finds a mode by name or alias ("off" is none). @throws ToolError of kind usage */
export function cacheModeOf(name: string): CacheMode {
  const mode = CACHE_MODES.find((candidate) => candidate.name === name || candidate.aliases.includes(name))
  if (!mode) {
    throw new ToolError('usage', 'E_CACHE_MODE', `"${name}" is not a cache mode`, {
      hint: `Choose from ${CACHE_MODES.flatMap((candidate) => [candidate.name, ...candidate.aliases]).join(', ')}.`,
    })
  }
  return mode
}
