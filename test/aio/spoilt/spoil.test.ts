import {describe, expect, it} from 'vitest'

import {parseSpoil} from '../../../src/aio/spoilt/spoil.js'
import {ERRNO, ToolError} from '../../../src/base/index.js'

describe('what spoils a disk', () => {
  it('is read from steps with times and from steps with errors and rates', () => {
    expect(parseSpoil(undefined, undefined)).toBeUndefined()
    expect(parseSpoil('read=1.5ms,flush=20us', 'write=EIO@0.1%,flush=ENOSPC')).toEqual({
      delaysNs: new Map([
        ['read', 1.5e6],
        ['flush', 2e4],
      ]),
      errors: [
        {step: 'write', errno: ERRNO.EIO, probability: 0.001},
        {step: 'flush', errno: ERRNO.ENOSPC, probability: 1},
      ],
    })
  })

  it.each([
    ['sync=1ms', undefined],
    ['read=1', undefined],
    ['read', undefined],
    [undefined, 'write=EAGAIN'],
    [undefined, 'write=EIO@101%'],
    [undefined, 'EIO'],
  ])('is not read from --delay %s --error %s', (delays, errors) => {
    expect(() => parseSpoil(delays, errors)).toThrow(ToolError)
  })
})
