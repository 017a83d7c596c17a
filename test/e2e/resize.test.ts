import {readFileSync, statSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {loadLibc} from '../../src/native/index.js'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function resize(...args: string[]): Promise<Record<string, unknown>> {
  const ended = await flushpoint(['resize', '--json', ...args], {cwd: scene.folder})
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return JSON.parse(ended.stdout) as Record<string, unknown>
}

describe('flushpoint resize', () => {
  it('adds a hole at the end, to a size or by a size', async () => {
    const path = scene.file('a.img', 4096, 5)
    expect(await resize('a.img', '8k')).toMatchObject({fromBytes: 4096, toBytes: 8192})
    expect(await resize('a.img', '+1k')).toMatchObject({fromBytes: 8192, toBytes: 9216})
    expect(readFileSync(path)).toEqual(Buffer.concat([Buffer.alloc(4096, 5), Buffer.alloc(5120)]))
  })

  it('cuts off only when told to, and says that data went with it', async () => {
    scene.file('a.img', 8192, 5)
    await expectRefusal(scene, ['resize', 'a.img', '4k'], {exit: 2, code: 'E_SHRINK', says: 'would cut off its end'})
    expect(await resize('a.img', '4k', '--shrink')).toMatchObject({
      toBytes: 4096,
      problems: [{text: '4 KiB (4096 bytes) of data were cut off'}],
    })
    expect(await resize('--shrink', 'a.img', '--', '-1k')).toMatchObject({toBytes: 3072})
    expect(statSync(scene.path('a.img')).size).toBe(3072)
  })

  itNeeds([native], 'does not touch an image in use', async () => {
    const path = scene.file('a.img', 8192, 5)
    const used = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
    try {
      await expectRefusal(scene, ['resize', 'a.img', '1M'], {exit: 3, code: 'E_LOCKED', says: 'in use'})
    } finally {
      used.close()
    }
  })

  it('does not touch a partition, whose size is in the table', async () => {
    writeFileSync(scene.path('a.img'), new Disk(64).record(0, [{type: 0x83, firstLba: 8, sectors: 16}]).bytes)
    const says = 'is a partition of a.img'
    await expectRefusal(scene, ['resize', 'a.img#p1', '1M'], {exit: 2, code: 'E_PARTITION', says})
    await expectRefusal(scene, ['create', 'a.img#p1', '1M'], {exit: 2, code: 'E_PARTITION', says})
    const missing = {exit: 2, code: 'E_NO_PARTITION', says: 'a.img has no partition 2'}
    await expectRefusal(scene, ['resize', 'a.img#p2', '1M'], missing)
  })

  it('does not touch a folder, or what is not there', async () => {
    scene.file('a.img', 8192, 5)
    await expectRefusal(scene, ['resize', '.', '1M'], {exit: 3, code: 'E_NOT_AN_IMAGE', says: 'is a directory'})
    await expectRefusal(scene, ['resize', 'b.img', '1M'], {exit: 3, code: 'E_NO_IMAGE', says: 'b.img does not exist'})
    await expectRefusal(scene, ['resize', 'a.img', '0'], {exit: 2, code: 'E_SIZE', says: 'comes to 0 bytes'})
  })
})
