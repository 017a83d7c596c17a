import {frontendOf} from '../frontend/index.js'
import type {Agreement} from '../negotiation/index.js'
import type {RunResult} from './result.js'
import {countText, flushText} from './words.js'

/** What the front end made of a run, as rows of its report; none without a front end. */
export function guestRows({agreement, commands, asked, mode}: RunResult): (readonly [string, string])[] {
  if (agreement === undefined) return []
  const {frontend, era, offered, negotiated, driverFlushes, ordering, xen} = agreement
  const list = (names: readonly string[]): string => names.join(', ') || 'nothing'
  const flushes = driverFlushes.value ? 'sends flushes' : `sends no flush: ${driverFlushes.why}`
  const accepts = frontendOf(frontend).negotiates.value ? 'agreed on' : 'used by the driver'
  const moved = `${countText(commands.writes, 'write')}, ${countText(commands.reads, 'read')}`
  return [
    ...(asked === mode ? [] : [['downgraded', `from ${asked.name} to ${mode.name}`] as const]),
    ['front end', `${frontend} (${era}); offered: ${list(offered)}; ${accepts}: ${list(negotiated)}`],
    ['driver', `${flushes}; barriers: ${ordering}`],
    ['write cache', cacheText(agreement)],
    ...(xen ? [['backend', xenText(xen)] as const] : []),
    ['sent', `${moved}, flushes: ${flushText(commands)}`],
  ]
}

/** The write cache of the device at the start, and what the guest is told of it. */
function cacheText({writeCache, advertised}: Agreement): string {
  if (writeCache) return advertised ? 'on, and advertised' : 'on, and not advertised: the guest does not know of it'
  const off = 'off: each write is stable before it completes'
  return advertised ? `${off}; advertised all the same` : off
}

function xenText({writeBarrier, flushDiskcache, flushWithData}: NonNullable<Agreement['xen']>): string {
  const barrier = writeBarrier === 'ordered' ? 'waits, flushes, writes with FUA' : 'is answered with an error'
  const flush = flushDiskcache === 'flush' ? 'flushes' : 'is answered with an error'
  const withData =
    flushWithData === 'flush-write' ? ' (with data: flushes, then writes, and the data itself may stay volatile)' : ''
  return `WRITE_BARRIER ${barrier}; FLUSH_DISKCACHE ${flush}${withData}`
}
