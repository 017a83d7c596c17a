import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {contents, expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function sound(): Disk {
  return new Disk(8192).gpt([{first: 2048, last: 4095}])
}

function write(disk: Disk): void {
  writeFileSync(scene.path('disk.img'), disk.bytes)
}

describe('flushpoint partitions', () => {
  it('shows the table and changes nothing', async () => {
    write(sound())
    const before = contents(scene.folder)
    const ended = await flushpoint(['partitions', 'disk.img'], {cwd: scene.folder})
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(ended.stdout).toMatch(/^p1 +2048 +1M +1 MiB +Linux filesystem/m)
    expect(contents(scene.folder)).toEqual(before)
  })

  it('says with its exit status whether the table is right, when it is asked to', async () => {
    write(sound())
    expect(await flushpoint(['partitions', 'disk.img', '--check'], {cwd: scene.folder})).toMatchObject({exit: 0})
    write(sound().damage(512 + 60))
    expect(await flushpoint(['partitions', 'disk.img'], {cwd: scene.folder})).toMatchObject({exit: 0})
    const judged = await flushpoint(['partitions', 'disk.img', '--check'], {cwd: scene.folder})
    expect(judged).toMatchObject({exit: 1, stderr: ''})
    expect(judged.stdout).toContain('The primary GPT at sector 1 is damaged: the CRC of its header is')
    const {stdout, exit} = await flushpoint(['partitions', 'disk.img', '--check', '--json'], {cwd: scene.folder})
    expect(exit).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      partitiontable: {label: 'gpt'},
      flushpoint: {gpt: {used: 'backup'}, problems: [{code: 'GPT_PRIMARY_DAMAGED'}]},
    })
  })

  it('lets a warning pass', async () => {
    write(new Disk(8192).gpt([{first: 2049, last: 4095}]))
    const ended = await flushpoint(['partitions', 'disk.img', '--check'], {cwd: scene.folder})
    expect(ended).toMatchObject({exit: 0})
    expect(ended.stdout).toContain('no multiple of 4096')
  })

  it('answers no to an image without a table, and says where it stands to one without the partition', async () => {
    scene.file('plain.img', 4096)
    await expectRefusal(scene, ['partitions', 'plain.img'], {
      exit: 1,
      code: 'E_NO_PARTITION_TABLE',
      says: 'plain.img has no partition table',
    })
    write(sound())
    await expectRefusal(scene, ['partitions', 'disk.img#p2'], {
      exit: 2,
      code: 'E_NO_PARTITION',
      says: 'disk.img has no partition 2',
    })
  })
})
