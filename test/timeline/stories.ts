import {readTraceText, type TraceReading} from '../../src/trace/index.js'

/** A trace of an image of 64 KiB, told line by line. */
export function story(mode: string, ...lines: string[]): TraceReading {
  const text = [JSON.stringify({trace: 1, sizeBytes: 65536, mode}), ...lines].join('\n')
  return readTraceText([new TextEncoder().encode(text)], 'story')
}

/** A write of one sector. */
export function out(id: number, sector: number, ...flags: string[]): string {
  return JSON.stringify({submit: id, request: 'OUT', offsetBytes: sector * 512, lengthBytes: 512, flags})
}

export function flush(id: number): string {
  return JSON.stringify({submit: id, request: 'FLUSH'})
}

export function done(id: number): string {
  return JSON.stringify({complete: id})
}
