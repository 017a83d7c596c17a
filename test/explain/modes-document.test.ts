import {describe, expect, it} from 'vitest'
import {modesDocument} from '../../src/explain/index.js'
import {FORMAT_NAMES} from '../../src/report/index.js'
import {jsonOf, rendered} from './rendered.js'

interface Cell {
  readonly mode: string
  readonly holds: string
  readonly why: string
}

interface ModesJson {
  readonly schema: string
  readonly modes: readonly {readonly name: string; readonly writeCacheEnabled: boolean; readonly since: number}[]
  readonly guarantees: readonly {readonly id: string; readonly promise: string; readonly cells: readonly Cell[]}[]
  readonly survival: readonly {readonly failure: string; readonly cells: readonly Cell[]}[]
}

describe('all modes side by side', () => {
  it('has every cell marked with a footnote that is printed below', async () => {
    const text = await rendered(modesDocument())
    const cited = new Set(text.match(/\[\d+\]/g))
    const printed = new Set(text.match(/^\[\d+\]/gm))
    expect(cited.size).toBeGreaterThan(11)
    expect(printed).toEqual(cited)
    expect(text).toMatch(
      /^host OS crash +yes \[\d+\] +conditional \[\d+\] +conditional \[\d+\] +yes \[\d+\] +no \[\d+\]$/m,
    )
    expect(text).toMatch(/^G-FLUSH( +yes \[\d+\]){4} +no \[\d+\]$/m)
  })

  it('is a contract for scripts', async () => {
    const json = (await jsonOf(modesDocument())) as ModesJson
    expect(json.schema).toBe('flushpoint/modes@1')
    expect(json.modes.filter(({writeCacheEnabled}) => writeCacheEnabled).map(({name}) => name)).toEqual([
      'writeback',
      'none',
      'unsafe',
    ])
    expect(json.guarantees).toHaveLength(11)
    expect(json.survival.map(({failure}) => failure)).toEqual(['guestCrash', 'processKill', 'osCrash', 'powerLoss'])
    for (const {cells} of [...json.guarantees, ...json.survival]) {
      expect(cells.map((cell) => Object.keys(cell))).toEqual(Array(5).fill(['mode', 'holds', 'why']))
    }
  })

  it.each(FORMAT_NAMES)('can be printed as %s', async (format) => {
    expect(await rendered(modesDocument(), format)).toContain('G-ORDER-FLUSH')
  })
})
