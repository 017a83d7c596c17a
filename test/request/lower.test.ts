import {describe, expect, it} from 'vitest'

import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_UNMAP,
  lower,
  REQUEST_KINDS,
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type Plan,
} from '../../src/request/index.js'

/**
 * The steps of every request, from semantics 3.7 (rows write, FLUSH, FUA write) and 5.2 (barrier with data, empty barrier).
 * Columns: modes that need a FLUSH (writeback, none) | modes stable at completion (writethrough, directsync) | unsafe.
 *
 * write! is a write that is stable when it returns. (ignored): stability was asked for and this mode does not give it.
 * DISCARD and WRITE_ZEROES count as writes (1.8), but O_DSYNC does not cover fallocate: there the sync comes after.
 * A barrier read syncs like a barrier write (6.2); a barrier GET_ID only drains (10.F F9); a barrier FLUSH is the empty
 * barrier with a flush, one sync (10.E E9). tag: every step is an ordered tag (5.2); a GET_ID has no step to carry one and falls back
 * to a drain. A policy without barriers refuses every one (E12).
 */
const TABLE = `
IN                          | read                  | read                   | read
IN barrier none             | refused | refused | refused
IN barrier drain            | drain read            | drain read             | drain read
IN barrier drain-flush      | drain sync read sync  | drain sync read sync   | drain read (ignored)
IN barrier drain-fua        | drain sync read       | drain sync read        | drain read (ignored)
IN barrier tag            | tag read            | tag read             | tag read
IN barrier tag-flush      | tag sync read sync  | tag sync read sync   | tag read (ignored)
IN barrier tag-fua        | tag sync read       | tag sync read        | tag read (ignored)

OUT                         | write                 | write!                 | write
OUT barrier none            | refused | refused | refused
OUT barrier drain           | drain write           | drain write!           | drain write
OUT barrier drain-flush     | drain sync write sync | drain sync write! sync | drain write (ignored)
OUT barrier drain-fua       | drain sync write!     | drain sync write!      | drain write (ignored)
OUT barrier tag           | tag write           | tag write!           | tag write
OUT barrier tag-flush     | tag sync write sync | tag sync write! sync | tag write (ignored)
OUT barrier tag-fua       | tag sync write!     | tag sync write!      | tag write (ignored)
OUT fua                     | write!                | write!                 | write (ignored)
OUT fua barrier none        | refused | refused | refused
OUT fua barrier drain       | drain write!          | drain write!           | drain write (ignored)
OUT fua barrier drain-flush | drain sync write! sync| drain sync write! sync | drain write (ignored)
OUT fua barrier drain-fua   | drain sync write!     | drain sync write!      | drain write (ignored)
OUT fua barrier tag       | tag write!          | tag write!           | tag write (ignored)
OUT fua barrier tag-flush | tag sync write! sync| tag sync write! sync | tag write (ignored)
OUT fua barrier tag-fua   | tag sync write!     | tag sync write!      | tag write (ignored)

FLUSH                       | sync                  | sync                   | (ignored)
FLUSH barrier none          | refused | refused | refused
FLUSH barrier drain         | drain sync            | drain sync             | drain (ignored)
FLUSH barrier drain-flush   | drain sync            | drain sync             | drain (ignored)
FLUSH barrier drain-fua     | drain sync            | drain sync             | drain (ignored)
FLUSH barrier tag         | tag sync            | tag sync             | drain (ignored)
FLUSH barrier tag-flush   | tag sync            | tag sync             | drain (ignored)
FLUSH barrier tag-fua     | tag sync            | tag sync             | drain (ignored)

GET_ID                      |                       |                        |
GET_ID barrier none         | refused | refused | refused
GET_ID barrier drain        | drain                 | drain                  | drain
GET_ID barrier drain-flush  | drain                 | drain                  | drain
GET_ID barrier drain-fua    | drain                 | drain                  | drain
GET_ID barrier tag        | drain                 | drain                  | drain
GET_ID barrier tag-flush  | drain                 | drain                  | drain
GET_ID barrier tag-fua    | drain                 | drain                  | drain

DISCARD                         | punch                 | punch sync            | punch
DISCARD barrier none            | refused | refused | refused
DISCARD barrier drain           | drain punch           | drain punch sync      | drain punch
DISCARD barrier drain-flush     | drain sync punch sync | drain sync punch sync | drain punch (ignored)
DISCARD barrier drain-fua       | drain sync punch sync | drain sync punch sync | drain punch (ignored)
DISCARD barrier tag           | tag punch           | tag punch sync      | tag punch
DISCARD barrier tag-flush     | tag sync punch sync | tag sync punch sync | tag punch (ignored)
DISCARD barrier tag-fua       | tag sync punch sync | tag sync punch sync | tag punch (ignored)
DISCARD fua                     | punch sync            | punch sync            | punch (ignored)
DISCARD fua barrier none        | refused | refused | refused
DISCARD fua barrier drain       | drain punch sync      | drain punch sync      | drain punch (ignored)
DISCARD fua barrier drain-flush | drain sync punch sync | drain sync punch sync | drain punch (ignored)
DISCARD fua barrier drain-fua   | drain sync punch sync | drain sync punch sync | drain punch (ignored)
DISCARD fua barrier tag       | tag punch sync      | tag punch sync      | tag punch (ignored)
DISCARD fua barrier tag-flush | tag sync punch sync | tag sync punch sync | tag punch (ignored)
DISCARD fua barrier tag-fua   | tag sync punch sync | tag sync punch sync | tag punch (ignored)

WRITE_ZEROES                         | zero                 | zero sync            | zero
WRITE_ZEROES barrier none            | refused | refused | refused
WRITE_ZEROES barrier drain           | drain zero           | drain zero sync      | drain zero
WRITE_ZEROES barrier drain-flush     | drain sync zero sync | drain sync zero sync | drain zero (ignored)
WRITE_ZEROES barrier drain-fua       | drain sync zero sync | drain sync zero sync | drain zero (ignored)
WRITE_ZEROES barrier tag           | tag zero           | tag zero sync      | tag zero
WRITE_ZEROES barrier tag-flush     | tag sync zero sync | tag sync zero sync | tag zero (ignored)
WRITE_ZEROES barrier tag-fua       | tag sync zero sync | tag sync zero sync | tag zero (ignored)
WRITE_ZEROES fua                     | zero sync            | zero sync            | zero (ignored)
WRITE_ZEROES fua barrier none        | refused | refused | refused
WRITE_ZEROES fua barrier drain       | drain zero sync      | drain zero sync      | drain zero (ignored)
WRITE_ZEROES fua barrier drain-flush | drain sync zero sync | drain sync zero sync | drain zero (ignored)
WRITE_ZEROES fua barrier drain-fua   | drain sync zero sync | drain sync zero sync | drain zero (ignored)
WRITE_ZEROES fua barrier tag       | tag zero sync      | tag zero sync      | tag zero (ignored)
WRITE_ZEROES fua barrier tag-flush | tag sync zero sync | tag sync zero sync | tag zero (ignored)
WRITE_ZEROES fua barrier tag-fua   | tag sync zero sync | tag sync zero sync | tag zero (ignored)

WRITE_ZEROES unmap                         | punch                 | punch sync            | punch
WRITE_ZEROES unmap barrier none            | refused | refused | refused
WRITE_ZEROES unmap barrier drain           | drain punch           | drain punch sync      | drain punch
WRITE_ZEROES unmap barrier drain-flush     | drain sync punch sync | drain sync punch sync | drain punch (ignored)
WRITE_ZEROES unmap barrier drain-fua       | drain sync punch sync | drain sync punch sync | drain punch (ignored)
WRITE_ZEROES unmap barrier tag           | tag punch           | tag punch sync      | tag punch
WRITE_ZEROES unmap barrier tag-flush     | tag sync punch sync | tag sync punch sync | tag punch (ignored)
WRITE_ZEROES unmap barrier tag-fua       | tag sync punch sync | tag sync punch sync | tag punch (ignored)
WRITE_ZEROES unmap fua                     | punch sync            | punch sync            | punch (ignored)
WRITE_ZEROES unmap fua barrier none        | refused | refused | refused
WRITE_ZEROES unmap fua barrier drain       | drain punch sync      | drain punch sync      | drain punch (ignored)
WRITE_ZEROES unmap fua barrier drain-flush | drain sync punch sync | drain sync punch sync | drain punch (ignored)
WRITE_ZEROES unmap fua barrier drain-fua   | drain sync punch sync | drain sync punch sync | drain punch (ignored)
WRITE_ZEROES unmap fua barrier tag       | tag punch sync      | tag punch sync      | tag punch (ignored)
WRITE_ZEROES unmap fua barrier tag-flush | tag sync punch sync | tag sync punch sync | tag punch (ignored)
WRITE_ZEROES unmap fua barrier tag-fua   | tag sync punch sync | tag sync punch sync | tag punch (ignored)
`

interface Row {
  readonly request: string
  readonly volatile: string
  readonly stable: string
  readonly unsafe: string
}

const ROWS: readonly Row[] = TABLE.split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [request = '', volatile = '', stable = '', unsafe = ''] = line.split('|').map((cell) => cell.trim())
    return {request, volatile, stable, unsafe}
  })

/** The line of the table a combination belongs to: flags without a meaning for the kind are left out. */
function requestOf(name: string, flags: number, ordering: OrderingMode): string {
  const base = name === 'FLUSH_OUT' ? 'FLUSH' : name
  const fuaCounts = ['OUT', 'DISCARD', 'WRITE_ZEROES'].includes(base)
  return [
    base,
    base === 'WRITE_ZEROES' && flags & FLAG_UNMAP ? 'unmap' : '',
    fuaCounts && flags & FLAG_FUA ? 'fua' : '',
    flags & FLAG_BARRIER ? `barrier ${ordering.name}` : '',
  ]
    .filter(Boolean)
    .join(' ')
}

function columnOf(mode: CacheMode): 'volatile' | 'stable' | 'unsafe' {
  switch (mode.name) {
    case 'writeback':
    case 'none':
      return 'volatile'
    case 'writethrough':
    case 'directsync':
      return 'stable'
    case 'unsafe':
      return 'unsafe'
  }
}

const STEP_WORDS = {
  [STEP_NONE]: '',
  [STEP_READ]: 'read',
  [STEP_WRITE]: 'write',
  [STEP_ZERO]: 'zero',
  [STEP_PUNCH]: 'punch',
  [STEP_SYNC]: 'SYNC as a data step',
  [STEP_SYNC_ALL]: 'SYNC_ALL as a data step',
}

function printPlan(plan: Plan): string {
  if (plan.refused) return 'refused'
  return [
    plan.tags ? 'tag' : '',
    plan.drains ? 'drain' : '',
    plan.preSync ? 'sync' : '',
    `${STEP_WORDS[plan.step]}${plan.dsync ? '!' : ''}`,
    plan.postSync ? 'sync' : '',
    plan.ignoresSync ? '(ignored)' : '',
  ]
    .filter(Boolean)
    .join(' ')
}

const KINDS = REQUEST_KINDS.filter(({operands}) => operands !== 'cdb')
const FLAGS = [0, FLAG_UNMAP].flatMap((unmap) =>
  [0, FLAG_BARRIER].flatMap((barrier) => [0, FLAG_FUA].map((fua) => unmap | barrier | fua)),
)

const PLANS = KINDS.flatMap((kind) =>
  FLAGS.flatMap((flags) =>
    CACHE_MODES.flatMap((mode) =>
      ORDERING_MODES.map((ordering) => ({
        plan: lower(kind, flags, mode, ordering),
        kind,
        request: requestOf(kind.name, flags, ordering),
        column: columnOf(mode),
        what: `${kind.name} flags ${flags} ${mode.name} ${ordering.name}`,
      })),
    ),
  ),
)

describe('the steps of a request', () => {
  it.each(ROWS)('$request: $volatile | $stable | $unsafe', (row) => {
    const plans = PLANS.filter(({request}) => request === row.request)
    expect(new Set(plans.map(({column}) => column))).toEqual(new Set(['volatile', 'stable', 'unsafe']))
    for (const {plan, column, what} of plans) expect(printPlan(plan), what).toBe(row[column])
  })

  it('are in the table for every kind, every flag, every mode and every ordering', () => {
    expect(PLANS).toHaveLength(7 * 8 * 5 * 7)
    const known = new Set(ROWS.map(({request}) => request))
    expect(PLANS.filter(({request}) => !known.has(request)).map(({what}) => what)).toEqual([])
    expect(known.size).toBe(ROWS.length)
  })

  it('name the kind they belong to', () => {
    expect(PLANS.filter(({plan, kind}) => plan.kind !== kind)).toEqual([])
  })
})

describe('whatever the request', () => {
  it('a mode that ignores flushes never syncs, and never calls a write stable', () => {
    const plans = PLANS.filter(({column}) => column === 'unsafe').map(({plan}) => plan)
    expect(plans.length).toBeGreaterThan(0)
    expect(plans.filter(({preSync, postSync, dsync}) => preSync || postSync || dsync)).toEqual([])
  })

  it('in a mode that is stable at completion nothing changes the image without a dsync write or a sync behind it', () => {
    const plans = PLANS.filter(({column, kind}) => column === 'stable' && kind.writes)
      .map(({plan}) => plan)
      .filter(({refused}) => !refused)
    expect(plans.length).toBeGreaterThan(0)
    expect(plans.filter(({dsync, postSync}) => !dsync && !postSync)).toEqual([])
  })

  it('only writes are dsync: fallocate is not covered by O_DSYNC', () => {
    expect(PLANS.filter(({plan}) => plan.dsync && plan.step !== STEP_WRITE)).toEqual([])
  })
})

describe('FLUSH', () => {
  const syncsOf = (type: number, modeName: string): readonly number[] => {
    const kind = REQUEST_KINDS.find((candidate) => candidate.type === type)
    return ORDERING_MODES.map((ordering) => {
      const plan = kind && lower(kind, 0, cacheModeOf(modeName), ordering)
      return Number(plan?.preSync) + Number(plan?.postSync) + Number(plan?.step === STEP_SYNC)
    })
  }

  it.each(['writeback', 'none'])('A10: type 4 costs exactly one sync in %s', (mode) => {
    expect(syncsOf(4, mode)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it('A11: type 5 has the same steps as type 4 under every mode, flag and ordering', () => {
    const stepsOf = (type: number) =>
      PLANS.filter(({kind}) => kind.type === type).map(({plan}) => ({...plan, kind: undefined}))
    expect(stepsOf(5)).toEqual(stepsOf(4))
    expect(stepsOf(4)).toHaveLength(8 * 5 * 7)
  })

  it('in unsafe is answered without a sync and counted as ignored', () => {
    expect(syncsOf(4, 'unsafe')).toEqual([0, 0, 0, 0, 0, 0, 0])
    const flush = REQUEST_KINDS.find(({name}) => name === 'FLUSH')
    expect(flush && lower(flush, 0, cacheModeOf('unsafe'), orderingModeOf('drain')).ignoresSync).toBe(true)
  })
})
