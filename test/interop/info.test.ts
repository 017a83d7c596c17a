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
    const told = JSON.parse(tool('qemu-img', ['info', '--output=json', path])) as Record<string, unknown>
    // Since QEMU 8.0: the file under the image once more.
    const {children: _under, ...qemu} = told
    return {ours, qemu}
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

  for (const raw of ['on', 'off']) {
    peerIt(['qemu-img'], `of a QCOW2 file with its data in another one (data_file_raw=${raw})`, async () => {
      const path = scene.path('disk.qcow2')
      const options = `data_file=${scene.path('disk.raw')},data_file_raw=${raw}`
      tool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, path, '10M'])
      const {ours, qemu} = await both(path)
      expect(ours).toEqual(qemu)
    })
  }

  peerIt(['qemu-img'], 'of an encrypted QCOW2 file, but for how it is encrypted', async () => {
    const path = scene.path('disk.qcow2')
    const secret = ['--object', 'secret,id=s,data=abc', '-o', 'encrypt.format=luks,encrypt.key-secret=s']
    tool('qemu-img', ['create', '-q', '-f', 'qcow2', ...secret, '-o', 'encrypt.iter-time=10', path, '10M'])
    const {ours, qemu} = await both(path)
    expect(qemu['encrypted']).toBe(true)
    expect({...(ours as object), 'format-specific': 0}).toEqual({...qemu, 'format-specific': 0})
  })

  for (const subformat of ['monolithicFlat', 'twoGbMaxExtentFlat', 'twoGbMaxExtentSparse']) {
    peerIt(['qemu-img'], `of a ${subformat} VMDK file, which names its disk's size extent by extent`, async () => {
      const path = scene.path('disk.vmdk')
      tool('qemu-img', ['create', '-q', '-f', 'vmdk', '-o', `subformat=${subformat}`, path, '5G'])
      const {ours, qemu} = await both(path)
      expect(qemu['virtual-size']).toBe(5 * 2 ** 30)
      expect(ours).toMatchObject({'virtual-size': qemu['virtual-size'], format: 'vmdk', filename: path})
    })
  }

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
