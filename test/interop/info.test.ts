import {truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {infoDocument, openTarget, summaryOf} from '../../src/inspect/index.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, peerIt, root} from '../peers.js'
import {tool} from './made-images.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** What `info --json` has outside of `flushpoint`, and what qemu-img says. */
async function both(path: string): Promise<{readonly ours: unknown; readonly qemu: Record<string, unknown>}> {
  const target = openTarget(path)
  try {
    const document = JSON.parse(JSON.stringify(infoDocument(await summaryOf(target)).json)) as object
    const {flushpoint, ...ours} = document as {flushpoint: unknown}
    expect(flushpoint).toBeDefined()
    return {ours, qemu: JSON.parse(tool('qemu-img', ['info', '--output=json', path])) as Record<string, unknown>}
  } finally {
    target.close()
  }
}

describe('info --json says what qemu-img info says, key for key', () => {
  for (const [title, sizeBytes] of [
    ['an empty file', 0],
    ['a file of an odd size', 1000],
    ['a sparse file', 1 << 30],
    ['a sparse file of 15 TiB', 15 * 2 ** 40],
  ] as const) {
    peerIt(['qemu-img'], `of ${title}`, async () => {
      const {ours, qemu} = await both(scene.file('disk', sizeBytes))
      expect(ours).toEqual(qemu)
    })
  }

  peerIt(['qemu-img'], 'of a file with data and holes', async () => {
    const path = scene.path('disk')
    writeFileSync(path, Buffer.alloc(123_456, 7))
    truncateSync(path, 10 << 20)
    const {ours, qemu} = await both(path)
    expect(ours).toEqual(qemu)
  })

  itNeeds([root(), loopDevices, peer('qemu-img')], 'of a block device', async () => {
    const {ours, qemu} = await both(scene.loop(scene.file('disk', 8 << 20)))
    expect(ours).toEqual(qemu)
  })

  for (const options of [
    [],
    ['compat=0.10'],
    ['cluster_size=4k,lazy_refcounts=on,refcount_bits=8'],
    ['extended_l2=on'],
  ]) {
    peerIt(['qemu-img'], `of a QCOW2 file (${options.join() || 'as it is by default'})`, async () => {
      const path = scene.path('disk.qcow2')
      tool('qemu-img', ['create', '-q', '-f', 'qcow2', ...options.flatMap((option) => ['-o', option]), path, '10M'])
      const {ours, qemu} = await both(path)
      expect(ours).toEqual(qemu)
    })
  }

  peerIt(['qemu-img'], 'of a QCOW2 file on another image', async () => {
    scene.file('base.img', 1 << 20)
    const path = scene.path('disk.qcow2')
    tool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', path])
    const {ours, qemu} = await both(path)
    expect(ours).toEqual(qemu)
    expect(qemu['full-backing-filename']).toBe(scene.path('base.img'))
  })

  for (const format of ['qed', 'vdi', 'vhdx', 'vpc', 'vmdk']) {
    peerIt(['qemu-img'], `of a ${format} file, but for what only that format has`, async () => {
      const path = scene.path('disk')
      tool('qemu-img', ['create', '-q', '-f', format, path, '10M'])
      const {ours, qemu} = await both(path)
      const {'format-specific': _own, ...common} = qemu
      expect(ours).toEqual(common)
    })
  }
})
