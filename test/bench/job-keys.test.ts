import {describe, expect, it} from 'vitest'

import {JOB_KEYS, jobKeyOf, keyHint} from '../../src/bench/job-keys.js'

describe('keys of job files', () => {
  it('are found by each of their names, and no name is that of two', () => {
    const names = JOB_KEYS.flatMap(({name, aliases}) => [name, ...aliases])
    expect(new Set(names).size).toBe(names.length)
    for (const key of JOB_KEYS) for (const name of [key.name, ...key.aliases]) expect(jobKeyOf(name)).toBe(key)
    expect(jobKeyOf('RW')).toBeUndefined()
    expect([jobKeyOf('flush_every'), jobKeyOf('io-size')]).toEqual([jobKeyOf('flush-every'), jobKeyOf('io_size')])
    expect(jobKeyOf('io-size')?.name).toBe('io_size')
  })

  it.each([
    ['fdatasyn', 'Did you mean "fdatasync"?'],
    ['flush_ever', 'Did you mean "flush-every"?'],
    ['BS', 'Did you mean "bs"?'],
    ['end_fsync', 'Write fsync_on_close=1.'],
  ])('that are not understood come with a next step: %s', (name, hint) => {
    expect(keyHint(name)).toBe(hint)
  })

  it('that resemble none are not guessed', () => {
    expect(keyHint('latency_target')).toMatch(/^Leave it out\. Understood are: /)
  })
})
