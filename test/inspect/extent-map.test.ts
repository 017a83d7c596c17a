import {closeSync, openSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {ImageSource} from '../../src/image/index.js'
import {mapWith} from '../../src/inspect/extent-map.js'
import {mapExtents} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {loadLibc, type Libc} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

interface Piece {
  readonly from: number
  readonly to: number
  readonly flags?: number
}

/** A file of 1000 bytes whose file system answers as told; a source from byte 100 on. */
function mapOf(
  data: readonly Piece[],
  extents: readonly Piece[] | 'none',
  source: Partial<ImageSource> = {},
): string[] {
  const libc = {
    seek: (_fd: number, offset: number, to: 'data' | 'hole') => {
      const piece = data.find((candidate) => candidate.to > offset)
      if (to === 'hole') return piece && piece.from <= offset ? piece.to : offset
      return piece === undefined ? -6 : Math.max(piece.from, offset)
    },
    fiemap: () =>
      extents === 'none'
        ? -95
        : extents.map(({from, to, flags}) => ({offsetBytes: from, lengthBytes: to - from, flags: flags ?? 0})),
  }
  const whole = {path: 'x', fd: 3, startBytes: 0, sizeBytes: 1000, blockDevice: false, readInto: () => 0, close() {}}
  const map = mapWith({...whole, ...source}, {ok: true, libc: libc as unknown as Libc})
  return map.extents.map(({offsetBytes, lengthBytes, kind, delayed, shared}) => {
    return `${offsetBytes}+${lengthBytes} ${kind}${delayed ? ' delayed' : ''}${shared ? ' shared' : ''}`
  })
}

describe('the map of an image', () => {
  it('covers it without gaps, with data and holes as the file system tells them', () => {
    expect(mapOf([{from: 200, to: 300}], [{from: 200, to: 300}])).toEqual([
      '0+200 hole',
      '200+100 data',
      '300+700 hole',
    ])
    expect(mapOf([], [])).toEqual(['0+1000 hole'])
    expect(mapOf([{from: 0, to: 1000}], [{from: 0, to: 1024}])).toEqual(['0+1000 data'])
  })

  it('tells blocks that are reserved and never written from holes', () => {
    const unwritten = [{from: 0, to: 500, flags: 0x801}]
    expect(mapOf([], unwritten)).toEqual(['0+500 unwritten', '500+500 hole'])
    expect(mapOf([{from: 100, to: 200}], unwritten)).toEqual([
      '0+100 unwritten',
      '100+100 data delayed',
      '200+300 unwritten',
      '500+500 hole',
    ])
  })

  it('marks data whose allocation is delayed or shared, and joins what is alike', () => {
    const extents = [
      {from: 0, to: 100, flags: 0x6},
      {from: 100, to: 200, flags: 0x2000},
      {from: 200, to: 300},
      {from: 300, to: 1000, flags: 1},
    ]
    expect(mapOf([{from: 0, to: 1000}], extents)).toEqual(['0+100 data delayed', '100+100 data shared', '200+800 data'])
  })

  it('has the offsets of the part that is looked at', () => {
    expect(mapOf([{from: 50, to: 150}], [], {startBytes: 100, sizeBytes: 200})).toEqual(['0+50 data', '50+150 hole'])
  })

  it('goes without FIEMAP, and says so', () => {
    expect(mapOf([{from: 0, to: 100}], 'none')).toEqual(['0+100 data', '100+900 hole'])
  })

  it('takes everything for data where nobody tells, and says why', () => {
    const target = openTarget(scene.file('disk', 5000))
    const map = mapWith(target.source, {ok: false, reason: 'no library'})
    target.close()
    expect(map).toMatchObject({holesUnknown: 'no library', physicalUnknown: 'no library'})
    expect(map.extents).toMatchObject([{offsetBytes: 0, lengthBytes: 5000, kind: 'data'}])
    expect(mapOf([], [], {blockDevice: true})).toEqual(['0+1000 data'])
  })

  it('of an empty image is empty', () => {
    expect(mapOf([], [], {sizeBytes: 0})).toEqual([])
    expect(mapOf([], [], {sizeBytes: 0, blockDevice: true})).toEqual([])
  })

  itNeeds([native], 'finds an island in a real sparse file', async () => {
    const path = scene.file('disk', 2 ** 20)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(65536, 1), 0, 65536, 2 ** 18)
    closeSync(fd)
    const target = openTarget(path)
    const map = await mapExtents(target.source)
    target.close()
    expect(map.extents.map(({offsetBytes, lengthBytes, kind}) => [offsetBytes, lengthBytes, kind])).toEqual([
      [0, 2 ** 18, 'hole'],
      [2 ** 18, 65536, 'data'],
      [2 ** 18 + 65536, 2 ** 20 - 2 ** 18 - 65536, 'hole'],
    ])
  })
})
