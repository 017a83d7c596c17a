import {describe, expect, it} from 'vitest'

import {PaceMeter} from '../../src/serve/pace.js'
import {CACHE, DISC, FLUSH, READ, TRIM, WRITE, WRITE_ZEROES} from './nbd/client.js'

describe('the pace of requests', () => {
  it('is told of each kind that there was, failed ones and all', () => {
    const meter = new PaceMeter()
    expect(meter.paces()).toEqual([])
    for (let i = 1; i <= 100; i++) meter.ended(WRITE, i * 1000, i % 10 !== 0)
    for (const type of [WRITE_ZEROES, TRIM, CACHE, READ, FLUSH]) meter.ended(type, 7, true)
    meter.ended(DISC, 1e9, true)
    const one = {count: 1, failed: 0, latencyNs: {p50: 7, p99: 7, max: 7}}
    const paces = meter.paces()
    expect(paces.filter(({kind}) => kind !== 'WRITE')).toEqual(
      ['READ', 'FLUSH', 'TRIM', 'WRITE_ZEROES', 'CACHE'].map((kind) => ({kind, ...one})),
    )
    const write = paces.find(({kind}) => kind === 'WRITE')
    expect(write).toMatchObject({count: 100, failed: 10, latencyNs: {max: 100_000}})
    // As near as a histogram tells.
    expect(Math.abs((write?.latencyNs.p50 ?? 0) / 50_000 - 1)).toBeLessThan(1 / 256)
    expect(Math.abs((write?.latencyNs.p99 ?? 0) / 99_000 - 1)).toBeLessThan(1 / 256)
  })
})
