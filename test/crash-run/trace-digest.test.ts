import {describe, expect, it} from 'vitest'
import {CrashModel} from '../../src/crash/index.js'
import {traceDigest} from '../../src/crash-run/trace-digest.js'
import {filled, TraceWriter} from '../crash/traces.js'

function digestOf(fill: number, kind: 'power' | 'os' = 'power'): string {
  const writer = new TraceWriter()
  writer.out(0, filled(fill))
  return traceDigest(new CrashModel(writer.trace(), {kind}))
}

describe('the digest of a trace', () => {
  it('is the same for the same events, data and options, and for nothing else', () => {
    expect(digestOf(1)).toBe(digestOf(1))
    expect(digestOf(2)).not.toBe(digestOf(1))
    expect(digestOf(1, 'os')).not.toBe(digestOf(1))
  })
})
