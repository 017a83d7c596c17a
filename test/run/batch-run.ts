import {parseBatch, resolveBatch, type Statement} from '../../src/batch/index.js'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {eraOf, frontendOf, type EraName, type FrontendName} from '../../src/frontend/index.js'
import {orderingModeOf, type OrderingName} from '../../src/ordering/index.js'
import {runBatch, type RunOptions} from '../../src/run/index.js'
import type {RunResult} from '../../src/run/result.js'
import type {GuestChoice} from '../../src/run/session.js'

/** The statements of a batch given as lines. */
export function statementsOf(lines: readonly string[]): readonly Statement[] {
  return resolveBatch(parseBatch(lines.join('\n'), '-c'), '-c')
}

export interface Changes extends Partial<Omit<RunOptions, 'mode' | 'ordering' | 'statements'>> {
  readonly mode?: CacheModeName
  readonly ordering?: OrderingName
}

/** What a run is asked to do; what is left out is a simulated disk of 1 MiB, all holes, under writeback at depth 1. A guest chooses its barriers itself. */
export function runOptions(lines: readonly string[], changes: Changes = {}): RunOptions {
  const {mode = 'writeback', ordering = changes.guest === undefined ? 'drain' : undefined, ...rest} = changes
  return {
    path: 'disk.img',
    aio: 'sim',
    depth: 1,
    readOnly: false,
    snapshot: false,
    forceShare: false,
    createBytes: rest.path === undefined ? 1 << 20 : undefined,
    seed: 1,
    fileBytes: () => undefined,
    signal: new AbortController().signal,
    progress: () => {},
    ...rest,
    mode: cacheModeOf(mode),
    ordering: ordering === undefined ? undefined : orderingModeOf(ordering),
    statements: statementsOf(lines),
  }
}

/** Runs a batch given as lines. */
export async function runLines(lines: readonly string[], changes: Changes = {}): Promise<RunResult> {
  return runBatch(runOptions(lines, changes))
}

/** A guest with a front end, today unless it says otherwise, that leaves everything to device and driver. */
export function guestWith(
  name: FrontendName,
  era: EraName = 'today',
  changes: Partial<Omit<GuestChoice, 'frontend' | 'era'>> = {},
): GuestChoice {
  return {
    frontend: frontendOf(name),
    era: eraOf(era),
    steps: [],
    features: undefined,
    negotiate: undefined,
    directIoSafe: undefined,
    ...changes,
  }
}
