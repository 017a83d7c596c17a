import fs from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {openStage, type Stage} from '../../src/run/stage.js'
import {Scene} from '../image/scene.js'
import {runLines, runOptions, type Changes} from './batch-run.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function stageOf(lines: readonly string[], changes: Changes): Promise<Stage> {
  const stage = await openStage(runOptions(lines, changes))
  scene.onClose(() => stage.close())
  return stage
}

function bytesAt(stage: Stage, offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes, 0xee)
  stage.target.read(offsetBytes, bytes)
  return bytes
}

describe('an image', () => {
  it('is opened as the mode asks, with its facts', async () => {
    const stage = await stageOf(['IN 0 512'], {
      path: scene.file('disk.img', 8192),
      aio: 'threads',
      mode: 'writethrough',
    })
    expect(stage).toMatchObject({
      sizeBytes: 8192,
      capacitySectors: 16,
      openFlags: ['O_RDWR', 'O_DSYNC'],
      readOnly: false,
    })
    expect(stage).toMatchObject({created: false, snapshot: false})
    expect(stage.currentSizeBytes()).toBe(8192)
  })

  it('is read with zeroes behind its end', async () => {
    const stage = await stageOf(['IN 0 512'], {path: scene.file('disk.img', 700, 0x44), aio: 'threads'})
    expect(stage.capacitySectors).toBe(1)
    expect(bytesAt(stage, 512, 512)).toEqual(Buffer.concat([Buffer.alloc(188, 0x44), Buffer.alloc(324)]))
  })

  it('that was made for the run can be taken back, one that was there cannot', async () => {
    const made = await stageOf(['IN 0 512'], {path: scene.path('new.img'), aio: 'threads', createBytes: 8192})
    const found = await stageOf(['IN 0 512'], {path: scene.file('disk.img', 8192), aio: 'threads'})
    expect([made.created, found.created]).toEqual([true, false])
    made.takeBack()
    found.takeBack()
    expect(fs.readdirSync(scene.folder)).toEqual(['disk.img'])
  })

  it('opened for reading only says so', async () => {
    const stage = await stageOf(['IN 0 512'], {path: scene.file('disk.img', 8192), aio: 'threads', readOnly: true})
    expect(stage).toMatchObject({readOnly: true, openFlags: ['O_RDONLY'], target: {readOnly: true}})
  })
})

describe('a throw-away copy', () => {
  it('holds what the batch touches, whatever the request that touches it', async () => {
    const path = scene.file('disk.img', 1 << 20, 0x55)
    const lines = ['IN 0 512', 'OUT 64k 512', 'DISCARD 128k 512', 'WRITE_ZEROES 192k 512', 'FLUSH', 'GET_ID']
    const stage = await stageOf(lines, {path, aio: 'threads', snapshot: true})
    expect(stage.snapshot).toBe(true)
    const held = [0, 32, 64, 96, 128, 160, 192].map((k) => bytesAt(stage, k << 10, 512).every((byte) => byte === 0x55))
    expect(held).toEqual([true, false, true, false, true, false, true])
  })
})

describe('a simulated disk', () => {
  it('with --create is empty, and no file is made', async () => {
    const stage = await stageOf(['IN 0 512'], {
      path: scene.path('disk.img'),
      createBytes: 5000,
      mode: 'none',
      snapshot: true,
    })
    expect(stage).toMatchObject({sizeBytes: 5000, capacitySectors: 9, openFlags: ['O_RDWR', 'O_DIRECT']})
    expect(stage).toMatchObject({created: false, snapshot: true, fileSystem: 'simulated', soleWriter: true})
    expect(bytesAt(stage, 0, 512)).toEqual(Buffer.alloc(512))
    expect(stage.target.freshRanges(512, 512)).toEqual([{offsetBytes: 512, lengthBytes: 512}])
    expect(fs.readdirSync(scene.folder)).toEqual([])
    expect(stage.notes).toEqual(['the disk is simulated, no file is made'])
  })

  it('starts with what the image holds, which is only read', async () => {
    const path = scene.file('disk.img', 1 << 20, 0x66)
    const lines = [
      'IN 0 64k verify=0x66',
      'OUT 0 4k pattern=0x77',
      'FLUSH',
      'IN 0 4k verify=0x77',
      'IN 1000k 4k verify=0x66',
    ]
    for (const mode of ['writeback', 'none'] as const) {
      const result = await runLines(lines, {path, mode})
      expect(result.counts).toMatchObject({ok: 5, verifyFailed: 0})
    }
    expect(fs.readFileSync(path).every((byte) => byte === 0x66)).toBe(true)
  })

  it('has storage for all data of the image, also where the host cannot tell or has not allocated it yet', async () => {
    vi.resetModules()
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', '1') // nobody asks the file system for its extents
    try {
      const path = scene.file('disk.img', 64 << 10, 0x66)
      const fresh = await import('./batch-run.js')
      const result = await fresh.runLines(['IN 0 64k verify=0x66', 'OUT 4k 4k'], {path, mode: 'none'})
      expect(result.counts).toMatchObject({ok: 2, verifyFailed: 0})
      expect(result.atRisk.osCrash.bytes).toBe(0)
    } finally {
      vi.unstubAllEnvs()
      vi.resetModules()
    }
  })

  it('has holes where the image is empty', async () => {
    const path = scene.file('disk.img', 64 << 10)
    fs.writeFileSync(path, Buffer.alloc(4096, 0x66), {flag: 'r+'})
    const stage = await stageOf(['IN 0 512'], {path})
    expect(stage.target.freshRanges(0, 64 << 10)).toEqual([{offsetBytes: 4096, lengthBytes: 60 << 10}])
    const {hazards} = await runLines(['OUT 512 512', 'OUT 32k 512', 'FLUSH'], {path, mode: 'none'})
    expect(hazards).toMatchObject([{code: 'HOLE_UNDER_NONE', requests: [2]}])
  })

  it('may be written when the image may not, and refuses writes when it is to be read only', async () => {
    const path = scene.file('disk.img', 8192)
    expect((await runLines(['OUT 0 512'], {path})).counts.ok).toBe(1)
    const {outcomes, image} = await runLines(['OUT 0 512'], {path, readOnly: true})
    expect(Array.from(outcomes, ({status}) => status)).toEqual(['IOERR'])
    expect(image.readOnly).toBe(true)
  })
})
