import {createHash} from 'node:crypto'
import {openSource} from '../archive/index.js'
import type {CrashModel} from '../crash/index.js'

/** The same for the same events, data and options of the model, and the same digest of what lies under the trace. */
export function traceDigest({fingerprint, trace}: CrashModel, baseDigest = ''): string {
  const hash = createHash('sha256').update(baseDigest)
  const take = (offsetBytes: number, bytes: Uint8Array): void => {
    hash.update(`${offsetBytes}+${bytes.length} `).update(bytes)
  }
  for (const {offsetBytes, bytes} of trace.before) take(offsetBytes, bytes)
  for (const {event, data} of trace.events) if (event.kind === 'submit' && data) take(event.offsetBytes, data)
  return `${fingerprint}-${hash.digest('hex').slice(0, 16)}`
}

const PIECE_BYTES = 2 ** 20

/** The same for the same bytes of an image. @throws ToolError of kind environment when it cannot be opened or read */
export function imageDigest(path: string): string {
  const {source, close} = openSource(path)
  try {
    const hash = createHash('sha256')
    for (let offsetBytes = 0; offsetBytes < source.sizeBytes; offsetBytes += PIECE_BYTES) {
      hash.update(source.read(offsetBytes, Math.min(PIECE_BYTES, source.sizeBytes - offsetBytes)))
    }
    return hash.digest('hex')
  } finally {
    close()
  }
}
