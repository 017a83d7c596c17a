/** The five names users type. */
export type CacheModeName = 'writethrough' | 'writeback' | 'none' | 'directsync' | 'unsafe'

/**
 * One cache mode as facts. Everything else about a mode (open flags, advertised write cache, guarantees, survival,
 * table rows, flag options) is computed from these; nothing about a mode is written anywhere else.
 */
export interface CacheMode {
  readonly name: CacheModeName
  /** Other spellings users may type. */
  readonly aliases: readonly string[]
  /** The year it can be chosen from; 2009 for those that are older than that. */
  readonly since: number
  /** O_DIRECT: transfers bypass the host page cache. */
  readonly direct: boolean
  /** O_DSYNC: a write completes only when its data, and the metadata needed to read it, are stable. */
  readonly dsync: boolean
  /** FLUSH is answered without syncing anything. */
  readonly noFlush: boolean
  /** One line for help and tables. */
  readonly summary: string
  /** What the price is, in a sentence. */
  readonly cost: string
  readonly source: string
}

/** Whether the device advertises a volatile write cache (WCE), so that the guest must flush. */
export function writeCacheEnabled(mode: CacheMode): boolean {
  return !mode.dsync
}

/** The open(2) flags a mode asks for, by name, in the order strace prints them. */
export function openFlagNames(mode: CacheMode, readOnly: boolean): string[] {
  return [
    readOnly ? 'O_RDONLY' : 'O_RDWR',
    ...(mode.dsync && !readOnly ? ['O_DSYNC'] : []),
    ...(mode.direct ? ['O_DIRECT'] : []),
  ]
}
