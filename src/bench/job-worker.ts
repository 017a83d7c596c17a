import {parentPort, workerData} from 'node:worker_threads'

import {ToolError} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {packResult, type FromWorker, type ToWorker, type WorkerSetup} from './job-message.js'
import {runJob} from './job-setup.js'

/** The thread of one job: runs it as it is told, and says what became of it. */
async function work(
  setup: WorkerSetup,
  say: (message: FromWorker) => void,
  told: (word: ToWorker) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const {fd, dsyncFd, startBytes, sizeBytes, readOnly} = setup
    const target = {
      fd,
      dsyncFd: () => dsyncFd,
      startBytes,
      sizeBytes,
      readOnly,
      read: () => {},
      freshRanges: () => undefined,
    }
    const names = {mode: cacheModeOf(setup.mode), ordering: orderingModeOf(setup.ordering)}
    const {
      backend,
      units,
      readBack: _readBack,
      ...result
    } = await runJob(
      {...setup, ...names, target, diskModel: undefined},
      {
        signal,
        async beforeMeasuring() {
          say({kind: 'ready'})
          await told('go')
        },
        progress: (requests, elapsedNs) => say({kind: 'progress', requests, elapsedNs}),
      },
    )
    say({kind: 'done', result: packResult(result, backend, units?.bits)})
  } catch (error) {
    const known = error instanceof ToolError
    const {kind, code, hint} = known ? error : {kind: 'bug', code: 'E_BUG', hint: undefined}
    say({kind: 'failed', error: {kind, code, hint, message: (error as Error).message}})
  }
}

if (parentPort) {
  const port = parentPort
  const stop = new AbortController()
  let go = (): void => {}
  const going = new Promise<void>((resolve) => {
    go = resolve
  })
  port.on('message', (word: ToWorker) => {
    if (word === 'stop') stop.abort('SIGINT')
    go()
  })
  void work(
    workerData as WorkerSetup,
    (message) => port.postMessage(message),
    () => going,
    stop.signal,
  ).finally(() => port.close())
}
