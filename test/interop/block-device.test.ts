import {execFileSync} from 'node:child_process'
import {readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {expectRefusal, flushpoint, hashOf, TIMEOUT_MS} from '../e2e/cli.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, root} from '../peers.js'
import {tool} from './made-images.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const MIB = 2 ** 20
const needs = [root(), loopDevices, peer('losetup'), peer('sfdisk'), peer('mkfs.ext4')]

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** A disk of 32 MiB with an ext4 of 8 MiB in its first partition and 4 MiB of text in its second. */
function disk(): string {
  const path = scene.file('disk.img', 32 * MIB)
  tool('sfdisk', ['-q', path], 'label: gpt\nstart=2048,size=16384\nstart=20480,size=8192,type=swap\n')
  const bytes = readFileSync(path)
  const inside = scene.file('ext4', 8 * MIB)
  tool('mkfs.ext4', ['-q', '-L', 'rootfs', inside])
  readFileSync(inside).copy(bytes, MIB)
  bytes.fill('text of partition 2. ', 10 * MIB, 14 * MIB)
  writeFileSync(path, bytes)
  return path
}

/** What a device has been asked to change: writes, sectors written, discards and flushes (Documentation/block/stat.rst). */
function writesTo(device: string): string[] {
  const words = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/\s+/)
  return [words[4], words[6], words[11], words[15]].map(String)
}

async function json(...args: string[]): Promise<unknown> {
  const ended = await flushpoint([...args, '--json'])
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return JSON.parse(ended.stdout)
}

describe('commands that look at images, on a block device', () => {
  itNeeds(
    needs,
    'say what they say of the file behind it, of the whole and of a partition, and ask it for no write',
    async () => {
      const file = disk()
      const device = scene.loop(file)
      const hash = hashOf(file)
      const writes = writesTo(device)
      for (const part of ['', '#p2']) {
        const [ours, theirs] = [device + part, file + part]
        for (const args of [
          ['dump', '--offset', 'p2+1M', '--length', '64'],
          ['find', 'partition 2', '--max', '3'],
          ['hash', '--chunk', '4M'],
        ]) {
          const [command = '', ...flags] = args
          const pattern = command === 'find' ? flags.splice(0, 1) : []
          const told = JSON.stringify(await json(command, ours, ...pattern, ...flags))
          expect(told.replaceAll(ours, theirs)).toBe(JSON.stringify(await json(command, theirs, ...pattern, ...flags)))
        }
        expect(await json('compare', ours, theirs)).toMatchObject({identical: true, rangeCount: 0})
        const sizeBytes = part === '' ? 32 * MIB : 4 * MIB
        expect(await json('info', ours)).toMatchObject({
          'virtual-size': sizeBytes,
          flushpoint: {kind: 'block device', startBytes: part === '' ? 0 : 10 * MIB},
        })
        expect(await json('map', ours)).toMatchObject([
          {start: 0, length: sizeBytes, data: true, offset: part === '' ? 0 : 10 * MIB},
        ])
      }
      const table = JSON.parse(tool('sfdisk', ['-J', device])) as {partitiontable: object}
      expect(await json('partitions', device)).toMatchObject(table)
      expect(await json('hash', device, '--per-partition')).toMatchObject({parts: [{part: 'p1'}, {part: 'p2'}]})
      expect(writesTo(device)).toEqual(writes)
      expect(hashOf(file)).toBe(hash)
    },
  )

  itNeeds(
    [...needs, peer('qemu-img')],
    'say of a device in sectors of 4096 bytes what qemu-img and sfdisk say',
    async () => {
      const file = scene.file('4kn.img', 32 * MIB)
      const device = scene.loop(file, '--sector-size', '4096')
      tool('sfdisk', ['-q', device], 'label: gpt\nstart=256,size=2048\n')
      const table = JSON.parse(tool('sfdisk', ['-J', device])) as {partitiontable: {sectorsize: number}}
      expect(table.partitiontable.sectorsize).toBe(4096)
      expect(await json('partitions', device)).toMatchObject(table)
      const map = JSON.parse(tool('qemu-img', ['map', '-f', 'raw', '--output=json', device])) as object[]
      // QEMU 8.2 and later say of each extent that it is not compressed.
      expect(((await json('map', device)) as object[]).map((extent) => ({compressed: false, ...extent}))).toEqual(
        map.map((extent) => ({compressed: false, ...extent})),
      )
      expect(await json('hash', `${device}#p1`)).toMatchObject({sizeBytes: 8 * MIB})
    },
  )
})

describe('commands that write images, on a block device', () => {
  itNeeds(needs, 'copy takes one as its source, whole or a partition, and leaves it as it is', async () => {
    const file = disk()
    const device = scene.loop(file, '--read-only')
    expect(await json('copy', device, scene.path('whole.img'), '--verify')).toMatchObject({verified: true})
    expect(hashOf(scene.path('whole.img'))).toBe(hashOf(file))
    // Zeroes of a device without holes become holes.
    expect(statSync(scene.path('whole.img')).blocks * 512).toBeLessThan(24 * MIB)
    await json('copy', `${device}#p2`, scene.path('part.img'))
    expect(readFileSync(scene.path('part.img')).equals(readFileSync(file).subarray(10 * MIB, 14 * MIB))).toBe(true)
  })

  itNeeds(
    needs,
    'copy writes to one only with --force, under every cache mode and of any size, and keeps what is behind',
    async () => {
      const source = scene.file('odd.img', 5_000_001, 0x61)
      const file = scene.file('target.img', 8 * MIB, 0x7a)
      const device = scene.loop(file)
      const before = writesTo(device)
      await expectRefusal(scene, ['copy', 'odd.img', device], {exit: 3, code: 'E_EXISTS', says: 'is a block device'})
      for (const cache of ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']) {
        writeFileSync(file, Buffer.alloc(8 * MIB, 0x7a))
        execFileSync('blockdev', ['--flushbufs', device])
        const told = await json('copy', source, device, '--force', '--verify', '--cache', cache)
        expect(told).toMatchObject({
          inPlace: true,
          verified: true,
          durable: cache !== 'unsafe',
          writtenBytes: 5_000_001,
        })
        execFileSync('sync', ['-f', device])
        execFileSync('blockdev', ['--flushbufs', device])
        const bytes = readFileSync(file)
        expect(bytes.subarray(0, 5_000_001).equals(readFileSync(source))).toBe(true)
        expect(bytes.subarray(5_000_001).equals(Buffer.alloc(8 * MIB - 5_000_001, 0x7a))).toBe(true)
      }
      expect(writesTo(device)).not.toEqual(before)
      expect(await json('copy', source, device, '--force', '--resume')).toMatchObject({resumed: true, writtenBytes: 0})
      const text = await flushpoint(['copy', source, device, '--force'])
      expect(text.stdout).toContain('what was written was synced')
      expect(text.stdout.replaceAll(/\s+/g, ' ')).toContain(
        '3.23 MiB larger than the image: what was there stays there.',
      )
    },
  )

  itNeeds(needs, 'copy refuses one that is smaller, mounted, or its own source, and writes nothing to it', async () => {
    const file = disk()
    const device = scene.loop(file)
    const before = hashOf(file)
    truncateSync(scene.file('large.img', 0), 32 * MIB + 512)
    const copy = (from: string, to: string): string[] => ['copy', from, to, '--force']
    await expectRefusal(scene, copy('large.img', device), {exit: 3, code: 'E_TOO_SMALL', says: `${device} has 32 MiB`})
    await expectRefusal(scene, copy('ext4', `${device}#p2`), {exit: 3, code: 'E_TOO_SMALL', says: 'has 4 MiB'})
    await expectRefusal(scene, copy(device, device), {exit: 2, code: 'E_SAME_IMAGE', says: 'are the same image'})
    expect(hashOf(file)).toBe(before)
    const mounted = scene.loop(scene.path('ext4'))
    scene.mount(mounted, '-o', 'ro')
    await expectRefusal(scene, copy('disk.img', mounted), {exit: 3, code: 'E_IN_USE', says: mounted})
  })

  itNeeds(needs, 'resize says that the size of one is that of its disk', async () => {
    const device = scene.loop(disk())
    const says = 'is a block device, whose size is that of its disk'
    await expectRefusal(scene, ['resize', device, '64M'], {exit: 3, code: 'E_BLOCK_DEVICE', says})
    await expectRefusal(scene, ['resize', device, '1M', '--shrink'], {exit: 3, code: 'E_BLOCK_DEVICE', says})
    await expectRefusal(scene, ['create', device, '1M'], {exit: 3, code: 'E_EXISTS', says: 'exists already'})
  })
})

describe('a copy on a file system that shares blocks', () => {
  for (const [name, mkfs] of [
    ['xfs', ['mkfs.xfs', '-q', '-m', 'reflink=1']],
    ['btrfs', ['mkfs.btrfs', '-q']],
  ] as const) {
    itNeeds(
      [root(), loopDevices, peer('losetup'), peer('mount'), peer(mkfs[0])],
      `is a reflink on ${name}: no block of data is used twice, and a write to one image leaves the other`,
      async () => {
        const file = scene.file('fs', 400 * MIB)
        tool(mkfs[0], [...mkfs.slice(1), file])
        const folder = scene.mount(scene.loop(file))
        const [a, b] = [`${folder}/a.img`, `${folder}/b.img`]
        writeFileSync(a, Buffer.alloc(20 * MIB + 77, 0x33))
        expect(await json('copy', a, b, '--verify')).toMatchObject({method: 'reflink', durable: true, verified: true})
        expect(hashOf(b)).toBe(hashOf(a))
        const {stdout} = await flushpoint(['map', b, '--format', 'csv'])
        expect(stdout.split('\n')[1]).toMatch(/^0,\d+,data,false,true,/)
        expect((await flushpoint(['run', b, '-c', 'OUT 1M 4k pattern=0x44', '-c', 'FLUSH'])).exit).toBe(0)
        expect(readFileSync(a).equals(Buffer.alloc(20 * MIB + 77, 0x33))).toBe(true)
        // Between file systems there is nothing to share: the bytes go across.
        expect(await json('copy', a, scene.path('elsewhere.img'))).toMatchObject({
          method: expect.not.stringMatching('reflink') as string,
        })
        expect(hashOf(scene.path('elsewhere.img'))).toBe(hashOf(a))
      },
    )
  }
})
