import {closeSync, openSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ERRNO} from '../../src/base/index.js'
import {takeLocks} from '../../src/image/locks.js'
import {loadLibc, type Libc} from '../../src/native/index.js'
import {capability, itNeeds} from '../peers.js'
import {Scene} from './scene.js'

const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)

let scene: Scene
let path: string
beforeEach(() => {
  scene = new Scene()
  path = scene.file('disk.img', 512)
})
afterEach(() => scene.close())

function open(flags = 'r+'): number {
  const fd = openSync(path, flags)
  scene.onClose(() => closeSync(fd))
  return fd
}

function libc(): Libc {
  if (!native.ok) throw new Error(native.reason)
  return native.libc
}

/** The bytes somebody holds a lock on, as another description sees them. */
function heldBytes(): number[] {
  const looker = open('r')
  const bytes = [100, 101, 102, 103, 200, 201, 202, 203]
  return bytes.filter((byte) => libc().ofdTest(looker, 'write', byte, 1) !== undefined)
}

describe("the locks of QEMU's file driver", () => {
  itNeeds([locks], 'a writer reads and writes, and shares neither writing, rewriting nor resizing', () => {
    expect(takeLocks(native, open(), path, 'writer')).toEqual({locked: true})
    expect(heldBytes()).toEqual([100, 101, 201, 202, 203])
  })

  itNeeds([locks], 'a reader reads, and shares everything but writing', () => {
    expect(takeLocks(native, open('r'), path, 'reader')).toEqual({locked: true})
    expect(heldBytes()).toEqual([100, 201])
  })

  itNeeds([locks], 'two readers share an image', () => {
    takeLocks(native, open('r'), path, 'reader')
    expect(takeLocks(native, open('r'), path, 'reader')).toEqual({locked: true})
  })

  for (const [first, second, why] of [
    ['writer', 'writer', 'does not share writing'],
    ['reader', 'writer', 'does not share writing'],
    ['writer', 'reader', 'has it open for writing'],
  ] as const) {
    itNeeds([locks], `after a ${first}, a ${second} is refused: somebody ${why}`, () => {
      takeLocks(native, open(), path, first)
      expect(() => takeLocks(native, open(), path, second)).toThrow(
        expect.objectContaining({
          kind: 'environment',
          code: 'E_LOCKED',
          message: `${path} is in use: another process ${why}`,
          hint: expect.stringContaining('--force-share'),
        }),
      )
    })
  }

  // A permission somebody else holds (100 + n) or does not share (200 + n), as QEMU would lock it.
  for (const [byte, role, why] of [
    [101, 'writer', 'has it open for writing'],
    [102, 'writer', 'has it open for rewriting of unchanged data'],
    [103, 'writer', 'has it open for resizing'],
    [200, 'writer', 'does not share consistent reading'],
    [201, 'writer', 'does not share writing'],
    [101, 'reader', 'has it open for writing'],
    [200, 'reader', 'does not share consistent reading'],
  ] as const) {
    itNeeds([locks], `a lock of another on byte ${byte} refuses a ${role}: it ${why}`, () => {
      libc().ofdLock(open('r'), 'read', byte, 1)
      expect(() => takeLocks(native, open(), path, role)).toThrow(why)
    })
  }

  for (const [byte, role] of [
    [100, 'writer'],
    [202, 'writer'],
    [203, 'writer'],
    [100, 'reader'],
    [102, 'reader'],
    [103, 'reader'],
    [201, 'reader'],
    [202, 'reader'],
    [203, 'reader'],
  ] as const) {
    itNeeds([locks], `a lock of another on byte ${byte} does not stop a ${role}`, () => {
      libc().ofdLock(open('r'), 'read', byte, 1)
      expect(takeLocks(native, open(), path, role)).toEqual({locked: true})
    })
  }

  itNeeds([locks], 'an exclusive lock over the whole file refuses everybody', () => {
    libc().ofdLock(open(), 'write', 0, 0)
    expect(() => takeLocks(native, open(), path, 'reader')).toThrow('holds an exclusive lock on it')
    expect(() => takeLocks(native, open(), path, 'writer')).toThrow('holds an exclusive lock on it')
  })
})

describe('where there are no locks', () => {
  const saying = (answers: Partial<Libc>): Libc => ({
    statxDioAlign: () => undefined,
    ofdLock: () => 0,
    ofdTest: () => undefined,
    fiemap: () => [],
    seek: () => 0,
    copyFileRange: () => 0,
    clone: () => 0,
    allocate: () => 0,
    dropCache: () => 0,
    startWriteback: () => 0,
    ...answers,
  })

  it('without native calls the reason is theirs', () => {
    expect(takeLocks({ok: false, reason: 'no koffi'}, -1, path, 'writer')).toEqual({locked: false, reason: 'no koffi'})
  })

  it.each(['ENOLCK', 'EINVAL', 'EOPNOTSUPP'] as const)('%s means that the file system has none', (name) => {
    const answer = takeLocks({ok: true, libc: saying({ofdLock: () => ERRNO[name]})}, -1, path, 'writer')
    expect(answer).toMatchObject({locked: false, reason: expect.stringContaining('file system')})
  })

  it('a test that fails proves nothing, so the lock is not claimed', () => {
    const answer = takeLocks({ok: true, libc: saying({ofdTest: () => ERRNO.ENOLCK})}, -1, path, 'writer')
    expect(answer).toEqual({locked: false, reason: 'locks cannot be tested (ENOLCK)'})
  })

  it('the process that holds a traditional lock is named', () => {
    const other = saying({ofdTest: () => ({kind: 'write', pid: 4711})})
    expect(() => takeLocks({ok: true, libc: other}, -1, path, 'writer')).toThrow('process 4711')
  })
})
