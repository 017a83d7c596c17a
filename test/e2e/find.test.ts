import {execFileSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {contents, expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function find(path: string, pattern: string, ...flags: string[]): Promise<number[]> {
  const ended = await flushpoint(['find', path, pattern, '--json', ...flags])
  const {count, matches} = JSON.parse(ended.stdout) as {count: number; matches: {offsetBytes: number}[]}
  expect([ended.exit, ended.stderr]).toEqual([count === 0 ? 1 : 0, ''])
  return matches.map(({offsetBytes}) => offsetBytes)
}

describe('flushpoint find', () => {
  peerIt(['grep'], 'finds what grep finds', async () => {
    const bytes = Buffer.alloc(1_000_000)
    const random = new Prng(5)
    for (let i = 0; i < bytes.length; i++) bytes[i] = 0x61 + random.below(3)
    writeFileSync(scene.path('disk'), bytes)
    for (const pattern of ['abcabcab', 'aaaaaa']) {
      const lines = execFileSync('grep', ['-obUaF', pattern, scene.path('disk')], {encoding: 'latin1'})
      const expected = lines
        .trimEnd()
        .split('\n')
        .map((line) => Number.parseInt(line, 10))
      expect(await find(scene.path('disk'), pattern)).toEqual(expected)
    }
  })

  it('takes hex, alignment and a maximum', async () => {
    const path = scene.file('disk', 4096)
    const bytes = Buffer.alloc(4096)
    for (const offset of [10, 510, 1022, 1024]) bytes.write('55aa', offset, 'hex')
    writeFileSync(path, bytes)
    expect(await find(path, 'hex:55 AA')).toEqual([10, 510, 1022, 1024])
    expect(await find(path, 'hex:55aa', '--sector-aligned')).toEqual([1024])
    expect(await find(path, 'hex:55aa', '--align', '512+510')).toEqual([510, 1022])
    expect(await find(path, 'hex:55aa', '--align', '2', '--max', '2')).toEqual([10, 510])
    expect(await find(path, 'nothing')).toEqual([])
    expect(await find(path, 'hex:55aa', '--offset', '11', '--length', '1012')).toEqual([510])
    expect(await find(path, 'hex:55aa', '--offset', '1s', '--length', '1k', '--align', '512+510')).toEqual([1022])
  })

  it('changes nothing, and refuses a pattern that is none', async () => {
    scene.file('disk', 100)
    const before = contents(scene.folder)
    await flushpoint(['find', 'disk', 'x'], {cwd: scene.folder})
    expect(contents(scene.folder)).toEqual(before)
    await expectRefusal(scene, ['find', 'disk', 'hex:5'], {exit: 2, code: 'E_PATTERN', says: 'is not in hex'})
    await expectRefusal(scene, ['find', 'disk', 'x', '--align', '0'], {exit: 2, code: 'E_ALIGN', says: '0 bytes'})
    const outside = {exit: 2, code: 'E_ALIGN', says: 'a unit of 512 bytes has no byte 600'}
    await expectRefusal(scene, ['find', 'disk', 'x', '--align', '512+600'], outside)
  })
})
