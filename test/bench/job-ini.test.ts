import {describe, expect, it} from 'vitest'

import {readIni} from '../../src/bench/job-ini.js'

describe('sections in the syntax of fio', () => {
  it('hold their entries as written, with the places of keys and values', () => {
    expect(readIni('[a]\n  bs = 4k # four\nstonewall\n\n[b c]', 'a.fio')).toEqual([
      {
        name: 'a',
        line: 1,
        entries: [
          {key: 'bs', value: '4k', line: 2, column: 3, valueColumn: 8},
          {key: 'stonewall', value: '', line: 3, column: 1, valueColumn: 10},
        ],
      },
      {name: 'b c', line: 5, entries: []},
    ])
  })

  it('may have "=" in a value, and nothing at all', () => {
    expect(readIni('[a]\ndescription=x=y', 'a.fio')[0]?.entries[0]).toMatchObject({key: 'description', value: 'x=y'})
    expect(readIni(' ; nothing\n', 'a.fio')).toEqual([])
  })
})
