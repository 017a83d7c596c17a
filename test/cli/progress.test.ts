import {describe, expect, it} from 'vitest'
import {startProgress} from '../../src/cli/index.js'
import {progressText} from '../../src/cli/progress.js'

const PIPE = {isTTY: false, columns: 0} as unknown as NonNullable<Parameters<typeof startProgress>[2]>

describe('progress', () => {
  it.each([
    [2 ** 30, 4 * 2 ** 30, 500, '1 GiB of 4 GiB (25 %), 2 GiB/s'],
    [512, undefined, 1000, '512 bytes, 512 bytes/s'],
    [0, 0, 0, '0 bytes'],
  ])('after %d of %s bytes in %d ms reads "%s"', (done, total, elapsedMs, text) => {
    expect(progressText(done, total, elapsedMs)).toBe(text)
  })

  it('gives way to the rest of the process now and then, not each time', async () => {
    let nowMs = 0
    const progress = await startProgress('reading', 100, PIPE, () => nowMs)
    let turns = 0
    setImmediate(() => turns++)
    await progress.advance(1)
    expect(turns).toBe(0)
    nowMs = 1000
    await progress.advance(2)
    expect(turns).toBe(1)
    progress.stop()
  })
})
