import type {Trace, TracedEvent, TraceReading} from './traced.js'
import {digestOf} from './checksum.js'

/**
 * All of a trace in memory, walked over once. Equal content is kept once, whatever it came from.
 *
 * @throws ToolError of kind format as the walk does
 */
export function loadTrace(reading: TraceReading): Trace {
  const contents = new Map<string, Uint8Array>()
  const once = (bytes: Uint8Array): Uint8Array => {
    const key = `${bytes.length} ${Buffer.from(digestOf([bytes])).toString('latin1')}`
    const known = contents.get(key)
    if (known !== undefined) return known
    // A copy: the bytes may be a part of something larger that would be kept with them.
    const own = new Uint8Array(bytes)
    contents.set(key, own)
    return own
  }
  const before = Array.from(reading.before, ({offsetBytes, bytes}) => ({offsetBytes, bytes: once(bytes)}))
  const events = Array.from(reading.events, (traced): TracedEvent => {
    const {data} = traced
    return data === undefined ? {event: traced.event} : {event: traced.event, data: once(data)}
  })
  return {header: reading.header, before, events}
}
