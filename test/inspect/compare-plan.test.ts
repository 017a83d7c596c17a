import {describe, expect, it} from 'vitest'
import {oneSided, stretchesOf, TASK_BYTES, TaskCounter, tasksOf, type Side} from '../../src/inspect/compare-plan.js'

const side = (sizeBytes: number, data?: readonly (readonly [number, number])[]): Side => ({
  path: 'x',
  fd: 3,
  startBytes: 0,
  sizeBytes,
  data: data?.map(([offsetBytes, lengthBytes]) => ({offsetBytes, lengthBytes})),
})

const stretches = (a: Side, b: Side, from = 0, to = Math.max(a.sizeBytes, b.sizeBytes)): unknown[] => {
  return [...stretchesOf(a, b, from, to)].map(({offsetBytes, lengthBytes, inA, inB}) => [
    offsetBytes,
    lengthBytes,
    `${inA ? 'a' : ''}${inB ? 'b' : ''}`,
  ])
}

describe('what has to be read to compare', () => {
  it('is nothing where both have holes, and one side where only it has data', () => {
    expect(
      stretches(
        side(1000, [[100, 100]]),
        side(1000, [
          [150, 100],
          [900, 100],
        ]),
      ),
    ).toEqual([
      [100, 50, 'a'],
      [150, 50, 'ab'],
      [200, 50, 'b'],
      [900, 100, 'b'],
    ])
  })

  it('is all of an image that does not tell, up to its end', () => {
    expect(stretches(side(700), side(1000, []))).toEqual([[0, 700, 'a']])
    expect(stretches(side(0), side(0))).toEqual([])
  })

  it('ends at the borders of tasks, and may begin anywhere', () => {
    const size = 2 * TASK_BYTES + 10
    expect(stretches(side(size), side(size), TASK_BYTES - 5)).toEqual([
      [TASK_BYTES - 5, 5, 'ab'],
      [TASK_BYTES, TASK_BYTES, 'ab'],
      [2 * TASK_BYTES, 10, 'ab'],
    ])
    const far = side(4 * size, [
      [0, 5],
      [3 * size, 5],
    ])
    expect(stretches(far, far, size)).toEqual([[3 * size, 5, 'ab']])
  })
})

describe('the tasks of a comparison', () => {
  it('are those with any data, each once', () => {
    const a = side(10 * TASK_BYTES, [
      [5, 1],
      [TASK_BYTES + 3, 1],
    ])
    const b = side(10 * TASK_BYTES, [[7 * TASK_BYTES - 1, 2]])
    const runs = tasksOf(a, b)
    const counter = new TaskCounter(runs)
    expect([0, 1, 2, 3, 4].map((n) => counter.nth(n))).toEqual([0, 1, 6, 7, undefined])
    expect(new TaskCounter(tasksOf(side(0), side(0))).nth(0)).toBeUndefined()
  })

  it('are counted over several runs by whoever takes only some of them', () => {
    const counter = new TaskCounter([
      {offsetBytes: 3, lengthBytes: 2},
      {offsetBytes: 9, lengthBytes: 3},
    ])
    expect([1, 2, 4].map((n) => counter.nth(n))).toEqual([4, 9, 11])
  })
})

it('what only one of two lists of data covers is found', () => {
  const ranges = (...list: [number, number][]) => list.map(([offsetBytes, lengthBytes]) => ({offsetBytes, lengthBytes}))
  expect(oneSided(ranges([0, 10], [20, 10]), ranges([5, 20]))).toEqual(ranges([0, 5], [10, 10], [25, 5]))
  expect(oneSided(ranges([0, 10]), ranges([0, 10]))).toEqual([])
  expect(oneSided(ranges([0, 10]), [])).toEqual(ranges([0, 10]))
  expect(oneSided(ranges([0, 10]), ranges([10, 10]))).toEqual(ranges([0, 20]))
})
