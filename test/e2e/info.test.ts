import {closeSync, openSync, statSync, truncateSync, utimesSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Disk} from '../disk-layout/disk.js'
import {GOLDEN} from '../disk-layout/signature/golden.js'
import {loopDevices, Scene} from '../image/scene.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, root} from '../peers.js'
import {expectRefusal, flushpoint, hashOf, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const native = await loadLibc()
const nativeCalls = capability(native.ok, native.ok ? '' : native.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** All that could show that somebody wrote: content, size, blocks, times of modification and change. */
function traces(path: string): unknown {
  const {size, blocks, mtimeMs, ctimeMs, mode, ino} = statSync(path)
  return {hash: hashOf(path), size, blocks, mtimeMs, ctimeMs, mode, ino}
}

describe('flushpoint info', () => {
  it('tells of every kind of image without changing a byte of it or the time of its last change', async () => {
    for (const {kind, disk} of GOLDEN.filter((golden) => ['ext4', 'qcow2', 'lvm', 'gzip'].includes(golden.kind))) {
      const path = scene.path(`${kind}.img`)
      writeFileSync(path, disk.bytes)
      utimesSync(path, 1_000_000, 1_000_000)
      const before = traces(path)
      const ended = await flushpoint(['info', path])
      expect(ended).toMatchObject({exit: 0, stderr: ''})
      expect(traces(path)).toEqual(before)
    }
    expect(scene.folder).toBeDefined()
  })

  it('writes one document with --json, also of an image that is wrong', async () => {
    const path = scene.path('cut.img')
    writeFileSync(path, new Disk(8192).gpt([{first: 2048, last: 8000}]).bytes)
    truncateSync(path, 2_000_001)
    const {exit, stdout, stderr} = await flushpoint(['info', path, '--json'])
    expect([exit, stderr]).toEqual([0, ''])
    const document = JSON.parse(stdout) as {flushpoint: {contents: {problems: {code: string}[]}}}
    expect(document).toMatchObject({'virtual-size': 2_000_384, filename: path, format: 'raw', 'dirty-flag': false})
    expect(document.flushpoint.contents.problems.map(({code}) => code)).toEqual([
      'GPT_BACKUP_MISSING',
      'GPT_USABLE',
      'PARTITION_BEYOND_END',
      'MBR_PROTECTION_SIZE',
    ])
  })

  itNeeds([nativeCalls], 'counts the 10,000 pieces of a sparse image of nearly 16 TiB', async () => {
    const path = scene.file('huge.img', 0)
    const fd = openSync(path, 'r+')
    const piece = Buffer.alloc(4096, 1)
    for (let i = 0; i < 10_000; i++) writeSync(fd, piece, 0, 4096, 2 ** 20 + i * 2 ** 30)
    closeSync(fd)
    truncateSync(path, 16 * 2 ** 40 - 4096)
    const {exit, stdout} = await flushpoint(['info', path, '--json'])
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      'virtual-size': 16 * 2 ** 40 - 4096,
      flushpoint: {sparseness: {dataRanges: 10_000, holes: 10_001, dataBytes: 10_000 * 4096, complete: true}},
    })
  })

  itNeeds([root(), loopDevices], 'looks at a block device, and at a partition of one', async () => {
    const path = scene.path('disk.img')
    const swap = GOLDEN.find(({kind}) => kind === 'swap')?.disk.bytes ?? new Uint8Array(0)
    const disk = new Disk(8192).gpt([{first: 2048, last: 4095}]).put(2048 * 512, swap)
    writeFileSync(path, disk.bytes)
    const device = scene.loop(path, '--read-only')
    const before = hashOf(path)
    const whole = await flushpoint(['info', device])
    expect(whole).toMatchObject({exit: 0, stderr: ''})
    expect(whole.stdout).toMatch(/^p1 +1M +1 MiB +swap +my label/m)
    const part = await flushpoint(['info', `${device}#p1`, '--json'])
    expect(JSON.parse(part.stdout)).toMatchObject({
      'virtual-size': 1 << 20,
      flushpoint: {kind: 'block device', partition: 1, startBytes: 1 << 20},
    })
    expect(hashOf(path)).toBe(before)
  })

  it('works without native calls, and says what it cannot tell', async () => {
    const path = scene.file('disk.img', 1 << 20)
    const {exit, stdout} = await flushpoint(['info', path], {env: {FLUSHPOINT_NO_NATIVE: '1'}})
    expect(exit).toBe(0)
    expect(stdout).toContain('holes unknown: FLUSHPOINT_NO_NATIVE=1 is set')
    expect(stdout).toContain('cannot be told: FLUSHPOINT_NO_NATIVE=1 is set')
  })

  it('refuses what is no image', async () => {
    await expectRefusal(scene, ['info', 'missing.img'], {
      exit: 3,
      code: 'E_NO_IMAGE',
      says: 'missing.img does not exist',
    })
    await expectRefusal(scene, ['info', '.'], {exit: 3, code: 'E_NOT_AN_IMAGE', says: '. is a directory'})
  })
})
