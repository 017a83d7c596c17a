import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {modeDocument} from '../../src/explain/index.js'
import {FORMAT_NAMES} from '../../src/report/index.js'
import {jsonOf, rendered} from './rendered.js'

/** A document wrapped for people, as one line. */
async function prose(mode: string): Promise<string> {
  return (await rendered(modeDocument(cacheModeOf(mode)))).replaceAll(/\s+/g, ' ')
}

describe('one mode in half a page', () => {
  /** Semantics 3.1 and 3.3. */
  it.each([
    ['writethrough', 'O_RDWR O_DSYNC', 'a write completes when its data is stable', 'fdatasync'],
    ['writeback', 'O_RDWR', 'may be in the host page cache only, until a FLUSH', 'fdatasync'],
    ['none', 'O_RDWR O_DIRECT', 'O_DIRECT bypasses the page cache, not the drive cache', 'fdatasync'],
    ['directsync', 'O_RDWR O_DSYNC O_DIRECT', 'a write completes when its data is stable', 'fdatasync'],
    ['unsafe', 'O_RDWR', 'Nothing is ever synced under unsafe', 'answered OK under unsafe without syncing anything'],
  ])('%s: open flags, what a completion means, what FLUSH does', async (mode, flags, completion, flush) => {
    const text = await prose(mode)
    expect(text).toContain(`opened with: ${flags} write cache:`)
    expect(text).toMatch(new RegExp(`completed means: .*${completion}.*FLUSH: .*${flush}.*FUA: .*order: .*cost: `))
    expect(text).toMatch(/guest crash .*process kill .*host OS crash .*power loss .*Rests on: /)
  })

  it('none says that a write into a hole is not stable, and that FLUSH is a real sync', async () => {
    const text = await prose('none')
    expect(text).toContain('A write into a hole completes while its block allocation is still in host memory')
    expect(text).toContain('FLUSH is an fdatasync')
    expect(text).toContain('also called: off')
  })

  it.each(CACHE_MODES.map((mode) => [mode.name, mode] as const))('%s is a contract for scripts', async (name, mode) => {
    expect(await jsonOf(modeDocument(mode))).toMatchObject({
      schema: 'flushpoint/mode@1',
      mode: name,
      openFlags: expect.arrayContaining(['O_RDWR']) as unknown,
      completion: expect.any(String) as unknown,
      flush: expect.any(String) as unknown,
      cost: mode.cost,
      survival: ['guestCrash', 'processKill', 'osCrash', 'powerLoss'].map((failure) => ({failure})),
      guarantees: expect.any(Array) as unknown,
      assumptions: expect.any(Array) as unknown,
    })
  })

  it.each(FORMAT_NAMES)('can be printed as %s', async (format) => {
    expect(await rendered(modeDocument(cacheModeOf('none')), format)).toContain('conditional')
  })
})
