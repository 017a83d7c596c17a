import type {CacheMode} from '../cache-mode/index.js'
import type {CrashKind} from './crash-kind.js'
import {DISK, effectiveMode, type Medium} from './medium.js'

/** Every way to end that survival is asked for. In a guest crash the host, and this process with its requests, live on. */
export type FailureKind = 'guestCrash' | CrashKind

/**
 * Which writes are sure to survive. `flushed`: those covered by a completed FLUSH, and FUA writes. `flushed or in place`: also
 * completed writes into blocks whose allocation was already stable.
 */
export type Survivors = 'completed' | 'flushed' | 'flushed or in place' | 'nothing'

/** Which writes are sure to survive a failure under a mode, computed from the facts of the mode (semantics 8.5). */
export function survivors(mode: CacheMode, failure: FailureKind): Survivors {
  if (failure === 'guestCrash' || failure === 'processKill') return 'completed'
  if (mode.noFlush) return 'nothing'
  if (mode.dsync) return 'completed'
  return failure === 'osCrash' && mode.direct ? 'flushed or in place' : 'flushed'
}

/** The same as a sentence for each failure. */
export function survival(mode: CacheMode): Readonly<Record<FailureKind, string>> {
  return {
    guestCrash: 'Every completed write survives; a write in flight may still be executed, in part or not at all.',
    processKill: 'Every completed write survives; a write in flight may be there in part.',
    osCrash: sentence(mode, survivors(mode, 'osCrash'), 'the page cache'),
    powerLoss: sentence(
      mode,
      survivors(mode, 'powerLoss'),
      mode.direct ? 'the cache of the drive' : 'the page cache and the cache of the drive',
    ),
  }
}

function sentence(mode: CacheMode, kept: Survivors, lostWith: string): string {
  switch (kept) {
    case 'completed':
      return 'Every completed write survives.'
    case 'flushed or in place':
      return 'Flushed and FUA writes survive, and completed writes into blocks whose allocation was already stable.'
    case 'flushed':
      return `Flushed and FUA writes survive; others may be lost with ${lostWith}.`
    case 'nothing':
      return `Nothing is certain to survive: ${mode.name} ignores FLUSH and FUA.`
  }
}

/**
 * What has to be true of the host for the claims about a mode to hold, a sentence each. Sources: semantics 3.5 (host), 8.4
 * (atomicity unit), 8.5 (drives in an OS crash).
 */
export function assumptions(asked: CacheMode, medium: Medium = DISK): string[] {
  const mode = effectiveMode(asked, medium)
  const host = [
    'The host file system issues cache flushes (its barriers are on).',
    'Every layer below passes flushes on: device mapper, md, loop devices, a virtualised host.',
    'The drive obeys flush and FUA; if one of these three is false, no write is certain to survive a power loss.',
  ]
  const direct = [
    'Drives keep their power when the host kernel crashes, so what O_DIRECT has given them survives that.',
    'Which ranges had no stable allocation is what the file system reported when each write started.',
  ]
  return [
    ...(mode.noFlush ? [] : host),
    ...(mode.direct && !mode.dsync && !mode.noFlush ? direct : []),
    'The unit of atomicity is the 512-byte sector: after a crash each sector of a write is old or new by itself.',
    'A write does not damage neighbouring sectors of its physical block when it is cut short (power-safe overwrite).',
    'The image as found at open is taken as stable.',
    'No other program writes to the image during the run.',
  ]
}
