import {closeSync, openSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {constants} from 'node:os'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {openSource, partOf} from '../../src/image/index.js'
import {loadLibc} from '../../src/native/index.js'
import type {Range} from '../../src/base/index.js'
import {copyRanges, type CopySink} from '../../src/provision/copy-data.js'
import {capability, itNeeds} from '../peers.js'
import {refusalOf, Scene} from '../image/scene.js'

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)
const {errno} = constants

const MIB = 2 ** 20

let scene: Scene
let fd: number
beforeEach(() => {
  scene = new Scene()
  fd = openSync(scene.file('to', 0), 'r+')
})
afterEach(() => {
  closeSync(fd)
  scene.close()
})

type Options = Parameters<typeof copyRanges>[3]
type Kernel = NonNullable<Options['libc']>

function options(libc?: Kernel, signal = new AbortController().signal): Options {
  return {libc, startWriteback: undefined, signal, progress: async () => {}}
}

const numbered = Buffer.from(Uint8Array.from({length: 20_000}, (_, i) => 1 + (i % 250)))

function source(): ReturnType<typeof openSource> {
  writeFileSync(scene.path('from'), numbered)
  const opened = openSource(scene.path('from'))
  scene.onClose(() => opened.close())
  return opened
}

function sink(more: Partial<CopySink> = {}): CopySink {
  return {path: 'to', fd, startBytes: 0, blockBytes: 1, blank: true, ...more}
}

const all = [{offsetBytes: 0, lengthBytes: 20_000}]
const to = (): Buffer => readFileSync(scene.path('to'))

describe('bytes brought across', () => {
  it('are those of the ranges, in whole blocks, at the same places', async () => {
    const told = await copyRanges(source(), sink(), [{offsetBytes: 5000, lengthBytes: 1}], options())
    expect(told).toEqual({method: 'read and write', writtenBytes: 4096, stopped: false})
    expect(to()).toEqual(Buffer.concat([Buffer.alloc(4096), numbered.subarray(4096, 8192)]))
  })

  it('are those of a part of an image, from its own start', async () => {
    await copyRanges(partOf(source(), 100, 5000), sink(), all, options())
    expect(to().equals(numbered.subarray(100, 5100))).toBe(true)
  })

  it('go to where the sink begins, and leave what is around it', async () => {
    writeFileSync(scene.path('to'), Buffer.alloc(3000, 9))
    await copyRanges(partOf(source(), 0, 1000), sink({startBytes: 512, blank: false}), all, options())
    expect(to()).toEqual(Buffer.concat([Buffer.alloc(512, 9), numbered.subarray(0, 1000), Buffer.alloc(1488, 9)]))
  })

  it('are written in whole blocks where that has to be, which keeps what is behind the end of an odd size', async () => {
    writeFileSync(scene.path('to'), Buffer.alloc(4096, 9))
    const told = await copyRanges(partOf(source(), 0, 1000), sink({blockBytes: 512, blank: false}), all, options())
    expect(told.writtenBytes).toBe(1000)
    expect(to()).toEqual(Buffer.concat([numbered.subarray(0, 1000), Buffer.alloc(3096, 9)]))
  })

  itNeeds([native], 'go within the kernel where that can be done', async () => {
    if (!answer.ok) throw new Error(answer.reason)
    const told = await copyRanges(source(), sink(), all, options(answer.libc))
    expect(told.method).not.toBe('read and write')
    expect(to().equals(numbered)).toBe(true)
  })

  it('are shared when the file system does that', async () => {
    const libc: Kernel = {clone: () => 0, copyFileRange: () => expect.fail('it was copied')}
    const told = await copyRanges(source(), sink(), all, options(libc))
    expect(told).toEqual({method: 'reflink', writtenBytes: 20_000, stopped: false})
  })

  it.each(['EXDEV', 'EINVAL', 'EOPNOTSUPP'] as const)('are read and written after the kernel said %s', async (name) => {
    const libc: Kernel = {clone: () => errno.EOPNOTSUPP, copyFileRange: () => -errno[name]}
    const told = await copyRanges(source(), sink(), all, options(libc))
    expect(told.method).toBe('read and write')
    expect(to().equals(numbered)).toBe(true)
  })

  it('are an error when the kernel says EIO: nothing is tried again in another way', async () => {
    const libc: Kernel = {clone: () => errno.EOPNOTSUPP, copyFileRange: () => -errno.EIO}
    const copying = copyRanges(source(), sink(), all, options(libc))
    expect(await refusalOf(copying)).toMatchObject({kind: 'io', code: 'E_IO'})
  })

  it('overwrite with zeroes what is not blank', async () => {
    const zeroes = openSource(scene.file('zeroes', 4096))
    scene.onClose(() => zeroes.close())
    writeFileSync(scene.path('to'), Buffer.alloc(4096, 9))
    await copyRanges(zeroes, sink({blank: false}), all, options())
    expect(to().equals(Buffer.alloc(4096))).toBe(true)
  })

  it('are written back while the rest is copied, each once, where the descriptor has them', async () => {
    const large = openSource(scene.file('large', 30 * MIB))
    scene.onClose(() => large.close())
    const begun: Range[] = []
    const startWriteback = (offsetBytes: number, lengthBytes: number): void =>
      void begun.push({offsetBytes, lengthBytes})
    const ranges = [
      {offsetBytes: 0, lengthBytes: 12 * MIB},
      {offsetBytes: 20 * MIB, lengthBytes: 10 * MIB},
    ]
    await copyRanges(large, sink({startBytes: 512, blank: false}), ranges, {...options(), startWriteback})
    expect(begun).toEqual([
      {offsetBytes: 512, lengthBytes: 8 * MIB},
      {offsetBytes: 512 + 8 * MIB, lengthBytes: 16 * MIB},
    ])
  })

  it('stop at the signal', async () => {
    const told = await copyRanges(source(), sink(), all, options(undefined, AbortSignal.abort()))
    expect(told).toEqual({method: 'read and write', writtenBytes: 0, stopped: true})
  })

  it('are an error when the source became shorter meanwhile', async () => {
    const opened = source()
    truncateSync(scene.path('from'), 100)
    const copying = copyRanges(opened, sink(), all, options())
    expect(await refusalOf(copying)).toMatchObject({kind: 'io', code: 'E_SHORT_IMAGE', context: {offsetBytes: 100}})
  })
})
