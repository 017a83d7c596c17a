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

/**
 * Whether the kernel may be trusted to make single writes stable (O_DSYNC, RWF_DSYNC). Through the page cache only with one in
 * flight: a write-back error is reported once per open file, so of several stable writes that lose their data together one fails
 * and the others return success (fsync(2), errseq). With more in flight each write has to be followed by a sync, one at a time.
 *
 * @param depth requests in flight at a time
 */
export function trustsStableWrites(mode: CacheMode, depth: number): boolean {
  return mode.direct || depth === 1
}

/** The open(2) flags a mode asks for at a depth, by name, in the order strace prints them. */
export function openFlagNames(mode: CacheMode, readOnly: boolean, depth = 1): string[] {
  return [
    readOnly ? 'O_RDONLY' : 'O_RDWR',
    ...(mode.dsync && !readOnly && trustsStableWrites(mode, depth) ? ['O_DSYNC'] : []),
    ...(mode.direct ? ['O_DIRECT'] : []),
  ]
}
