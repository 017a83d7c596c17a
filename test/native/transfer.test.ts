import {closeSync, openSync, readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {ERRNO} from '../../src/base/index.js'
import {loadTransfers, loadUring, type MappedMemory, type Transfers} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

const bound = await loadTransfers()
const memories = await loadUring()
const native = capability(bound.ok && memories.ok, bound.ok ? '' : bound.reason)

describe('a transfer on the calling thread', () => {
  let scene: Scene
  let path: string
  let fd: number
  let calls: Transfers
  let memory: MappedMemory
  /** Its address. */
  let at: number
  beforeEach(() => {
    scene = new Scene()
    path = scene.file('disk.img', 16_384, 0x11)
    fd = openSync(path, 'r+')
    if (!native.present || !bound.ok || !memories.ok) return
    calls = bound.transfers
    memory = memories.uring.mapMemory(8192) as MappedMemory
    at = calls.addressOf(memory.bytes)
  })
  afterEach(() => {
    if (native.present) memory.free()
    closeSync(fd)
    scene.close()
  })

  itNeeds([native], 'writes what lies at a place of the memory to a place of the file, in either way', () => {
    memory.bytes.fill(0x22, 4096)
    expect(calls.write(fd, at + 4096, 4096, 0)).toBe(4096)
    memory.bytes.fill(0x33, 4096)
    expect(calls.writeStable(fd, at + 4096, 512, 8192)).toBe(512)
    const content = readFileSync(path)
    expect([0, 4095, 4096, 8192, 8703, 8704].map((at) => content[at])).toEqual([0x22, 0x22, 0x11, 0x33, 0x33, 0x11])
    expect([calls.fdatasync(fd), calls.fsync(fd)]).toEqual([0, 0])
  })

  itNeeds([native], 'reads to a place of the memory, less where the file ends', () => {
    writeFileSync(path, Buffer.alloc(1000, 0x44), {flag: 'r+'})
    expect(calls.read(fd, at + 512, 1000, 500)).toBe(1000)
    expect([511, 512, 1011, 1012].map((at) => memory.bytes[at])).toEqual([0, 0x44, 0x44, 0x11])
    expect(calls.read(fd, at, 4096, 16_384 - 100)).toBe(100)
    const cached = calls.readCached(fd, at, 4096, 0)
    // A file system that cannot tell what is cached says EOPNOTSUPP; what was just read need not be cached any more.
    expect([4096, -ERRNO.EAGAIN, -ERRNO.EOPNOTSUPP]).toContain(cached)
  })

  itNeeds([native], 'says by a negative errno what went wrong', () => {
    expect(calls.read(-1, at, 512, 0)).toBe(-ERRNO.EBADF)
    expect(calls.write(fd, at, 512, -1)).toBe(-ERRNO.EINVAL)
    expect(calls.fdatasync(-1)).toBe(-ERRNO.EBADF)
  })
})
