import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {createImage} from '../image/index.js'
import type {RunResult} from './result.js'
import {runBatch, type RunOptions} from './run.js'

/**
 * Runs the same batch under each mode, and under each barrier policy if there are several, in turn: several runs each on their own
 * throw-away copy of the starting state, a single one on the image itself. Stops after the run that a signal cut short. When one
 * is refused, an image that was created for the comparison is removed again.
 *
 * @returns one result per run, in order: all policies of the first mode, then of the next
 * @throws ToolError as runBatch
 */
export async function runModes(
  modes: readonly CacheMode[],
  options: Omit<RunOptions, 'mode'>,
  orderings: readonly (OrderingMode | undefined)[] = [options.ordering],
): Promise<readonly RunResult[]> {
  const variants = modes.flatMap((mode) => orderings.map((ordering) => ({mode, ordering})))
  const several = variants.length > 1
  const {path, createBytes, aio, signal} = options
  const createsOnce = several && createBytes !== undefined && aio !== 'sim' // a simulated disk is made anew by each run
  const undo = createsOnce ? await createImage(path, createBytes) : undefined
  const results: RunResult[] = []
  try {
    for (const variant of variants) {
      if (signal.aborted) break
      const snapshot = options.snapshot || several
      results.push(
        await runBatch({...options, ...variant, snapshot, createBytes: createsOnce ? undefined : createBytes}),
      )
    }
  } catch (error) {
    undo?.()
    throw error
  }
  return results
}
