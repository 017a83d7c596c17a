import {readdirSync, readFileSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {Disk} from '../disk-layout/disk.js'
import {GOLDEN} from '../disk-layout/signature/golden.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {flushpoint, hashOf, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** Every command that only looks, with the flags that make it read in other ways. `{}` is the image. */
const COMMANDS: readonly (readonly string[])[] = [
  ['info', '{}'],
  ['map', '{}'],
  ['map', '{}', '--zeroes'],
  ['partitions', '{}'],
  ['partitions', '{}', '--check'],
  ['dump', '{}', '--length', '4k'],
  ['dump', '{}', '--length', '4k', '--style', 'xxd', '--sectors'],
  ['dump', '{}', '--raw'],
  ['compare', '{}', '{}'],
  ['compare', '{}', '{other}', '--strict'],
  ['find', '{}', 'hex:53ef'],
  ['find', '{}', 'hex:55aa', '--align', '512+510'],
  ['hash', '{}'],
  ['hash', '{}', '--chunk', '1M', '--algorithm', 'blake3'],
  ['hash', '{}', '--per-partition'],
]

/** An odd size, a GPT whose backup is missing, an ext4 in partition 1, and holes. */
function disk(name: string): string {
  const ext4 = GOLDEN.find(({kind}) => kind === 'ext4')?.disk.bytes ?? new Uint8Array(0)
  const whole = new Disk(16_384).gpt([{first: 2048, last: 6143}]).put(2048 * 512, ext4)
  const path = scene.path(name)
  writeFileSync(path, Buffer.concat([whole.bytes, Buffer.alloc(777, 7)]))
  utimesSync(path, 1_000_000, 1_000_000)
  return path
}

/** All that could show that somebody wrote: everything but the time of the last reading. */
function traces(path: string): unknown {
  const {atimeNs: _read, atimeMs: _readMs, atime: _readDate, ...stat} = statSync(path, {bigint: true})
  return {hash: hashOf(path), ...stat}
}

describe('a command that only looks at an image', () => {
  it('is one of those that are tried here, or writes on purpose', () => {
    const folder = fileURLToPath(new URL('../../src/commands', import.meta.url))
    const looking = readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && readFileSync(`${folder}/${name}`, 'utf8').includes('openTarget('))
      .map((name) => name.slice(0, -3))
    expect(looking.toSorted()).toEqual(['bench', 'copy', ...new Set(COMMANDS.map(([name]) => name))].toSorted())
  })

  it.each(COMMANDS.map((args) => [args.join(' '), args] as const))(
    '%s changes no byte and no stamp, of a file or a partition of it, for people and for scripts',
    async (_title, args) => {
      const paths = [disk('a.img'), disk('b.img')] as const
      const before = paths.map(traces)
      for (const part of ['', '#p1']) {
        for (const format of args.includes('--raw') || args.includes('--style') ? [[]] : [[], ['--json']]) {
          const line = args.map((word) => word.replace('{}', paths[0] + part).replace('{other}', paths[1] + part))
          const {exit, stdout} = await flushpoint([...line, ...format])
          expect([0, 1, 5], line.join(' ')).toContain(exit)
          expect(format.length === 0 || typeof JSON.parse(stdout) === 'object').toBe(true)
        }
      }
      expect(paths.map(traces)).toEqual(before)
      expect(readdirSync(scene.folder).toSorted()).toEqual(['a.img', 'b.img'])
    },
  )

  peerIt(
    ['strace'],
    'opens it for reading only, takes no lock, and is not held up by who writes to it',
    async () => {
      const path = disk('a.img')
      const writer = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
      try {
        for (const args of COMMANDS) {
          const line = args.map((word) => word.replace(/^\{.*\}$/, path))
          const calls = 'openat,fcntl,flock,write,pwrite64,writev,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync'
          const through = ['strace', '-f', '-P', path, '-e', `trace=${calls}`, '-o', scene.path('log')]
          expect([0, 1], args.join(' ')).toContain((await flushpoint(line, {through})).exit)
          const log = readFileSync(scene.path('log'), 'utf8')
          const told = log.split('\n').filter((call) => call.includes('(') && !call.includes('F_OFD_GETLK'))
          expect(told.length, args.join(' ')).toBeGreaterThan(0)
          for (const call of told) expect(call, args.join(' ')).toMatch(/openat\(.*O_RDONLY/)
        }
      } finally {
        writer.close()
      }
    },
    TIMEOUT_MS,
  )
  peerIt(
    ['strace'],
    'says where an image cannot be read, and ends with the status of an I/O error',
    async () => {
      const path = disk('a.img')
      disk('b.img')
      // A map reads nothing but to look for zeroes.
      for (const args of COMMANDS.filter((each) => !(each[0] === 'map' && each.length === 2))) {
        const line = args.map((word) => word.replace('{}', path).replace('{other}', scene.path('b.img')))
        const through = ['strace', '-f', '-P', path, '-e', 'inject=pread64,read:error=EIO', '-o', '/dev/null']
        const {exit, stderr} = await flushpoint(line, {through})
        expect([exit, stderr], line.join(' ')).toEqual([4, expect.stringContaining('a.img cannot be read at byte ')])
        expect(stderr, line.join(' ')).toMatch(/\(EIO\)\n {2}hint: /)
      }
    },
    TIMEOUT_MS,
  )
})
