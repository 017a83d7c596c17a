import fc from 'fast-check'
import {describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {loadTrace, memorySource, readTrace, readTraceText, traceText} from '../../src/trace/index.js'
import {IMAGE_SECTORS, randomProgram} from '../engine/random-program.js'
import {RandomRun} from '../engine/random-run.js'
import {anyTrace, plain, readWhole, recorded, SEED} from './random-trace.js'

/** Hundreds of traces on a busy machine take a while; only a hang takes longer. */
vi.setConfig({testTimeout: 120_000})

describe('a trace', () => {
  it('is the same in every form: binary, through text, and binary again are the same bytes', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const binary = recorded(trace)
        const text = [...traceText(readTrace(memorySource(binary)))].join('')
        const again = recorded(readTraceText([new TextEncoder().encode(text)], 'it'))
        expect(Buffer.compare(again, binary)).toBe(0)
      }),
      {seed: SEED},
    )
  })

  it('in memory says what the walk says', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const loaded = loadTrace(readTrace(memorySource(recorded(trace))))
        expect(loaded.header).toEqual(trace.header)
        expect(plain(loaded.events)).toEqual(plain(trace.events))
        expect(loaded.before).toEqual(trace.before)
      }),
      {seed: SEED},
    )
  })

  it('can be made of whatever the engine does, in any order and with any failure', () => {
    fc.assert(
      fc.property(randomProgram, (program) => {
        const {rig} = new RandomRun(program)
        const events = rig.events.map((event) => ({event}))
        const {mode, ordering} = program.options
        const header = {
          sizeBytes: IMAGE_SECTORS * 512,
          mode: cacheModeOf(mode).name,
          ordering: orderingModeOf(ordering).name,
          source: 'the engine',
          knownBefore: 'whole' as const,
        }
        rig.engine.close()
        const {events: read} = readWhole(recorded({header, before: [], events}))
        expect(read).toEqual(events)
      }),
      {seed: SEED},
    )
  })
})
