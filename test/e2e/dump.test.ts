import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync, readFileSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {contents, flushpoint, start, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function file(name: string, bytes: Buffer): string {
  writeFileSync(scene.path(name), bytes)
  return scene.path(name)
}

async function dumpOf(...args: string[]): Promise<string> {
  const ended = await flushpoint(['dump', ...args])
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return ended.stdout
}

const text = (program: string, ...args: string[]): string => {
  return execFileSync(program, args, {encoding: 'latin1', maxBuffer: 2 ** 26})
}

/** Files whose text is easy to get wrong: tails, runs of zeroes of every length, repeated rows, every byte. */
function hardFiles(): string[] {
  const random = new Prng(41)
  const bytes = Buffer.alloc(200_000)
  random.fill(bytes)
  bytes.fill(0, 70_000, 140_000)
  bytes.fill(7, 150_000, 150_100)
  const all = Buffer.from(Uint8Array.from({length: 256}, (_, i) => i))
  return [
    file('empty', Buffer.alloc(0)),
    file('all', all),
    file('mixed', bytes),
    ...[1, 15, 16, 17, 32, 33, 48, 49, 64, 65, 80].map((n) => file(`zeroes-${n}`, Buffer.alloc(n))),
    file('two-then-data', Buffer.concat([Buffer.alloc(32), all, Buffer.alloc(48), all, Buffer.alloc(16), all])),
    file('repeats', Buffer.concat([all, all.subarray(0, 16), all.subarray(0, 16), all.subarray(0, 16)])),
  ]
}

describe('flushpoint dump', () => {
  peerIt(['hexdump'], 'prints what hexdump -C prints, folded and not', async () => {
    for (const path of hardFiles()) {
      expect(await dumpOf(path), path).toBe(text('hexdump', '-C', path))
      expect(await dumpOf(path, '--no-fold'), path).toBe(text('hexdump', '-Cv', path))
    }
  })

  peerIt(['xxd'], 'prints what xxd prints, and folded what xxd -a prints', async () => {
    for (const path of hardFiles()) {
      expect(await dumpOf(path, '--style', 'xxd'), path).toBe(text('xxd', path))
      expect(await dumpOf(path, '--style', 'xxd', '--fold'), path).toBe(text('xxd', '-a', path))
    }
  })

  peerIt(['xxd', 'hexdump'], 'has offsets beyond 4 GiB, and folds a hole of terabytes without reading it', async () => {
    const path = scene.file('far', 5 * 2 ** 40 + 20)
    const fd = openSync(path, 'r+')
    writeSync(fd, 'near', 0)
    writeSync(fd, 'far', 5 * 2 ** 40 + 9)
    closeSync(fd)
    expect(await dumpOf(path)).toBe(
      [
        '00000000  6e 65 61 72 00 00 00 00  00 00 00 00 00 00 00 00  |near............|',
        '00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
        '*',
        '50000000000  00 00 00 00 00 00 00 00  00 66 61 72 00 00 00 00  |.........far....|',
        '50000000010  00 00 00 00                                       |....|',
        '50000000014',
        '',
      ].join('\n'),
    )
    const range = ['--offset', '4294967290', '--length', '50']
    expect(await dumpOf(path, ...range)).toBe(text('hexdump', '-C', '-s', '4294967290', '-n', '50', path))
    const xxd = ['--style', 'xxd', ...range]
    expect(await dumpOf(path, ...xxd)).toBe(text('xxd', '-s', '4294967290', '-l', '50', path))
  })

  it('gives the bytes themselves with --raw', async () => {
    const path = file('disk', Buffer.from('0123456789'))
    expect(await dumpOf(path, '--raw', '--offset', '3', '--length', '4')).toBe('3456')
  })

  it('puts a ruler above each sector of which a row is shown', async () => {
    const path = file('disk', Buffer.concat([Buffer.alloc(1024), Buffer.alloc(512, 1)]))
    const rulers = (await dumpOf(path, '--sectors')).split('\n').filter((line) => line.startsWith('---'))
    expect(rulers.map((line) => line.replace(/-+$/, ''))).toEqual(['--- sector 0 ', '--- sector 2 '])
  })

  it('ends quietly when its reader has gone', async () => {
    const path = scene.file('disk', 2 ** 24, 0x41)
    const child = start(['dump', path, '--no-fold'])
    const closed = once(child, 'close')
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await closed).toEqual([0, null])
  })

  it('changes nothing', async () => {
    const path = file('disk', Buffer.from('hello'))
    const before = contents(scene.folder)
    await dumpOf(path)
    expect(contents(scene.folder)).toEqual(before)
    expect(readFileSync(path, 'utf8')).toBe('hello')
  })

  it('is a document for scripts, with an error that is one as well', async () => {
    file('disk', Buffer.from('0123456789'))
    const args = ['dump', 'disk', '--offset', '2', '--length', '3']
    const ended = await flushpoint([...args, '--json'], {cwd: scene.folder})
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(JSON.parse(ended.stdout)).toMatchObject({
      sizeBytes: 10,
      rows: [{offsetBytes: 2, hex: '323334', text: '234'}],
    })
    scene.file('large', 2 ** 21)
    const large = await flushpoint(['dump', 'large', '--json'], {cwd: scene.folder})
    expect([large.exit, large.stderr]).toEqual([2, ''])
    expect(JSON.parse(large.stdout)).toMatchObject({error: {code: 'E_DUMP_LENGTH', exit: 2}})
  })

  it('refuses an offset outside, and flags that a format or --raw leaves without meaning', async () => {
    scene.file('disk', 100)
    const outside = await flushpoint(['dump', 'disk', '--offset', '101'], {cwd: scene.folder})
    expect([outside.exit, outside.stderr]).toEqual([2, expect.stringContaining('"101" is byte 101, outside of disk')])
    const ended = await flushpoint(['dump', 'disk', '--format', 'csv', '--raw'], {cwd: scene.folder})
    expect([ended.exit, ended.stderr]).toEqual([2, expect.stringContaining('have no form as csv')])
    expect((await flushpoint(['dump', 'disk', '--raw', '--sectors'], {cwd: scene.folder})).exit).toBe(2)
  })
})
