import {setImmediate as nextTurn} from 'node:timers/promises'

import {formatBytes} from '../base/index.js'
import {startSpinner} from './spinner.js'

/** How far long work on many bytes has come, drawn where a spinner may be. */
export interface Progress {
  /**
   * Says how many bytes are done, as often as one likes. Now and then it gives way to the rest of the process, so that signals and
   * the drawing get their turn: await it.
   */
  readonly advance: (doneBytes: number) => Promise<void>
  /** Ends it without a trace. */
  stop(): void
}

/** Between two drawings. A spinner that stands still for longer looks dead. */
const TURN_MS = 100

/**
 * Starts to show progress: done, of how much, how fast.
 *
 * @param totalBytes undefined where nobody knows
 * @param clock milliseconds; for tests
 */
export async function startProgress(
  label: string,
  totalBytes: number | undefined,
  stream: Parameters<typeof startSpinner>[1] = process.stderr,
  clock: () => number = () => performance.now(),
): Promise<Progress> {
  const spinner = await startSpinner(label, stream)
  const startMs = clock()
  let turnMs = startMs
  return {
    async advance(doneBytes) {
      const nowMs = clock()
      if (nowMs - turnMs < TURN_MS) return
      turnMs = nowMs
      spinner.update(`${label}: ${progressText(doneBytes, totalBytes, nowMs - startMs)}`)
      await nextTurn()
    },
    stop() {
      spinner.stop()
    },
  }
}

/** "1.5 GiB of 4 GiB (37 %), 820 MiB/s". */
export function progressText(doneBytes: number, totalBytes: number | undefined, elapsedMs: number): string {
  const share = totalBytes === undefined || totalBytes === 0 ? undefined : Math.floor((doneBytes / totalBytes) * 100)
  const of = share === undefined ? '' : ` of ${formatBytes(totalBytes ?? 0)} (${share} %)`
  const perSecond = elapsedMs > 0 ? `, ${formatBytes(Math.round((doneBytes / elapsedMs) * 1000))}/s` : ''
  return `${formatBytes(doneBytes)}${of}${perSecond}`
}
