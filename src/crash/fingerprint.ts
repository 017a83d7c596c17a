import type {Trace} from '../trace/index.js'

const DIGITS = 6

/**
 * A short text that differs, but for bad luck, when traces or options do: FNV-1a over the events and the options, not over data. It
 * guards against reading a state of another trace, nothing more.
 */
export function fingerprintOf(trace: Trace, options: object): string {
  let hash = 0x811c9dc5
  const take = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  take(JSON.stringify(options, Object.keys(options).toSorted()))
  take(`${trace.header.sizeBytes}`)
  for (const {event} of trace.events) {
    take(event.kind)
    switch (event.kind) {
      case 'submit':
        take(`${event.id} ${event.type} ${event.flags} ${event.offsetBytes} ${event.lengthBytes}`)
        break
      case 'start':
        take(`${event.id}`)
        break
      case 'complete':
        take(`${event.id} ${event.status} ${event.errno}`)
        break
      case 'sync-start':
      case 'sync-end':
        take(`${event.sync}`)
        break
      case 'mark':
        take(event.name)
        break
    }
  }
  return hash.toString(36).padStart(DIGITS, '0').slice(-DIGITS)
}
