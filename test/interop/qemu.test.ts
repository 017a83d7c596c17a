import {execFileSync, spawnSync} from 'node:child_process'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {direct, hashOf, lines, runJson, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer, peerIt} from '../peers.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

/** Runs commands of qemu-io on a raw image; ends with an error when one of them fails or a pattern is not found. */
function qemuIo(path: string, ...commands: string[]): string {
  const options = commands.flatMap((command) => ['-c', command])
  const {status, stdout, stderr} = spawnSync('qemu-io', ['-f', 'raw', ...options, path], {encoding: 'utf8'})
  const text = stdout + stderr
  // "read -P" that finds other data says so, and older versions still end with 0.
  if (status !== 0 || /fail|error/i.test(text)) throw new Error(`qemu-io ended with ${status}: ${text}`)
  return text
}

/** Every cache mode of flushpoint, and the name qemu-io gives to the same one. */
const MODES = ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']

for (const mode of MODES) {
  const needs = [peer('qemu-io'), ...(mode === 'none' || mode === 'directsync' ? [direct] : [])]

  describe(`under ${mode}`, () => {
    itNeeds(needs, 'qemu-io reads what flushpoint wrote', async () => {
      const batch = lines('OUT 0 4k pattern=0xaa', 'OUT 512k 64k pattern=0xbb', 'OUT 1048064 512 pattern=0xcc', 'FLUSH')
      expect(await runJson([image, ...batch, '--cache', mode])).toMatchObject({exit: 0})
      qemuIo(
        image,
        'read -P 0xaa 0 4k',
        'read -P 0x11 4k 508k',
        'read -P 0xbb 512k 64k',
        'read -P 0x11 576k 458240',
        'read -P 0xcc 1048064 512',
      )
    })

    itNeeds(needs, 'flushpoint reads what qemu-io wrote', async () => {
      const options = [
        '-f',
        'raw',
        '-t',
        mode,
        '-c',
        'write -P 0xaa 8k 4k',
        '-c',
        'write -z 64k 64k',
        '-c',
        'flush',
        image,
      ]
      execFileSync('qemu-io', options, {stdio: 'pipe'})
      const batch = lines(
        'IN 0 8k verify=0x11',
        'IN 8k 4k verify=0xaa',
        'IN 12k 52k verify=0x11',
        'IN 64k 64k verify=0x00',
        'IN 128k 896k verify=0x11',
      )
      const {exit, document} = await runJson([image, ...batch, '--cache', mode])
      expect(document.counts).toMatchObject({ok: 5, verifyFailed: 0})
      expect(exit).toBe(0)
    })
  })
}

describe('the same writes', () => {
  const WRITES = [
    {batch: 'OUT 0 4k pattern=0x01', qemu: 'write -P 0x01 0 4k'},
    {batch: 'OUT 2k 4k pattern=0x02', qemu: 'write -P 0x02 2k 4k'},
    {batch: 'OUT 512 512 pattern=0x03', qemu: 'write -P 0x03 512 512'},
    {batch: 'FLUSH', qemu: 'flush'},
    {batch: 'OUT 256k 256k pattern=0x04 fua', qemu: 'write -f -P 0x04 256k 256k'},
    {batch: 'WRITE_ZEROES 300k 10k', qemu: 'write -z 300k 10k'},
    {batch: 'WRITE_ZEROES 400k 64k unmap', qemu: 'write -z -u 400k 64k'},
    {batch: 'OUT 1048064 512 pattern=0x05', qemu: 'write -P 0x05 1048064 512'},
    {batch: 'FLUSH', qemu: 'flush'},
  ]

  for (const aio of ['auto', 'threads']) {
    peerIt(['qemu-io', 'qemu-img'], `give identical images, with --aio ${aio}`, async () => {
      const other = scene.file('other.img', 2 ** 20, 0x11)
      expect(await runJson([image, ...lines(...WRITES.map(({batch}) => batch)), '--aio', aio])).toMatchObject({exit: 0})
      qemuIo(other, ...WRITES.map(({qemu}) => qemu))
      const compared = execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', image, other], {encoding: 'utf8'})
      expect(compared).toContain('Images are identical.')
      expect(hashOf(image)).toBe(hashOf(other))
    })
  }
})

describe('an image flushpoint makes', () => {
  peerIt(['qemu-img'], 'has the size and the emptiness of one that qemu-img makes', async () => {
    const made = scene.path('made.img')
    const theirs = scene.path('theirs.img')
    await runJson([made, ...lines('IN 0 512'), '--create', '1.5G'])
    execFileSync('qemu-img', ['create', '-f', 'raw', theirs, '1.5G'])
    const infoOf = (path: string): Record<string, unknown> =>
      JSON.parse(execFileSync('qemu-img', ['info', '-f', 'raw', '--output=json', path], {encoding: 'utf8'})) as Record<
        string,
        unknown
      >
    expect(infoOf(made)['virtual-size']).toBe(1.5 * 2 ** 30)
    expect(infoOf(made)['virtual-size']).toBe(infoOf(theirs)['virtual-size'])
    const compared = execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', made, theirs], {encoding: 'utf8'})
    expect(compared).toContain('Images are identical.')
  })
})

describe('right after a run', () => {
  peerIt(['qemu-io'], 'the image is free for qemu-io', async () => {
    for (let turn = 0; turn < 3; turn++) {
      expect(await runJson([image, ...lines('OUT 0 4k', 'FLUSH')])).toMatchObject({exit: 0})
      expect(qemuIo(image, 'write -P 0x22 0 512')).toContain('wrote 512/512')
    }
  })
})
