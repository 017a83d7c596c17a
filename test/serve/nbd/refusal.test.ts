import {describe, expect, it} from 'vitest'

import {cacheModeOf} from '../../../src/cache-mode/index.js'
import {transmissionFlags, type Export} from '../../../src/serve/nbd/export.js'
import {refusalOf} from '../../../src/serve/nbd/refusal.js'
import {newRequestHeader} from '../../../src/serve/nbd/request-header.js'
import {WRITE_ZEROES} from './client.js'

const SERVED: Export = {
  ...{name: '', description: '', sizeBytes: 2 ** 20},
  ...{mode: cacheModeOf('writeback'), readOnly: false, givesBack: true, zeroesFast: true, shared: true},
  ...{minBlockBytes: 512, preferredBlockBytes: 4096},
}
const [EPERM, EINVAL] = [1, 22]
const [SEND_FAST_ZERO, FAST_ZERO] = [1 << 11, 16]

describe.each(['simple', 'structured', 'extended'] as const)('a WRITE_ZEROES in %s style', (style) => {
  it.each([
    ['writable, zeroes are a hole', {}, 0, 0],
    ['writable, zeroes are written', {zeroesFast: false}, 0, EINVAL],
    ['read-only', {readOnly: true}, EPERM, EINVAL],
    ['read-only, zeroes would be written', {readOnly: true, zeroesFast: false}, EPERM, EINVAL],
  ])('may be FAST_ZERO where that was offered, and is invalid elsewhere: %s', (_name, facts, plain, fast) => {
    const served = {...SERVED, ...facts}
    const errorOf = (flags: number): number =>
      refusalOf({...newRequestHeader(), type: WRITE_ZEROES, flags, length: 512}, {style, hasStatus: false}, served)
    expect([errorOf(0), errorOf(FAST_ZERO)]).toEqual([plain, fast])
    const isOffered = (transmissionFlags(served, style, false) & SEND_FAST_ZERO) !== 0
    expect(isOffered).toBe(fast === 0)
  })
})
