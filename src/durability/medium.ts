import type {CacheMode} from '../cache-mode/index.js'

/**
 * What an image comes to rest on: a disk that keeps what a sync gave it, as far as can be seen from here (with `keepsEpochs`, in the order of barriers); or something that is
 * known not to, with the reason as a clause ("it lies in memory (tmpfs)", "ext4 on /srv is mounted with nobarrier").
 */
export type Medium =
  {readonly kind: 'disk'; readonly keepsEpochs: boolean} | {readonly kind: 'volatile'; readonly why: string}

export const DISK: Medium = {kind: 'disk', keepsEpochs: false}

/** A disk whose cache has order-only barriers: what a barrier keeps apart reaches the medium in that order, whenever it does. */
export const EPOCH_DISK: Medium = {kind: 'disk', keepsEpochs: true}

/**
 * What a mode amounts to on a medium. Where no sync is sure to reach anything that outlives the host, every mode keeps what `unsafe`
 * keeps: everything while the host runs, nothing after (semantics 8.5, "host assumption false", on the safe side for files).
 */
export function effectiveMode(mode: CacheMode, medium: Medium): CacheMode {
  return medium.kind === 'disk' ? mode : {...mode, dsync: false, noFlush: true}
}
