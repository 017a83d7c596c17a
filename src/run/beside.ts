import {openSimDevice, type DiskModel} from '../aio/index.js'
import type {LoadedBatch} from './batch-source.js'
import type {RunResult} from './result.js'
import {runBatch, type RunOptions} from './run.js'

/** A batch with the content of the files it draws on. */
export interface GuestBatch extends LoadedBatch {
  readonly fileBytes: RunOptions['fileBytes']
}

/** One of two guests: how its batch went with the drive to itself, and how beside the other. */
export interface GuestPair {
  readonly sourceName: string
  readonly alone: RunResult
  readonly beside: RunResult
}

/**
 * Runs two batches as two guests with a queue each on one simulated drive, after each alone on a drive of its own. Each guest has an
 * image of its own, which starts like the one named; the drive, with its clock, its queue and its cache, is shared.
 *
 * @returns undefined when a signal cut one of the runs short
 * @throws ToolError as runBatch
 */
export async function runBeside(
  batches: readonly [GuestBatch, GuestBatch],
  options: Omit<RunOptions, 'statements' | 'fileBytes'> & {readonly diskModel: DiskModel},
): Promise<readonly [GuestPair, GuestPair] | undefined> {
  const [first, second] = batches
  const optionsOf = ({statements, fileBytes}: GuestBatch): RunOptions => ({...options, statements, fileBytes})
  const alone = [await runBatch(optionsOf(first)), await runBatch(optionsOf(second))] as const
  const device = await openSimDevice(options.diskModel)
  const beforeFirst = rendezvous(2)
  const [a, b] = await Promise.all([
    runBatch({...optionsOf(first), device, beforeFirst}),
    runBatch({...optionsOf(second), device, beforeFirst}),
  ])
  if (options.signal.aborted) return undefined
  return [
    {sourceName: first.sourceName, alone: alone[0], beside: a},
    {sourceName: second.sourceName, alone: alone[1], beside: b},
  ]
}

/** A point where everybody waits until the last has come. */
function rendezvous(count: number): () => Promise<void> {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let left = count
  return async () => {
    if (--left === 0) open()
    await opened
  }
}
