import {expect, it} from 'vitest'
import {fastestWay, type TriedWay} from '../../src/bench/path-choice.js'

const inline = {reads: true, writes: true, waits: true, sync: true}
const polled = {polled: true}
const calls = (rate: number): TriedWay => ({way: {inline, ring: undefined, name: 'as plain system calls'}, rate})
const ring = (rate: number): TriedWay => ({way: {inline: undefined, ring: undefined, name: 'through the ring'}, rate})
const poll = (rate: number): TriedWay => ({way: {inline: undefined, ring: polled, name: 'through a polled ring'}, rate})

it('the fastest way is taken, and the report says by how much', () => {
  const why = 'as plain system calls, measured 2.50 x the ring'
  expect(fastestWay([calls(250), ring(100)], 1)).toEqual({inline, ring: undefined, why})
  expect(fastestWay([calls(100), ring(200), poll(400)], 1.1)).toEqual({
    inline: undefined,
    ring: polled,
    why: 'through a polled ring, measured 4.00 x plain system calls and 2.00 x the ring',
  })
  expect(fastestWay([calls(100), ring(101)], 1).inline).toBeUndefined()
})

it('a way that is a little faster is not worth its processor time where that counts', () => {
  const {inline: taken, why} = fastestWay([calls(100), ring(109)], 1.1)
  expect([taken, why]).toEqual([inline, 'as plain system calls, measured 0.92 x the ring, with less processor time'])
  expect(fastestWay([calls(100), ring(111)], 1.1).inline).toBeUndefined()
  expect(fastestWay([calls(80), ring(100), poll(109)], 1.1)).toMatchObject({inline: undefined, ring: undefined})
})

it('a way that did nothing in its time is not taken', () => {
  expect(fastestWay([calls(100), ring(0)], 1).inline).toBe(inline)
  expect(fastestWay([calls(0), ring(100)], 1.1).inline).toBeUndefined()
  expect(fastestWay([calls(0), ring(0)], 1.1).inline).toBe(inline)
})
