import {linkSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {CrashModel, listStates, type CrashState} from '../../src/crash/index.js'
import {buildImage} from '../../src/crash-run/index.js'
import {TraceWriter} from '../crash/traces.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
let out: string
beforeEach(() => {
  scene = new Scene()
  out = scene.path('bad.img')
})
afterEach(() => scene.close())

const SIZE_BYTES = 2 ** 26
const LISTED = {knownBefore: 'listed'} as const

/** Content from before at sector 4, and a write of two sectors (8 and 9) of which the second is lost. */
function half(sizeBytes = SIZE_BYTES): CrashState {
  const writer = new TraceWriter()
  writer.before(4, new Uint8Array(512).fill(0x44))
  writer.out(8, new Uint8Array(1024).fill(0x88))
  const states = [...listStates(new CrashModel(writer.trace({sizeBytes})).at(3))]
  const state = states.find(({choices}) => choices.size === 1 && choices.has(1))
  if (state === undefined) throw new Error('no image lost the second sector alone')
  return state
}

/** An image with these bytes in these sectors and one byte everywhere else. */
function expected(sizeBytes: number, fill: number, sectors: Record<number, number>): Buffer {
  const bytes = Buffer.alloc(sizeBytes, fill)
  for (const [sector, byte] of Object.entries(sectors))
    bytes.fill(byte, Number(sector) * 512, Number(sector) * 512 + 512)
  return bytes
}

describe('an image that is written out', () => {
  it('holds what the state shows, and takes no room for what is zero', async () => {
    await buildImage(half(), out)
    expect(readFileSync(out).equals(expected(SIZE_BYTES, 0, {4: 0x44, 8: 0x88}))).toBe(true)
    expect(statSync(out).blocks * 512).toBeLessThan(2 ** 20)
    expect(readdirSync(scene.folder)).toEqual(['bad.img'])
  })

  it('holds the base where the trace says nothing, also beneath what was lost', async () => {
    const writer = new TraceWriter()
    writer.out(8, new Uint8Array(512)) // zeroes over something
    const [whole] = listStates(new CrashModel(writer.trace(LISTED), {base: (_, into) => into.fill(0xbb)}).at(3))
    if (whole === undefined) throw new Error('no image')
    await buildImage(whole, out)
    expect(readFileSync(out).equals(expected(2 ** 20, 0xbb, {8: 0}))).toBe(true)
  })

  it('is not made up where nobody knows what the image held, and what was there stays', async () => {
    const writer = new TraceWriter()
    writer.before(8, new Uint8Array(512).fill(0x44))
    writer.out(8)
    const [state] = listStates(new CrashModel(writer.trace({knownBefore: 'touched'})).at(3))
    if (state === undefined) throw new Error('no image')
    writeFileSync(out, 'mine')
    const refused = await refusalOf(buildImage(state, out, {force: true}))
    expect(refused).toMatchObject({kind: 'usage', code: 'E_NO_BASE', context: {offsetBytes: 0}})
    expect(readdirSync(scene.folder)).toEqual(['bad.img'])
    expect(readFileSync(out, 'utf8')).toBe('mine')
  })

  it('keeps a file that is there, unless told to replace it', async () => {
    writeFileSync(out, 'mine')
    const refused = await refusalOf(buildImage(half(), out))
    expect(refused).toMatchObject({kind: 'environment', code: 'E_EXISTS'})
    expect(refused.hint).toContain('--force')
    expect(readFileSync(out, 'utf8')).toBe('mine')
    await buildImage(half(2 ** 20), out, {force: true})
    expect(readFileSync(out).equals(expected(2 ** 20, 0, {4: 0x44, 8: 0x88}))).toBe(true)
    expect(readdirSync(scene.folder)).toEqual(['bad.img'])
  })

  it('never replaces what it is made from, by whatever name, nor what is no file', async () => {
    const trace = scene.file('trace', 512, 1)
    linkSync(trace, out)
    expect(await refusalOf(buildImage(half(), out, {force: true, keeps: [trace]}))).toMatchObject({kind: 'usage'})
    expect(await refusalOf(buildImage(half(), scene.folder, {force: true}))).toMatchObject({kind: 'usage'})
    expect(readFileSync(out).equals(Buffer.alloc(512, 1))).toBe(true)
  })

  it('is not there when the base cannot be read, and what was there stays', async () => {
    const base = (): void => {
      throw new ToolError('io', 'E_TRACE_READ', 'the base cannot be read')
    }
    const [state] = listStates(new CrashModel(new TraceWriter().trace(LISTED), {base}).at(0))
    if (state === undefined) throw new Error('no image')
    expect(await refusalOf(buildImage(state, out))).toMatchObject({kind: 'io'})
    expect(readdirSync(scene.folder)).toEqual([])
    writeFileSync(out, 'mine')
    await refusalOf(buildImage(state, out, {force: true}))
    expect(readdirSync(scene.folder)).toEqual(['bad.img'])
    expect(readFileSync(out, 'utf8')).toBe('mine')
  })
})
