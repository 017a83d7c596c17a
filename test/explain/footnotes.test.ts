import {expect, it} from 'vitest'
import {Footnotes} from '../../src/explain/footnotes.js'

it('a note is numbered when it is first cited, and keeps its number', () => {
  const notes = new Footnotes({name: 'why', key: 'why'})
  expect(['a', 'b', 'a', 'c', 'b'].map((text) => notes.cite(text))).toEqual(['[1]', '[2]', '[1]', '[3]', '[2]'])
})

it('numbers run on over several tables, and each note is printed once', () => {
  const notes = new Footnotes({name: 'why', key: 'why'})
  notes.cite('a')
  notes.cite('b')
  expect(notes.table().rows).toEqual([
    ['[1]', 'a'],
    ['[2]', 'b'],
  ])
  notes.cite('b')
  notes.cite('c')
  expect(notes.table().rows).toEqual([['[3]', 'c']])
  expect(notes.table().rows).toEqual([])
})

it('a note of several texts is another one when any of them differs', () => {
  const notes = new Footnotes({name: 'why', key: 'why'}, {name: 'source', key: 'source'})
  expect([notes.cite('a', 'x'), notes.cite('a', 'y'), notes.cite('a', 'x')]).toEqual(['[1]', '[2]', '[1]'])
  expect(notes.table().columns.map(({key}) => key)).toEqual(['note', 'why', 'source'])
})
