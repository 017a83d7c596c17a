import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, STATUS_OK} from '../../src/request/index.js'
import {randomProgram} from './random-program.js'
import {RandomRun} from './random-run.js'

const SEED = 20260310

function endings({rig, asked}: RandomRun): string[] {
  const wrong = [...asked.keys()].filter((id) => !rig.endings.has(id)).map((id) => `${id} never ended`)
  if (rig.outstanding.length > 0) wrong.push(`outstanding: ${rig.outstanding.join()}`)
  rig.engine.close()
  if (rig.backend.memories !== 0) wrong.push(`${rig.backend.memories} memories not freed`)
  return wrong
}

function startedThoughCanceled(run: RandomRun): string[] {
  return [...run.asked].flatMap(([id, {canceled}]) => {
    const status = run.rig.status(id)
    if (canceled && status !== 'CANCELED') return [`${id} was cancelled and ended ${status}`]
    if (status !== 'CANCELED' && status !== 'UNSUPP') return []
    return run.startedAt(id) >= 0 || run.stepsAt(id).length > 0 ? [`${id} ended ${status} after a start`] : []
  })
}

function barriersNotAlone(run: RandomRun): string[] {
  if (!orderingModeOf(run.program.options.ordering).drains) return []
  const ids = [...run.asked.keys()]
  const isBarrier = (id: number): boolean => ((run.asked.get(id)?.draft.flags ?? 0) & FLAG_BARRIER) !== 0
  const barriers = ids.filter((id) => isBarrier(id) && run.startedAt(id) >= 0)
  return barriers.flatMap((barrier) => {
    const [from, to] = [run.startedAt(barrier), run.completedAt(barrier)]
    const late = ids.filter((id) => id < barrier && run.completedAt(id) > from)
    const early = ids
      .filter((id) => id > barrier)
      .filter((id) => [run.startedAt(id), ...run.stepsAt(id)].some((place) => place >= 0 && place < to))
    return [...late, ...early].map((id) => `${id} beside barrier ${barrier}`)
  })
}

function dependenciesNotKept(run: RandomRun): string[] {
  const stopped = run.program.acts.some((act) => act.act === 'cancel-queued')
  return [...run.asked].flatMap(([id, {after, canceled}]) => {
    const status = run.rig.status(id)
    const failed = after.some((other) => run.rig.status(other) !== 'OK')
    if (failed && status !== 'CANCELED') return [`${id} ended ${status} although one it names failed`]
    if (!failed && status === 'CANCELED' && !canceled && !stopped) return [`nobody cancelled ${id}`]
    const from = run.startedAt(id)
    return from < 0
      ? []
      : after.filter((other) => run.completedAt(other) > from).map((other) => `${id} before ${other}`)
  })
}

/** Dependencies, and blocks that two requests must not touch together, let others pass: only runs without them. */
function startsOutOfOrder({rig, program, asked}: RandomRun): string[] {
  if (program.options.alignmentBytes !== 512 || [...asked.values()].some(({after}) => after.length > 0)) return []
  const starts = rig.events.flatMap((event) => (event.kind === 'start' ? [event.id] : []))
  return starts.filter((id, i) => id < (starts[i - 1] ?? 0)).map((id) => `${id} started late`)
}

function flushesThatLie(run: RandomRun): string[] {
  const {mode, soleWriter} = run.program.options
  if (cacheModeOf(mode).noFlush) return []
  const flushes = [...run.asked].filter(([id, {draft}]) => {
    return (draft.name === 'FLUSH' || draft.name === 'FLUSH_OUT') && run.rig.status(id) === 'OK'
  })
  return flushes.flatMap(([id]) => {
    const [from, to] = [run.submittedAt(id), run.completedAt(id)]
    const before = run.syncs.filter((sync) => sync.endedAt < to)
    if (before.some((sync) => !sync.ok)) return [`FLUSH ${id} is OK after a failed sync`]
    if (before.length === 0) return [`FLUSH ${id} is OK without any sync`]
    if (soleWriter !== true && before.every((sync) => sync.queuedAt < from)) return [`FLUSH ${id} joined a sync`]
    const writes = run.completions.filter((write) => {
      const changes = ['OUT', 'WRITE_ZEROES', 'DISCARD'].includes(String(run.asked.get(write.id)?.draft.name))
      return changes && !write.stable && run.completedAt(write.id) < from && run.stepsAt(write.id).length > 0
    })
    return writes
      .filter((write) => before.every((sync) => sync.queuedAt < run.completedAt(write.id)))
      .map((write) => `FLUSH ${id} does not cover ${write.id}`)
  })
}

function stableLies(run: RandomRun): string[] {
  const {dsync, noFlush} = cacheModeOf(run.program.options.mode)
  const {history} = run.rig
  return run.completions.flatMap(({id, stable, ignored}) => {
    if (noFlush ? stable : ignored) return [`${id} is stable under unsafe, or ignored under another mode`]
    const writes = run.stepsAt(id).filter((place) => !history[place]?.startsWith('read'))
    if (!stable || writes.length === 0) return []
    const byDescriptor = dsync && run.asked.get(id)?.draft.name === 'OUT'
    const bySteps = writes.every((place) => history[place] === `write dsync ${id}`)
    const dataEnded = Math.max(...run.stepsAt(id, 'ended '))
    const bySync = run.syncs.some((sync) => sync.ok && sync.queuedAt > dataEnded && sync.endedAt < run.completedAt(id))
    return byDescriptor || bySteps || bySync ? [] : [`${id} is not stable`]
  })
}

function syncsAfterFailure({syncs}: RandomRun): string[] {
  const failed = syncs.findIndex((sync) => !sync.ok)
  return failed < 0 ? [] : syncs.slice(failed + 1).map((sync) => `sync at ${sync.queuedAt}`)
}

const PROMISES: readonly (readonly [title: string, violations: (run: RandomRun) => string[]])[] = [
  ['every request ends exactly once, and nothing is left', endings],
  ['what was cancelled or refused never started: the backend saw no step of it', startedThoughCanceled],
  ['a barrier runs alone: after all submitted before it, before all submitted after it', barriersNotAlone],
  ['a request starts after everything it names is OK, and is CANCELED when one is not', dependenciesNotKept],
  ['requests that nothing holds back start in the order of submission', startsOutOfOrder],
  ['a FLUSH that is OK covers every write that completed before it was submitted', flushesThatLie],
  ['a write called stable went the stable way, or has a sync of its own behind its data', stableLies],
  ['no sync is asked for after one has failed', syncsAfterFailure],
]

describe(`whatever is submitted, cancelled and goes wrong in whatever order (seed ${SEED})`, () => {
  for (const [title, violations] of PROMISES) {
    it(title, () => {
      fc.assert(
        fc.property(randomProgram, (program) => {
          expect(violations(new RandomRun(program))).toEqual([])
        }),
        {seed: SEED, numRuns: 500},
      )
    })
  }

  it('the programs do reach what they are to test', () => {
    const seen = new Map<string, number>()
    const count = (what: string, how = true): void => void seen.set(what, (seen.get(what) ?? 0) + (how ? 1 : 0))
    for (const program of fc.sample(randomProgram, {seed: SEED, numRuns: 500})) {
      const {rig, asked, completions, syncs} = new RandomRun(program)
      for (const {status} of rig.endings.values()) count(status)
      count(
        'held and started',
        rig.events.some((event) => event.kind === 'start' && event.held),
      )
      count(
        'cancelled by id',
        [...asked.values()].some(({canceled}) => canceled),
      )
      count('poisoned', rig.engine.poison !== 0)
      count('three syncs', syncs.length >= 3)
      count(
        'stable',
        completions.some(({stable, status}) => stable && status === STATUS_OK),
      )
    }
    expect([...seen].filter(([, times]) => times < 20)).toEqual([])
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['OK', 'IOERR', 'UNSUPP', 'CANCELED']))
  })
})
