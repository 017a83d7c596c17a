import {describe, expect, it} from 'vitest'

import {
  CACHE_MODES,
  cacheModeOf,
  openFlagNames,
  writeCacheEnabled,
  type CacheModeName,
} from '../../src/cache-mode/index.js'

/**
 * The mode table of semantics 3.1 and the open row of 3.7. Of a mode that is stable at completion 3.1 says that every write
 * carries FUA; this tool gets that from O_DSYNC.
 */
interface ModeRow {
  readonly name: CacheModeName
  readonly writeback: boolean
  readonly direct: boolean
  readonly noFlush: boolean
  readonly advertisesCache: boolean
  readonly open: string
  readonly openReadOnly: string
}

const ROWS: readonly ModeRow[] = (
  [
    // name, writeback, direct, no-flush, WCE advertised, open flags, open flags of a read-only image
    ['writethrough', false, false, false, false, 'O_RDWR|O_DSYNC', 'O_RDONLY'],
    ['writeback', true, false, false, true, 'O_RDWR', 'O_RDONLY'],
    ['none', true, true, false, true, 'O_RDWR|O_DIRECT', 'O_RDONLY|O_DIRECT'],
    ['directsync', false, true, false, false, 'O_RDWR|O_DSYNC|O_DIRECT', 'O_RDONLY|O_DIRECT'],
    ['unsafe', true, false, true, true, 'O_RDWR', 'O_RDONLY'],
  ] as const
).map(([name, writeback, direct, noFlush, advertisesCache, open, openReadOnly]) => {
  return {name, writeback, direct, noFlush, advertisesCache, open, openReadOnly}
})

describe('the cache modes', () => {
  it('are these five, in the order tables print them', () => {
    expect(CACHE_MODES.map(({name}) => name)).toEqual(ROWS.map(({name}) => name))
  })

  it('share no name and no alias', () => {
    const spellings = CACHE_MODES.flatMap(({name, aliases}) => [name, ...aliases])
    expect(new Set(spellings).size).toBe(spellings.length)
  })

  it('of 2009 are the three its documents speak of; unsafe came in 2010 and directsync in 2011', () => {
    expect(CACHE_MODES.map(({name, since}) => `${name} ${since}`)).toEqual([
      'writethrough 2009',
      'writeback 2009',
      'none 2009',
      'directsync 2011',
      'unsafe 2010',
    ])
  })

  it('each say what they are, what they cost and where that is written, in words of their own', () => {
    for (const text of ['summary', 'cost'] as const) {
      const texts = CACHE_MODES.map((mode) => mode[text])
      expect(texts).not.toContain('')
      expect(new Set(texts).size, text).toBe(CACHE_MODES.length)
    }
    expect(CACHE_MODES.map(({source}) => source)).not.toContain('')
  })
})

describe.each(ROWS)('cache mode $name', (row) => {
  const mode = cacheModeOf(row.name)

  it('goes around the host page cache, makes writes stable and ignores FLUSH exactly as its table says', () => {
    expect({direct: mode.direct, dsync: mode.dsync, noFlush: mode.noFlush}).toEqual({
      direct: row.direct,
      dsync: !row.writeback,
      noFlush: row.noFlush,
    })
  })

  it(`${row.advertisesCache ? 'advertises a write cache, so that guests flush' : 'advertises no write cache'}`, () => {
    expect(writeCacheEnabled(mode)).toBe(row.advertisesCache)
  })

  it(`opens an image with ${row.open}, and a read-only one with ${row.openReadOnly}`, () => {
    expect(openFlagNames(mode, false).join('|')).toBe(row.open)
    expect(openFlagNames(mode, true).join('|')).toBe(row.openReadOnly)
  })
})

describe('a mode by name', () => {
  it('may be "off", which is none', () => {
    expect(cacheModeOf('off')).toBe(cacheModeOf('none'))
  })

  it.each(['', 'None', 'write-back', 'wb', 'constructor'])('%j is refused with the names there are', (name) => {
    expect(() => cacheModeOf(name)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_CACHE_MODE',
        message: `"${name}" is not a cache mode`,
        hint: 'Choose from writethrough, writeback, none, off, directsync, unsafe.',
      }),
    )
  })

  it('that is stable at completion never ignores FLUSH as well: the two would contradict each other', () => {
    expect(CACHE_MODES.filter(({dsync, noFlush}) => dsync && noFlush)).toEqual([])
  })
})

it('O_DSYNC is trusted through the page cache with one request in flight only, and under O_DIRECT at any depth', () => {
  expect(openFlagNames(cacheModeOf('writethrough'), false, 1)).toEqual(['O_RDWR', 'O_DSYNC'])
  expect(openFlagNames(cacheModeOf('writethrough'), false, 2)).toEqual(['O_RDWR'])
  expect(openFlagNames(cacheModeOf('directsync'), false, 64)).toEqual(['O_RDWR', 'O_DSYNC', 'O_DIRECT'])
})
