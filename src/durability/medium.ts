import type {CacheMode} from '../cache-mode/index.js'

/**
 * What an image comes to rest on: a disk that keeps what a sync gave it, as far as can be seen from here; or something that is
 * known not to, with the reason as a clause ("it lies in memory (tmpfs)", "ext4 on /srv is mounted with nobarrier").
 */
export type Medium = {readonly kind: 'disk'} | {readonly kind: 'volatile'; readonly why: string}

export const DISK: Medium = {kind: 'disk'}

/**
 * What a mode amounts to on a medium. Where no sync is sure to reach anything that outlives the host, every mode keeps what `unsafe`
 * keeps: everything while the host runs, nothing after (semantics 8.5, "host assumption false", on the safe side for files).
 */
export function effectiveMode(mode: CacheMode, medium: Medium): CacheMode {
  return medium.kind === 'disk' ? mode : {...mode, dsync: false, noFlush: true}
}
