import {writeFileSync} from 'node:fs'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {CrashModel} from '../../src/crash/index.js'
import {imageDigest, traceDigest} from '../../src/crash-run/trace-digest.js'
import {filled, TraceWriter} from '../crash/traces.js'
import {folder} from './scene.js'

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

  it('is another one over another base', () => {
    const file = path.join(folder(), 'base')
    const over = (fill: number): string => {
      writeFileSync(file, new Uint8Array(2 ** 20 + 512).fill(fill))
      return traceDigest(new CrashModel(new TraceWriter().trace()), imageDigest(file))
    }
    expect(over(1)).toBe(over(1))
    expect(over(2)).not.toBe(over(1))
  })
})
