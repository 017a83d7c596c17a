import {statSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('flushpoint create', () => {
  it('makes a sparse image, or one with all its blocks', async () => {
    const sparse = await flushpoint(['create', 'sparse.img', '4M'], {cwd: scene.folder})
    expect(sparse).toMatchObject({
      exit: 0,
      stderr: '',
      stdout: expect.stringContaining('4 MiB (4194304 bytes), sparse') as string,
    })
    const full = await flushpoint(['create', 'full.img', '4M', '--preallocate', '--json'], {cwd: scene.folder})
    expect(JSON.parse(full.stdout)).toMatchObject({
      schema: 'flushpoint/create@1',
      sizeBytes: 2 ** 22,
      preallocated: true,
    })
    const [a, b] = [statSync(scene.path('sparse.img')), statSync(scene.path('full.img'))]
    expect([a.size, a.blocks < 1000, b.size, b.blocks * 512 >= 2 ** 22]).toEqual([2 ** 22, true, 2 ** 22, true])
  })

  it('preallocates without native calls as well', async () => {
    const env = {FLUSHPOINT_NO_NATIVE: '1'}
    expect((await flushpoint(['create', 'a.img', '3000001', '--preallocate'], {cwd: scene.folder, env})).exit).toBe(0)
    const {size, blocks} = statSync(scene.path('a.img'))
    expect([size, blocks * 512 >= 3_000_001]).toEqual([3_000_001, true])
  })

  it('never touches what exists, and leaves nothing on a failure', async () => {
    scene.file('a.img', 100, 1)
    await expectRefusal(scene, ['create', 'a.img', '1M'], {exit: 3, code: 'E_EXISTS', says: 'a.img exists already'})
    await expectRefusal(scene, ['create', 'b.img', '1X'], {exit: 2, code: 'E_SIZE', says: '"1X" is not a size'})
    await expectRefusal(scene, ['create', 'b.img', '0'], {exit: 2, code: 'E_CREATE_SIZE', says: '0 bytes'})
    await expectRefusal(scene, ['create', 'no/b.img', '1M'], {exit: 3, code: 'E_NO_FOLDER', says: 'no is no folder'})
    await expectRefusal(scene, ['create', 'b.img', '7E'], {exit: 2, code: 'E_CREATE_SIZE', says: 'cannot be made'})
  })
})
