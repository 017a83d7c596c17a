import {closeSync, openSync} from 'node:fs'
import {execFileSync, spawn} from 'node:child_process'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {imageUsers, openSource} from '../../src/image/index.js'
import {takeLocks} from '../../src/image/locks.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {loopDevices, Scene} from './scene.js'

const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)

let scene: Scene
let path: string
beforeEach(() => {
  scene = new Scene()
  path = scene.file('disk.img', 2 ** 20)
})
afterEach(() => {
  vi.unstubAllEnvs()
  scene.close()
})

async function users(image = path) {
  const source = openSource(image)
  try {
    return await imageUsers(source)
  } finally {
    source.close()
  }
}

describe('who uses an image', () => {
  itNeeds([locks], 'is nobody when nobody holds a lock', async () => {
    expect(await users()).toEqual({holds: [], unshares: [], reason: '', processes: [], mountedOn: undefined})
  })

  itNeeds([locks], 'is told by the locks of a writer, and looking leaves them as they are', async () => {
    const fd = openSync(path, 'r+')
    scene.onClose(() => closeSync(fd))
    takeLocks(native, fd, path, 'writer')
    const seen = {
      holds: ['consistent reading', 'writing'],
      unshares: ['writing', 'rewriting of unchanged data', 'resizing'],
    }
    expect(await users()).toMatchObject({...seen, processes: []}) // this process is not somebody else
    expect(await users()).toMatchObject(seen)
  })

  itNeeds([locks, peer('qemu-io')], 'is QEMU, by name and process', async () => {
    const child = spawn('qemu-io', ['-f', 'raw', path])
    scene.onClose(() => child.kill('SIGKILL'))
    child.stdin.write('read 0 512\n')
    let output = ''
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({destroyOnReturn: false})) {
      output += String(chunk)
      if (output.includes('read 512/512')) break
    }
    const {holds, processes} = await users()
    expect(holds).toContain('writing')
    expect(processes).toEqual([{pid: child.pid, name: 'qemu-io'}])
  })

  it('cannot be told without native calls, and the reason is', async () => {
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', '1')
    expect(await users()).toMatchObject({holds: undefined, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'})
  })

  itNeeds([root(), loopDevices, peer('mkfs.ext4')], 'is the host itself when a device is mounted', async () => {
    execFileSync('mkfs.ext4', ['-q', '-F', '-t', 'ext2', path])
    const device = scene.loop(path)
    const point = scene.mount(device)
    expect(await users(device)).toMatchObject({mountedOn: point})
  })
})
