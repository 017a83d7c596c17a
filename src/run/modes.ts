import type {CacheMode} from '../cache-mode/index.js'
import {createImage} from '../image/index.js'
import type {RunResult} from './result.js'
import {runBatch, type RunOptions} from './run.js'

/**
 * Runs the same batch under each mode in turn: several modes each on their own throw-away copy of the starting state, one mode on
 * the image itself. Stops after the run that a signal cut short. When one mode is refused, an image that was created for the
 * comparison is removed again.
 *
 * @returns one result per mode that ran, in order
 * @throws ToolError as runBatch
 */
export async function runModes(
  modes: readonly CacheMode[],
  options: Omit<RunOptions, 'mode'>,
): Promise<readonly RunResult[]> {
  const several = modes.length > 1
  const {path, createBytes, aio, signal} = options
  const createsOnce = several && createBytes !== undefined && aio !== 'sim' // a simulated disk is made anew by each run
  const undo = createsOnce ? await createImage(path, createBytes) : undefined
  const results: RunResult[] = []
  try {
    for (const mode of modes) {
      if (signal.aborted) break
      const snapshot = options.snapshot || several
      results.push(await runBatch({...options, mode, snapshot, createBytes: createsOnce ? undefined : createBytes}))
    }
  } catch (error) {
    undo?.()
    throw error
  }
  return results
}
