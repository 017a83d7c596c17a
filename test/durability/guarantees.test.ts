import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {type GuaranteeId, guarantees} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'

const MODES = ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']

/** The table of semantics 8.7, columns as in MODES: y holds, n does not, a is assumed. Barriers drain and do not flush. */
const GOLDEN: readonly (readonly [GuaranteeId, string])[] = [
  ['G-READ', 'yyyyy'],
  ['G-PROC', 'yyyyy'],
  ['G-STABLE', 'ynnyn'],
  ['G-FLUSH', 'yyyyn'],
  ['G-FUA', 'yyyyn'],
  ['G-ALLOC', 'ynnyn'],
  ['G-NOHOSTCACHE', 'nnyyn'],
  ['G-ORDER-FLUSH', 'yyyyn'],
  ['G-ORDER-BARRIER', 'ynnyn'],
  ['G-ATOM-SECTOR', 'aaaaa'],
  ['G-ERR', 'yyyyn'],
]

const LETTERS = new Map<boolean | string, string>([
  [true, 'y'],
  [false, 'n'],
  ['assumed', 'a'],
])

function column(mode: string, ordering: string): Map<GuaranteeId, boolean | 'assumed'> {
  return new Map(guarantees(cacheModeOf(mode), orderingModeOf(ordering)).map(({id, holds}) => [id, holds]))
}

describe('guarantees', () => {
  it.each(MODES.map((mode, i) => [mode, i] as const))(
    '%s promises what the table says, no more and no less',
    (mode, i) => {
      const found = guarantees(cacheModeOf(mode), orderingModeOf('drain'))
      expect(found.map(({id, holds}) => [id, LETTERS.get(holds)])).toEqual(GOLDEN.map(([id, row]) => [id, row[i]]))
    },
  )

  it('a barrier orders the medium where it flushes, or where every write is stable and it drains', () => {
    const holds = (ordering: string): string =>
      MODES.map((mode) => LETTERS.get(column(mode, ordering).get('G-ORDER-BARRIER') ?? '')).join('')
    expect(['none', 'drain', 'drain-flush', 'drain-fua'].map(holds)).toEqual(['nnnnn', 'ynnyn', 'yyyyn', 'yyyyn'])
  })

  it('every claim of stability names the host assumption it rests on', () => {
    const stable: GuaranteeId[] = ['G-STABLE', 'G-FLUSH', 'G-FUA', 'G-ALLOC', 'G-ORDER-FLUSH', 'G-ORDER-BARRIER']
    for (const mode of CACHE_MODES) {
      for (const ordering of ORDERING_MODES) {
        const rows = guarantees(mode, ordering)
        for (const {why} of rows) expect(why).toMatch(/^[A-Z].*\.$/)
        for (const {id, holds, why} of rows.filter((row) => stable.includes(row.id))) {
          expect(why.includes('provided the host'), `${mode.name} ${id}`).toBe(holds)
        }
      }
    }
  })
})
