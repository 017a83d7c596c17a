import {truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {hexDump, rawBytes} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

type Options = Parameters<typeof hexDump>[2]
type Source = Parameters<typeof hexDump>[0]
const ALL = {offsetBytes: 0, lengthBytes: Infinity}

function dump(bytes: Buffer, options: Partial<Options>, offsetBytes = 0, lengthBytes = Infinity): string {
  writeFileSync(scene.path('disk'), bytes)
  const target = openTarget(scene.path('disk'))
  const all = {style: 'hexdump', fold: true, sectors: false, color: false, ...options} as const
  let text = ''
  for (const piece of hexDump(target.source, {offsetBytes, lengthBytes}, all))
    text += Buffer.from(piece).toString('latin1')
  target.close()
  return text
}

describe('the hex view', () => {
  it('folds rows like the one before, also across what is read at a time, but never the last part of a row', () => {
    const text = dump(Buffer.alloc(200_005, 0x41), {})
    expect(text.split('\n').map((line) => line.slice(0, 12))).toEqual([
      '00000000  41',
      '*',
      '00030d40  41',
      '00030d45',
      '',
    ])
  })

  it('is the same whether holes are read or skipped', () => {
    const bytes = Buffer.alloc(400_000)
    bytes.write('start', 0)
    bytes.write('middle', 200_001)
    const data = [
      {offsetBytes: 0, lengthBytes: 4096},
      {offsetBytes: 200_000, lengthBytes: 4096},
    ]
    for (const style of ['hexdump', 'xxd'] as const) {
      for (const offset of [0, 5, 4096, 204_096, 399_990]) {
        expect(dump(bytes, {style, data}, offset), `${style} ${offset}`).toBe(dump(bytes, {style}, offset))
      }
    }
  })

  it('begins and ends where it is told, and behind the end is empty', () => {
    expect(dump(Buffer.from('0123456789'), {}, 3, 2)).toMatch(/^00000003 {2}33 34 .*\|34\|\n00000005\n$/)
    expect(dump(Buffer.from('0123'), {}, 4)).toBe('')
    expect(dump(Buffer.from('0123'), {style: 'xxd'}, 4)).toBe('')
  })

  it('puts rulers where a new sector begins', () => {
    const text = dump(Buffer.alloc(1024, 1), {sectors: true, fold: false})
    expect(text.match(/^--- sector \d+ /gm)).toEqual(['--- sector 0 ', '--- sector 1 '])
  })
})

it('the raw bytes of a range are those of the image, in pieces', () => {
  const bytes = Buffer.from(Uint8Array.from({length: 200_000}, (_, i) => i % 251))
  writeFileSync(scene.path('disk'), bytes)
  const target = openTarget(scene.path('disk'))
  const pieces = [...rawBytes(target.source, {offsetBytes: 1, lengthBytes: 150_000})].map((piece) => piece.length)
  expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(150_000)
  let all = Buffer.alloc(0)
  for (const piece of rawBytes(target.source, {offsetBytes: 1, lengthBytes: Infinity}))
    all = Buffer.concat([all, piece])
  expect(all.equals(bytes.subarray(1))).toBe(true)
  target.close()
})

it('what an image that became shorter has left is shown, and then it is an error', () => {
  for (const pieces of [
    (source: Source) => rawBytes(source, ALL),
    (source: Source) => hexDump(source, ALL, {style: 'xxd', fold: false, sectors: false, color: false}),
  ]) {
    writeFileSync(scene.path('disk'), Buffer.alloc(200_000, 0x41))
    const target = openTarget(scene.path('disk'))
    truncateSync(scene.path('disk'), 100_000)
    let lengthBytes = 0
    expect(() => {
      for (const piece of pieces(target.source)) lengthBytes += piece.length
    }).toThrow(expect.objectContaining({kind: 'io', code: 'E_SHORT_IMAGE'}))
    expect(lengthBytes).toBeGreaterThanOrEqual(100_000)
    target.close()
  }
})
