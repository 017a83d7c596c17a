import {readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const FROM = 64 * 512
const SECTORS = 64

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.path('disk.img')
  const disk = new Disk(256).record(0, [
    {type: 0x83, firstLba: FROM / 512, sectors: SECTORS},
    {type: 0x83, firstLba: 200, sectors: 1000},
  ])
  writeFileSync(image, disk.bytes)
})
afterEach(() => scene.close())

/** The image with bytes of a partition changed. */
function changed(
  before: Buffer,
  ...changes: readonly [offsetBytes: number, fill: number, lengthBytes: number][]
): Buffer {
  const after = Buffer.from(before)
  for (const [at, fill, length] of changes) after.fill(fill, FROM + at, FROM + at + length)
  return after
}

describe('run on a partition', () => {
  it.each(CACHE_MODES.flatMap(({name}) => [[name, 'auto'] as const, [name, 'threads'] as const]))(
    'changes nothing but what it writes there, under %s with --aio %s',
    async (mode, aio) => {
      const before = readFileSync(image)
      const batch = ['OUT 0 4k pattern=0x11', 'OUT 28k 4k pattern=0x22', 'FLUSH', 'IN 28k 4k verify=0x22']
      const lines = batch.flatMap((line) => ['-c', line])
      const {exit, stdout} = await flushpoint([
        ...['run', `${image}#p1`, ...lines, '--cache', mode, '--aio', aio, '--json'],
      ])
      expect([exit, (JSON.parse(stdout) as {image: {sizeBytes: number}}).image.sizeBytes]).toEqual([0, SECTORS * 512])
      expect(readFileSync(image).equals(changed(before, [0, 0x11, 4096], [28 * 1024, 0x22, 4096]))).toBe(true)
    },
  )

  it('ends where the partition does', async () => {
    const {exit, stdout} = await flushpoint(['run', `${image}#p1`, '-c', `OUT ${SECTORS}s 1s`, '--json'])
    expect(exit).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({requests: [{status: 'IOERR'}]})
  })

  it('sees and records what is there, on a copy and on a simulated disk too', async () => {
    const before = readFileSync(image)
    before.write('what was there', FROM + 512)
    writeFileSync(image, before)
    for (const more of [['--snapshot'], ['--aio', 'sim']]) {
      const trace = scene.path(`${more.length}.trace`)
      const batch = ['-c', 'IN 512 512', '-c', 'OUT 512 512 pattern=0x33']
      expect((await flushpoint(['run', `${image}#p1`, ...batch, ...more, '--trace', trace])).exit).toBe(0)
      const text = await flushpoint(['trace', 'export', trace, '--to', 'ndjson', '-o', '-'])
      expect(text.stdout).toContain('"sizeBytes":32768')
      expect(text.stdout).toContain(Buffer.from('what was there').toString('base64').slice(0, 12))
    }
    expect(readFileSync(image).equals(before)).toBe(true)
  })

  it('refuses one that is not there, or reaches beyond the end', async () => {
    const run = (name: string): string[] => ['run', name, '-c', 'OUT 0 4k']
    await expectRefusal(scene, run(`${image}#p9`), {exit: 2, code: 'E_NO_PARTITION', says: 'has no partition 9'})
    await expectRefusal(scene, run(`${image}#p2`), {exit: 3, code: 'E_PART', says: 'does not hold'})
  })
})

describe('serve nbd on a partition', () => {
  peerIt(['qemu-io'], 'gives clients the partition, and leaves its neighbours alone', async () => {
    const before = readFileSync(image)
    const {exit} = await flushpoint([
      ...['serve', 'nbd', `${image}#p1`, '--'],
      ...['qemu-io', '-f', 'raw', '-c', 'write -P 0x44 8k 4k', '-c', 'write -z 16k 4k', '-c', 'flush', '{uri}'],
    ])
    expect(exit).toBe(0)
    expect(readFileSync(image).equals(changed(before, [8192, 0x44, 4096], [16_384, 0, 4096]))).toBe(true)
  })
})
