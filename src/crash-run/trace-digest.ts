import {createHash} from 'node:crypto'
import type {CrashModel} from '../crash/index.js'

/** The same for the same events, data and options of the model. What lies under the trace is not in it. */
export function traceDigest({fingerprint, trace}: CrashModel): string {
  const hash = createHash('sha256')
  const take = (offsetBytes: number, bytes: Uint8Array): void => {
    hash.update(`${offsetBytes}+${bytes.length} `).update(bytes)
  }
  for (const {offsetBytes, bytes} of trace.before) take(offsetBytes, bytes)
  for (const {event, data} of trace.events) if (event.kind === 'submit' && data) take(event.offsetBytes, data)
  return `${fingerprint}-${hash.digest('hex').slice(0, 16)}`
}
