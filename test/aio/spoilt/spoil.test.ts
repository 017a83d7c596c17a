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

  it('may fail in several ways, of which none is there in vain', () => {
    expect(parseSpoil(undefined, 'write=EIO@1%,write=ENOSPC@2%,write=ENODEV,read=ENODEV')?.errors).toHaveLength(4)
  })

  it.each([
    ['read=1ms,flush=1ms, read=2ms', undefined, 'read has a delay already'],
    ['read=1ms=2ms', undefined, 'not a time'],
    [undefined, 'read=EIO,read=EIO', 'read always fails with EIO already'],
    [undefined, 'read=EIO,write=EIO,read=ENOSPC@1%', 'read always fails with EIO already'],
    [undefined, 'read=EIO@100%,read=ENOSPC', 'read always fails with EIO already'],
    [undefined, 'read=EIO@1%,read=EIO@2%', 'read has a rate of EIO already'],
    [undefined, 'read=EIO=EIO', 'not an error with a rate'],
  ])('says each thing once, not as --delay %s --error %s', (delays, errors, says) => {
    expect(() => parseSpoil(delays, errors)).toThrow(
      expect.objectContaining({kind: 'usage', message: expect.stringContaining(says) as string}),
    )
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
