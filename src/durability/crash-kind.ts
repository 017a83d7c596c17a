/**
 * What ends the run. `processKill`: this process dies, the host lives on. `osCrash`: the host kernel dies, drives keep their
 * power. `powerLoss`: everything dies. Each loses what the one before loses, and more (semantics 8.1, 8.5).
 */
export type CrashKind = 'processKill' | 'osCrash' | 'powerLoss'

/** Every crash kind, mildest first. */
export const CRASH_KINDS: readonly CrashKind[] = ['processKill', 'osCrash', 'powerLoss']
