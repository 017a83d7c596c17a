import type {CacheMode} from '../cache-mode/index.js'
import type {CrashKind} from './crash-kind.js'

/** What survives each kind of crash under a mode, a sentence each, computed from the facts of the mode (semantics 8.5). */
export function survival(mode: CacheMode): Readonly<Record<CrashKind, string>> {
  return {
    processKill: 'Every completed write survives; a write in flight may be there in part.',
    osCrash: osCrash(mode),
    powerLoss: powerLoss(mode),
  }
}

function osCrash(mode: CacheMode): string {
  if (mode.noFlush) return 'Nothing is certain to survive: FLUSH and FUA are ignored.'
  if (mode.dsync) return 'Every completed write survives.'
  return mode.direct
    ? 'Flushed and FUA writes survive, and completed writes into blocks whose allocation was already stable.'
    : 'Flushed and FUA writes survive; others may be lost with the page cache.'
}

function powerLoss(mode: CacheMode): string {
  if (mode.noFlush) return 'Nothing is certain to survive: FLUSH and FUA are ignored.'
  if (mode.dsync) return 'Every completed write survives.'
  return mode.direct
    ? 'Flushed and FUA writes survive; others may be lost with the cache of the drive.'
    : 'Flushed and FUA writes survive; others may be lost with the page cache and the cache of the drive.'
}

/**
 * What has to be true of the host for the claims about a mode to hold, a sentence each. Sources: semantics 3.5 (host), 8.4
 * (atomicity unit), 8.5 (drives in an OS crash).
 */
export function assumptions(mode: CacheMode): string[] {
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
