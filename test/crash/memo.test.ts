import {describe, expect, it} from 'vitest'
import {Memo} from '../../src/crash/memo.js'

describe('the memo of runs', () => {
  it('finds an outcome again by what was read', () => {
    const memo = new Memo()
    expect(memo.noteRead(memo.root, 7)).toBe(true)
    const node = memo.reach(memo.root, 3)
    expect(memo.noteEnd(node, 2)).toBe(true)
    expect(memo.next(memo.root)).toBe(7)
    expect(memo.find(memo.root, 3)).toBe(node)
    expect(memo.outcome(node)).toBe(2)
  })

  it('knows nothing of what was never read', () => {
    const memo = new Memo()
    expect(memo.find(memo.root, 0)).toBe(-1)
    expect(memo.next(memo.root)).toBeLessThan(0)
    expect(memo.outcome(memo.root)).toBe(-1)
  })

  it('sees another read, another end, and another outcome', () => {
    const memo = new Memo()
    memo.noteRead(memo.root, 7)
    expect(memo.noteRead(memo.root, 8)).toBe(false)
    expect(memo.noteEnd(memo.root, 0)).toBe(false)
    const node = memo.reach(memo.root, 0)
    memo.noteEnd(node, 0)
    expect(memo.noteEnd(node, 0)).toBe(true)
    expect(memo.noteEnd(node, 1)).toBe(false)
    expect(memo.noteRead(node, 7)).toBe(false)
  })

  it('keeps apart what it has, however much that is', () => {
    const memo = new Memo()
    memo.noteRead(memo.root, 1)
    for (let key = 0; key < 3000; key++) memo.noteEnd(memo.reach(memo.root, key), key)
    for (let key = 0; key < 3000; key += 37) expect(memo.outcome(memo.find(memo.root, key))).toBe(key)
  })
})
