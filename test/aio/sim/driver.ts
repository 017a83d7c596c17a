import type {Backend} from '../../../src/aio/backend.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../../src/request/index.js'

/** One step by token of its place in the list: a sector to write or read, or a sync. */
export interface Act {
  readonly write?: number
  readonly read?: number
  readonly sectors?: number
  readonly dsync?: boolean
  readonly ordered?: boolean
}

const MEMORY_BYTES = 1 << 16

/**
 * Hands all steps over together and reaps them as they end.
 *
 * @returns by step: when the host knew of its end
 */
export async function endsOf(backend: Backend, acts: readonly Act[]): Promise<number[]> {
  const memory = backend.createMemory(MEMORY_BYTES)
  acts.forEach(({write, read, sectors = 1, dsync = false, ordered = false}, token) => {
    const sector = write ?? read
    if (sector === undefined) {
      backend.queue(STEP_SYNC, token, undefined, 0, 0, 0, false, ordered)
      return
    }
    const op = write === undefined ? STEP_READ : STEP_WRITE
    backend.queue(op, token, memory, 0, sector * 512, sectors * 512, dsync, ordered)
  })
  const ends: number[] = []
  for (let ended = 0; ended < acts.length;) {
    await backend.submit(true)
    const count = backend.reap()
    for (let i = 0; i < count; i++) ends[backend.doneTokens[i] ?? -1] = backend.nowNs()
    ended += count
  }
  return ends
}

/** One step after the other, each handed over when the one before is known to have ended. @returns what each took */
export async function latenciesOf(backend: Backend, acts: readonly Act[]): Promise<number[]> {
  const latencies: number[] = []
  for (const act of acts) {
    const startNs = backend.nowNs()
    await endsOf(backend, [act])
    latencies.push(backend.nowNs() - startNs)
  }
  return latencies
}
