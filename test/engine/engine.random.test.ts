import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {RANGE_AFTER, RANGE_BEFORE, REQUEST_KINDS, STATUS_OK, WISH_KINDS} from '../../src/request/index.js'
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
  const ids = [...run.asked.keys()]
  const barriers = ids.filter((id) => run.planOf(id)?.drains === true && run.startedAt(id) >= 0)
  return barriers.flatMap((barrier) => {
    const [from, to] = [run.startedAt(barrier), run.completedAt(barrier)]
    const late = ids.filter((id) => id < barrier && run.completedAt(id) > from)
    const early = ids
      .filter((id) => id > barrier)
      .filter((id) => [run.startedAt(id), ...run.stepsAt(id)].some((place) => place >= 0 && place < to))
    return [...late, ...early].map((id) => `${id} beside barrier ${barrier}`)
  })
}

/** The device keeps apart what it is given before and after a tag: so it has to be given in that order. */
function tagsOutOfOrder(run: RandomRun): string[] {
  const ids = [...run.asked.keys()]
  const tags = ids.filter((id) => run.planOf(id)?.tags === true && run.startedAt(id) >= 0)
  return tags.flatMap((tag) => {
    const start = run.startedAt(tag)
    const own = run.stepsAt(tag)
    const late = ids.filter((id) => id < tag && run.stepsAt(id).some((place) => place > start))
    const early = ids.filter((id) => id > tag && run.stepsAt(id).some((place) => place < Math.max(start, ...own)))
    return [...late, ...early].map((id) => `${id} on the wrong side of tag ${tag}`)
  })
}

function dependenciesNotKept(run: RandomRun): string[] {
  const stopped = run.program.acts.some((act) => act.act === 'cancel-queued')
  return [...run.asked].flatMap(([id, {after, canceled}]) => {
    const status = run.rig.status(id)
    const failed = after.some((other) => !run.isOk(other))
    if (failed && status !== 'CANCELED') return [`${id} ended ${status} although one it names failed`]
    if (!failed && status === 'CANCELED' && !canceled && !stopped) return [`nobody cancelled ${id}`]
    const from = run.startedAt(id)
    return from < 0
      ? []
      : after.filter((other) => run.completedAt(other) > from).map((other) => `${id} before ${other}`)
  })
}

const WAITING = ['FSYNC', 'FSYNC_RANGE', 'NOTIFY']

/** Dependencies, waiting for writes, and blocks that two requests must not touch together, let others pass: only runs without. */
function startsOutOfOrder({rig, program, asked}: RandomRun): string[] {
  const passes = [...asked.values()].some(({after, draft}) => after.length > 0 || WAITING.includes(String(draft.name)))
  if (program.options.alignmentBytes !== 512 || passes) return []
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
    return volatileWrites(run)
      .filter((write) => run.completedAt(write) < from)
      .filter((write) => before.every((sync) => sync.queuedAt < run.completedAt(write)))
      .map((write) => `FLUSH ${id} does not cover ${write}`)
  })
}

/** Writes that are OK and, when they ended, not stable. */
function volatileWrites(run: RandomRun): number[] {
  return run.completions
    .filter(({id, stable}) => !stable && run.planOf(id)?.kind.writes === true && run.isOk(id))
    .map(({id}) => id)
    .filter((id) => run.stepsAt(id).length > 0)
}

/** FSYNC, FSYNC_RANGE with sync, NOTIFY: what was asked of each when it was submitted has to be stable when it is OK. */
function wishesThatLie(run: RandomRun): string[] {
  if (cacheModeOf(run.program.options.mode).noFlush) return []
  const wishes = [...run.asked].filter(([id, {draft}]) => {
    const asks = draft.name === 'NOTIFY' || (WAITING.includes(String(draft.name)) && run.planOf(id)?.preSync === true)
    return asks && run.isOk(id)
  })
  return wishes.flatMap(([id, {draft}]) =>
    volatileWrites(run)
      .filter((write) => write < id && (draft.name === 'FSYNC' || run.overlap(write, id)))
      .filter((write) => !isCovered(run, write, run.completedAt(id)))
      .map((write) => `${draft.name} ${id} does not cover ${write}`),
  )
}

/** A sync that was asked for after a write had ended, and has ended well by then. */
function isCovered(run: RandomRun, write: number, by: number): boolean {
  return run.syncs.some(({ok, queuedAt, endedAt}) => ok && queuedAt > run.completedAt(write) && endedAt < by)
}

/** PREFLUSH: what had completed before the submission is stable before the data starts. */
function preflushesThatLie(run: RandomRun): string[] {
  const asking = [...run.asked.keys()].filter((id) => {
    const plan = run.planOf(id)
    return plan?.kind.operands === 'data' && plan.preSync && !plan.tags
  })
  return asking.flatMap((id) => {
    const first = run.stepsAt(id)[0]
    if (first === undefined) return []
    return volatileWrites(run)
      .filter((write) => run.completedAt(write) < run.submittedAt(id) && !isCovered(run, write, first))
      .map((write) => `${id} is written before ${write} is stable`)
  })
}

/** FSYNC_RANGE with a side: earlier writes to one range have ended, and are stable, before later ones to another are given away. */
function ordersNotKept(run: RandomRun): string[] {
  const {mode, link} = run.program.options
  const syncs = !cacheModeOf(mode).noFlush && link.driverFlushes !== false
  const writes = [...run.asked.keys()].filter((id) => run.planOf(id)?.kind.writes === true)
  const volatile = new Set(volatileWrites(run))
  const fences = [...run.asked].filter(
    ([id, {draft}]) =>
      draft.name === 'FSYNC_RANGE' && (draft.flags & (RANGE_BEFORE | RANGE_AFTER)) !== 0 && run.isOk(id),
  )
  return fences.flatMap(([fence, {draft}]) => {
    const isFrom = (id: number): boolean => (draft.flags & RANGE_AFTER) === 0 || run.overlap(id, fence)
    const isTo = (id: number): boolean => (draft.flags & RANGE_BEFORE) === 0 || run.overlap(id, fence)
    const from = writes.filter((id) => id < fence && isFrom(id))
    return writes
      .filter((id) => id > fence && isTo(id))
      .flatMap((late) => {
        const first = run.stepsAt(late).find((place) => !run.rig.history[place]?.startsWith('read'))
        if (first === undefined) return []
        return from
          .filter(
            (early) =>
              run.completedAt(early) > first || (syncs && volatile.has(early) && !isOrdered(run, early, first)),
          )
          .map((early) => `${late} not behind ${early}`)
      })
  })
}

/** Covered before, or by a sync that the device keeps before what it is given from then on. */
function isOrdered(run: RandomRun, write: number, place: number): boolean {
  const ordered = run.syncs.some(
    (sync) => sync.ordered && sync.queuedAt > run.completedAt(write) && sync.queuedAt < place,
  )
  return ordered || isCovered(run, write, place)
}

function stableLies(run: RandomRun): string[] {
  const {dsync, noFlush} = cacheModeOf(run.program.options.mode)
  const {history} = run.rig
  return run.completions.flatMap(({id, stable, ignored}) => {
    if (noFlush ? stable : ignored) return [`${id} is stable under unsafe, or ignored under another mode`]
    const writes = run.stepsAt(id).filter((place) => !history[place]?.startsWith('read'))
    if (!stable || writes.length === 0) return []
    const plan = run.planOf(id)
    const byDescriptor = dsync && plan?.dsync === true
    const bySteps = writes.every((place) => history[place]?.endsWith(`write dsync ${id}`))
    // The device keeps an ordered sync behind the data it was given before.
    const ends = run.stepsAt(id, 'ended ').filter((place) => !history[place]?.startsWith('ended read'))
    const behind = Math.max(...(plan?.tags === true ? writes : ends))
    const bySync = run.syncs.some((sync) => sync.ok && sync.queuedAt > behind && sync.endedAt < run.completedAt(id))
    return byDescriptor || bySteps || bySync ? [] : [`${id} is not stable`]
  })
}

/** One that waits for room in the backend was asked for before the failure: only runs in which there is always room. */
function syncsAfterFailure({syncs, program}: RandomRun): string[] {
  if (program.acts.some(({act}) => act === 'room')) return []
  const failures = syncs.filter(({ok}) => !ok).map(({endedAt}) => endedAt)
  const first = Math.min(...failures)
  return syncs.filter(({queuedAt}) => queuedAt > first).map(({queuedAt}) => `sync at ${queuedAt}`)
}

const PROMISES: readonly (readonly [title: string, violations: (run: RandomRun) => string[]])[] = [
  ['every request ends exactly once, and nothing is left', endings],
  ['what was cancelled or refused never started: the backend saw no step of it', startedThoughCanceled],
  ['a barrier runs alone: after all submitted before it, before all submitted after it', barriersNotAlone],
  ['a tagged barrier is given to the device behind all before it, and all behind it after it', tagsOutOfOrder],
  ['a request starts after everything it names is OK, and is CANCELED when one is not', dependenciesNotKept],
  ['requests that nothing holds back start in the order of submission', startsOutOfOrder],
  ['a FLUSH that is OK covers every write that completed before it was submitted', flushesThatLie],
  ['an FSYNC, a range that was synced, a NOTIFY: when OK, all it was about is stable', wishesThatLie],
  ['PREFLUSH: nothing is written before what had completed is stable', preflushesThatLie],
  ['an order between ranges is kept, in time and on the medium', ordersNotKept],
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
      count(
        'tagged',
        syncs.some(({ordered}) => ordered),
      )
      count(
        'fenced',
        rig.events.some((event) => event.kind === 'start' && event.preSync === true),
      )
      for (const [id, {draft}] of asked) if (rig.status(id) === 'OK') count(`${draft.name} OK`)
      count('three syncs', syncs.length >= 3)
      count(
        'stable',
        completions.some(({stable, status}) => stable && status === STATUS_OK),
      )
    }
    expect([...seen].filter(([, times]) => times < 15)).toEqual([])
    expect([...seen.keys()].filter((what) => what.endsWith(' OK'))).toHaveLength(
      REQUEST_KINDS.length - 1 + WISH_KINDS.length,
    )
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['OK', 'IOERR', 'UNSUPP', 'CANCELED']))
  })
})
