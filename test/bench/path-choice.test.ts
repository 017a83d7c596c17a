import {expect, it} from 'vitest'
import {fasterPath} from '../../src/bench/path-choice.js'

const ring = {inline: undefined, why: 'through the ring'}
const inline = {data: true, waits: true, sync: true}

const chosen = (byRing: number, byCall: number, alone: boolean) => fasterPath({byRing, byCall, alone, ring, inline})

it('the faster way is taken, and the report says by how much', () => {
  expect(chosen(100, 250, false)).toEqual({inline, why: 'as plain system calls, measured 2.50 x the ring'})
  expect(chosen(250, 100, true)).toEqual({...ring, why: 'through the ring, measured 2.50 x plain system calls'})
})

it('with one request at a time a ring that is a little faster is not worth its processor time', () => {
  expect(chosen(109, 100, true).inline).toBe(inline)
  expect(chosen(109, 100, true).why).toContain('1.09')
  expect(chosen(111, 100, true).inline).toBeUndefined()
  expect(chosen(109, 100, false).inline).toBeUndefined()
})

it('a way that did nothing in its time is not taken', () => {
  expect(chosen(0, 100, false).inline).toBe(inline)
  expect(chosen(100, 0, true).inline).toBeUndefined()
})
