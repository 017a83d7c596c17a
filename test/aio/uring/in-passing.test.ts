import {closeSync, openSync, readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {InPassing} from '../../../src/aio/uring/in-passing.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../../src/request/index.js'
import {Scene} from '../../image/scene.js'

describe('transfers done in passing', () => {
  let scene: Scene
  let path: string
  let fd: number
  const memory = {bytes: new Uint8Array(4096).fill(0xaa), free() {}}
  beforeEach(() => {
    scene = new Scene()
    path = scene.file('disk.img', 8192, 0x11)
    fd = openSync(path, 'r+')
  })
  afterEach(() => {
    closeSync(fd)
    scene.close()
  })
  const taken = (passing: InPassing): number[][] => {
    const [tokens, results] = [new Int32Array(4), new Int32Array(4)]
    const count = passing.take(tokens, results)
    return Array.from({length: count}, (_, i) => [tokens[i] as number, results[i] as number])
  }

  it('are small writes that need not be stable, and reads of what is in the page cache', () => {
    const passing = new InPassing(fd, () => 512)
    expect(passing.does(STEP_WRITE, 7, memory, 0, 4096, 512, false)).toBe(true)
    expect(passing.does(STEP_READ, 8, memory, 0, 0, 512, false)).toBe(true)
    expect(passing.count).toBe(2)
    expect(taken(passing)).toEqual([
      [7, 512],
      [8, 512],
    ])
    expect(passing.count).toBe(0)
    expect(
      readFileSync(path)
        .subarray(4096, 4608)
        .every((byte) => byte === 0xaa),
    ).toBe(true)
  })

  it('are not writes that have to be stable, long ones, syncs, and reads that would wait or end early', () => {
    const passing = new InPassing(fd, () => -11)
    expect(passing.does(STEP_WRITE, 1, memory, 0, 0, 512, true)).toBe(false)
    expect(passing.does(STEP_WRITE, 1, memory, 0, 0, 2 ** 20, false)).toBe(false)
    expect(passing.does(STEP_SYNC, 1, undefined, 0, 0, 0, false)).toBe(false)
    expect(passing.does(STEP_READ, 1, memory, 0, 0, 512, false)).toBe(false)
    expect(new InPassing(fd, () => 511).does(STEP_READ, 1, memory, 0, 0, 512, false)).toBe(false)
    expect(new InPassing(fd, undefined).does(STEP_READ, 1, memory, 0, 0, 512, false)).toBe(false)
    expect(passing.count).toBe(0)
  })

  it('end with the errno of a write that fails', () => {
    const readOnly = openSync(path, 'r')
    const passing = new InPassing(readOnly, undefined)
    expect(passing.does(STEP_WRITE, 3, memory, 0, 0, 512, false)).toBe(true)
    expect(taken(passing)).toEqual([[3, -9]]) // EBADF
    closeSync(readOnly)
  })
})
