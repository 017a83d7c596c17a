import fc from 'fast-check'
import type {Trace} from '../../src/trace/index.js'
import {FUA, PREFLUSH_FUA, TraceWriter} from './traces.js'

export const SEED = 20100615
export const SECTORS = 3

/** What a random program does next; numbers are folded to what is possible. */
type Move = readonly [
  what: 'write' | 'fua' | 'preflush' | 'hold' | 'release' | 'complete' | 'flush' | 'barrier' | 'mark',
  which: number,
  sectors: number,
]

const FLAGS = {write: 0, fua: FUA, preflush: PREFLUSH_FUA}

const move: fc.Arbitrary<Move> = fc.tuple(
  fc.constantFrom(
    'write',
    'write',
    'write',
    'fua',
    'preflush',
    'hold',
    'release',
    'complete',
    'complete',
    'complete',
    'flush',
    'barrier',
    'mark',
  ),
  fc.nat(11),
  fc.integer({min: 1, max: 2}),
)

/**
 * At most five writes on three sectors that overlap in any way, with flushes in flight beside them, barriers and marks. Some writes
 * are held back, and issued behind others that came after them.
 */
export const traces: fc.Arbitrary<Trace> = fc.array(move, {minLength: 3, maxLength: 16, size: 'max'}).map((moves) => {
  const writer = new TraceWriter()
  const flying: number[] = []
  const held: number[] = []
  let writes = 0
  for (const [what, which, sectors] of moves) {
    switch (what) {
      case 'write':
      case 'fua':
      case 'preflush': {
        if (++writes > 5) break
        const from = which % SECTORS
        flying.push(writer.flying(from, Math.min(sectors, SECTORS - from), FLAGS[what]))
        break
      }
      case 'hold':
        if (++writes <= 5) held.push(writer.submit('OUT', which % SECTORS))
        break
      case 'release': {
        const [id] = held.splice(which % Math.max(1, held.length), 1)
        if (id === undefined) break
        writer.start(id, [], true)
        flying.push(id)
        break
      }
      case 'complete': {
        const [id] = flying.splice(which % Math.max(1, flying.length), 1)
        if (id !== undefined) writer.complete(id)
        break
      }
      case 'flush': {
        const id = writer.submit('FLUSH')
        writer.start(id)
        flying.push(id)
        break
      }
      case 'barrier':
        // A barrier waits for what is in flight.
        for (const id of flying.splice(0)) writer.complete(id)
        writer.done('BARRIER')
        break
      case 'mark':
        writer.mark(`mark ${writer.events.length}`)
        break
    }
  }
  return writer.trace()
})
