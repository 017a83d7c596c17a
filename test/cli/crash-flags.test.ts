import {describe, expect, it} from 'vitest'
import {atomOf, crashFlags} from '../../src/cli/index.js'

describe('the flags that say which images a crash may leave', () => {
  it('take every atom they list', () => {
    expect(crashFlags.atom.options?.map((atom) => atomOf(atom as Parameters<typeof atomOf>[0]))).toEqual([
      512,
      4096,
      'request',
      'torn',
    ])
  })
})
