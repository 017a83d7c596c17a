import type {CacheMode} from '../cache-mode/index.js'

/** What an image comes to rest on: a disk that keeps what it was told to keep, or the memory of the host (tmpfs, a RAM disk). */
export type Medium = {readonly kind: 'disk'} | {readonly kind: 'memory'; readonly name: string}

export const DISK: Medium = {kind: 'disk'}

/**
 * What a mode amounts to on a medium. In memory no sync reaches anything that outlives the host, so every mode keeps what
 * `unsafe` keeps: everything while the host runs, nothing after.
 */
export function effectiveMode(mode: CacheMode, medium: Medium): CacheMode {
  return medium.kind === 'disk' ? mode : {...mode, dsync: false, noFlush: true}
}
