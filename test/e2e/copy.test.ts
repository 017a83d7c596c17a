import {execFileSync} from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {loadLibc} from '../../src/native/index.js'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds, peer, peerIt} from '../peers.js'
import {contents, direct, endOf, expectRefusal, flushpoint, hashOf, start, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** 8 MiB with three islands of data. */
function disk(name = 'a.img', sizeBytes = 8 * 2 ** 20): string {
  const path = scene.file(name, sizeBytes)
  const fd = openSync(path, 'r+')
  for (const offset of [0, 3 * 2 ** 20 + 5, sizeBytes - 100]) writeSync(fd, `here ${offset}`, offset)
  closeSync(fd)
  return path
}

async function copy(...args: string[]): Promise<Record<string, unknown>> {
  const ended = await flushpoint(['copy', ...args, '--json'], {cwd: scene.folder})
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return JSON.parse(ended.stdout) as Record<string, unknown>
}

describe('flushpoint copy', () => {
  itNeeds([direct], 'is the same bytes under every cache mode, and says what is durable', async () => {
    const a = disk()
    for (const {name, noFlush} of CACHE_MODES) {
      const told = await copy('a.img', `${name}.img`, '--cache', name, '--verify')
      expect(told).toMatchObject({cache: name, complete: true, verified: true, durable: !noFlush})
      expect(hashOf(scene.path(`${name}.img`))).toBe(hashOf(a))
    }
    expect(readdirSync(scene.folder)).toHaveLength(CACHE_MODES.length + 1)
  })

  it('keeps holes', async () => {
    const a = disk()
    const told = await copy('a.img', 'b.img')
    expect(told['dataBytes']).toBeLessThan(2 ** 20)
    expect(statSync(scene.path('b.img')).blocks).toBeLessThanOrEqual(statSync(a).blocks)
  })

  peerIt(['strace'], 'syncs the data, then gives the name, then syncs the folder, before it ends', async () => {
    disk()
    const calls = 'fsync,fdatasync,link,linkat,unlink'
    const ended = await flushpoint(['copy', 'a.img', 'b.img'], {
      cwd: scene.folder,
      through: ['strace', '-f', '-y', '-e', `trace=${calls}`, '-o', 'strace.log'],
    })
    expect(ended.exit).toBe(0)
    const lines = execFileSync('cat', [scene.path('strace.log')], {encoding: 'utf8'}).split('\n')
    const linked = lines.findIndex((line) => line.includes('link') && line.includes('b.img.partial'))
    const syncs = (from: readonly string[]): string[] => from.filter((line) => /fsync|fdatasync/.test(line))
    expect(syncs(lines.slice(0, linked)).at(-1)).toContain('b.img.partial')
    expect(syncs(lines.slice(linked)).some((line) => line.includes(`${scene.folder}>) = 0`))).toBe(true)
  })

  for (const [mode, beginnings] of [
    ['writeback', 2],
    ['unsafe', 0],
    ['writethrough', 0],
  ] as const) {
    peerIt(['strace'], `has the disk begin ${beginnings} times before the sync of 17 MiB (${mode})`, async () => {
      scene.file('a.img', 17 * 2 ** 20, 5)
      const ended = await flushpoint(['copy', 'a.img', 'b.img', '--cache', mode, '--json'], {
        cwd: scene.folder,
        through: ['strace', '-f', '-y', '-e', 'trace=sync_file_range', '-o', 'strace.log'],
      })
      expect(ended.exit).toBe(0)
      const begun = readFileSync(scene.path('strace.log'), 'utf8').match(/sync_file_range\(.*b\.img\.partial/g)
      // Blocks that are shared are not written.
      expect(begun?.length ?? 0).toBe(ended.stdout.includes('"reflink"') ? 0 : beginnings)
    })
  }

  it('touches nothing that exists without --force, and then replaces it with its permissions', async () => {
    const a = disk()
    chmodSync(scene.file('b.img', 4096, 7), 0o640)
    await expectRefusal(scene, ['copy', 'a.img', 'b.img'], {exit: 3, code: 'E_EXISTS', says: 'b.img exists already'})
    await copy('a.img', 'b.img', '--force')
    expect(hashOf(scene.path('b.img'))).toBe(hashOf(a))
    expect(statSync(scene.path('b.img')).mode & 0o777).toBe(0o640)
  })

  it('is never made onto itself, under whatever name', async () => {
    const a = disk()
    linkSync(a, scene.path('hard.img'))
    symlinkSync(a, scene.path('soft.img'))
    for (const b of ['a.img', 'hard.img', 'soft.img', './a.img']) {
      await expectRefusal(scene, ['copy', 'a.img', b, '--force'], {exit: 2, code: 'E_SAME_IMAGE', says: 'same image'})
    }
  })

  itNeeds([native], 'does not replace an image in use, nor read one that is written to', async () => {
    disk()
    const used = await openImage(disk('b.img'), {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
    try {
      await expectRefusal(scene, ['copy', 'a.img', 'b.img', '--force'], {exit: 3, code: 'E_LOCKED', says: 'in use'})
      await expectRefusal(scene, ['copy', 'b.img', 'c.img'], {exit: 3, code: 'E_LOCKED', says: 'in use'})
      await copy('b.img', 'c.img', '--force-share')
    } finally {
      used.close()
    }
  })

  it('goes on after a kill with --resume, writes only what is missing, and refuses to without', async () => {
    const a = scene.file('a.img', 2 ** 22, 0x33)
    // What a killed copy leaves: the right size, half of the data, and perhaps garbage where the host crashed.
    const partial = scene.file('b.img.partial', 2 ** 22)
    const fd = openSync(partial, 'r+')
    writeSync(fd, Buffer.alloc(2 ** 21, 0x33), 0, 2 ** 21, 0)
    writeSync(fd, 'garbage', 2 ** 21 + 2 ** 20)
    closeSync(fd)
    await expectRefusal(scene, ['copy', 'a.img', 'b.img'], {exit: 3, code: 'E_PARTIAL', says: 'b.img.partial is there'})
    expect(await copy('a.img', 'b.img', '--resume', '--verify')).toMatchObject({resumed: true, writtenBytes: 2 ** 21})
    expect(hashOf(scene.path('b.img'))).toBe(hashOf(a))
    expect(existsSync(partial)).toBe(false)
  })

  it('makes a hole of the source into zeroes where a resumed copy holds something else', async () => {
    const a = scene.file('a.img', 2 ** 20)
    scene.file('b.img.partial', 2 ** 19, 9)
    await copy('a.img', 'b.img', '--resume')
    expect(hashOf(scene.path('b.img'))).toBe(hashOf(a))
  })

  it('stopped by SIGINT says so, keeps what it has, and can be resumed', async () => {
    scene.file('a.img', 300 * 2 ** 20, 0x44)
    const child = start(['copy', 'a.img', 'b.img', '--cache', 'writethrough', '--json'], {cwd: scene.folder})
    while (!existsSync(scene.path('b.img.partial')) && child.exitCode === null) await new Promise(setImmediate)
    child.kill('SIGINT')
    const ended = await endOf(child)
    expect(ended.exit).toBe(130)
    expect(JSON.parse(ended.stdout)).toMatchObject({complete: false, durable: false})
    expect(readdirSync(scene.folder).toSorted()).toEqual(['a.img', 'b.img.partial'])
    await copy('a.img', 'b.img', '--resume')
    expect(hashOf(scene.path('b.img'))).toBe(hashOf(scene.path('a.img')))
  })

  it('killed in the middle leaves only what --resume goes on with, also when the source has changed since', async () => {
    const a = scene.file('a.img', 200 * 2 ** 20, 0x55)
    const child = start(['copy', 'a.img', 'b.img', '--cache', 'writethrough'], {cwd: scene.folder})
    const partial = scene.path('b.img.partial')
    const blocks = (): number => statSync(partial, {throwIfNoEntry: false})?.blocks ?? 0
    while (blocks() === 0 && child.exitCode === null) await new Promise(setImmediate)
    child.kill('SIGKILL')
    expect(await endOf(child)).toMatchObject({signal: 'SIGKILL', stdout: ''})
    expect(readdirSync(scene.folder).toSorted()).toEqual(['a.img', 'b.img.partial'])
    truncateSync(a, 150 * 2 ** 20 + 7) // now what is left is longer than the source, and its start is another
    const fd = openSync(a, 'r+')
    writeSync(fd, 'changed', 1000)
    closeSync(fd)
    expect(await copy('a.img', 'b.img', '--resume', '--verify')).toMatchObject({resumed: true, durable: true})
    expect(hashOf(scene.path('b.img'))).toBe(hashOf(a))
    expect(readdirSync(scene.folder).toSorted()).toEqual(['a.img', 'b.img'])
  })

  peerIt(['strace'], 'verifies what the disk has: its cache is dropped between the sync and the reading', async () => {
    disk()
    const ended = await flushpoint(['copy', 'a.img', 'b.img', '--verify'], {
      cwd: scene.folder,
      through: ['strace', '-f', '-y', '-P', scene.path('b.img.partial'), '-o', 'strace.log'],
    })
    expect(ended.exit).toBe(0)
    const lines = readFileSync(scene.path('strace.log'), 'utf8').split('\n')
    const dropped = lines.findIndex((line) => /fadvise64\(.*POSIX_FADV_DONTNEED\) = 0/.test(line))
    expect(lines.slice(0, dropped).findLast((line) => !line.includes('resumed'))).toContain('fsync(')
    expect(lines.slice(0, dropped).some((line) => line.includes('read'))).toBe(false)
    expect(lines.slice(dropped).some((line) => /\bp?read(v2?|64)?\(/.test(line))).toBe(true)
  })

  it('with --force is written to a partition in place, and touches nothing beside it', async () => {
    const before = new Disk(4096).record(0, [{type: 0x83, firstLba: 64, sectors: 2048}])
    before.bytes.fill(7, 64 * 512)
    writeFileSync(scene.path('disk.img'), before.bytes)
    const part = scene.path('part.img')
    writeFileSync(part, Buffer.alloc(100_001, 3))
    await expectRefusal(scene, ['copy', 'part.img', 'disk.img#p1'], {exit: 3, code: 'E_EXISTS', says: 'is a partition'})
    const told = await copy('part.img', 'disk.img#p1', '--force', '--verify')
    expect(told).toMatchObject({inPlace: true, durable: true, verified: true, partialPath: null})
    const expected = Buffer.from(before.bytes)
    expected.fill(3, 64 * 512, 64 * 512 + 100_001)
    expect(readFileSync(scene.path('disk.img')).equals(expected)).toBe(true)
    await expectRefusal(scene, ['copy', 'disk.img#p1', 'disk.img', '--force'], {
      exit: 2,
      code: 'E_SAME_IMAGE',
      says: 'same image',
    })
  })

  itNeeds([peer('strace')], 'leaves nothing behind when the sync fails', async () => {
    disk()
    const before = contents(scene.folder)
    const inject = [
      'strace',
      '-f',
      '-o',
      '/dev/null',
      '-P',
      scene.path('b.img.partial'),
      '-e',
      'inject=fsync:error=EIO:when=2+',
    ]
    const ended = await flushpoint(['copy', 'a.img', 'b.img'], {cwd: scene.folder, through: inject})
    expect([ended.exit, ended.stderr]).toEqual([4, expect.stringContaining('cannot be made durable (EIO)')])
    expect(contents(scene.folder)).toEqual(before)
  })
})
