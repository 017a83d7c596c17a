import {fsyncSync, readSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'

import {ERRNO} from '../../src/base/index.js'
import {loadFolios, loadLibc, loadSplice, type Folios} from '../../src/native/index.js'
import {realImage, type RealImage} from '../aio/real-image.js'
import {capability, itNeeds} from '../peers.js'
import {FolioGlass, largeFolios, writeInLargeFolios} from './folios-of.js'

const SIZE_BYTES = 4 << 20
const HALF = SIZE_BYTES / 2
const bound = await loadFolios()
const calls = capability(bound.ok, bound.ok ? '' : bound.reason)
const visible = await largeFolios()
const counting = await loadSplice()
const cached = capability(counting.ok, counting.ok ? '' : counting.reason)
const isCached = (fd: number, offsetBytes: number): boolean =>
  counting.ok && counting.splice.isCached(fd, offsetBytes, 4096)
const libc = await loadLibc()
const dropCache = (fd: number): number => (libc.ok ? libc.libc.dropCache(fd) : -1)
const forgets = capability(doesForget(), 'the page cache does not let go of files here')

/** What is dropped from the page cache is gone: not in a file system that lives there. */
function doesForget(): boolean {
  const probe = realImage(0)
  writeSync(probe.fd, Buffer.alloc(4096))
  fsyncSync(probe.fd)
  dropCache(probe.fd)
  const isGone = counting.ok && !isCached(probe.fd, 0)
  probe.remove()
  return isGone
}

describe('a folio of the page cache', () => {
  let image: RealImage
  let glass: FolioGlass | undefined
  let folios: Folios
  let isReady: boolean
  beforeEach(async () => {
    image = realImage(SIZE_BYTES)
    glass = await FolioGlass.open()
    isReady = writeInLargeFolios(glass, image.fd, SIZE_BYTES, [HALF])
    if (bound.ok) folios = bound.folios
  })
  afterEach(() => {
    glass?.close()
    image.remove()
  })
  const isLarge = (): boolean | undefined => glass?.isInLargeFolio(image.fd, HALF)

  itNeeds([calls, visible], 'is made one of single pages, and holds what it held', () => {
    expect(isReady).toBe(true)
    expect(folios.split(image.fd, HALF + 100)).toBe(0)
    expect(isLarge()).toBe(false)
    const bytes = Buffer.alloc(SIZE_BYTES)
    readSync(image.fd, bytes, 0, SIZE_BYTES, 0)
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true)
  })

  itNeeds([calls, visible], 'stays whole while it is dirty, and loses nothing', () => {
    expect(isReady).toBe(true)
    writeSync(image.fd, Buffer.from('dirty'), 0, 5, HALF)
    expect(folios.split(image.fd, HALF)).toBe(0)
    expect(isLarge()).toBe(true)
    fsyncSync(image.fd)
    expect(folios.split(image.fd, HALF)).toBe(0)
    expect(isLarge()).toBe(false)
    const bytes = Buffer.alloc(5)
    readSync(image.fd, bytes, 0, 5, HALF)
    expect(bytes.toString('latin1')).toBe('dirty')
  })

  itNeeds(
    [calls, cached, forgets],
    'that is not in the cache is not read from the disk, nor what lies behind one that is',
    () => {
      const pagesCached = (): number => {
        let count = 0
        for (let at = 0; at < SIZE_BYTES; at += 4096) if (isCached(image.fd, at)) count++
        return count
      }
      expect(dropCache(image.fd)).toBe(0)
      // Two reads in sequence have the kernel read ahead, and mark where it is to go on.
      const bytes = Buffer.alloc(128 * 1024)
      for (const at of [0, bytes.length]) readSync(image.fd, bytes, 0, bytes.length, at)
      const before = pagesCached()
      expect(before).toBeLessThan(SIZE_BYTES / 4096)
      for (let at = 0; at < SIZE_BYTES; at += 4096) expect(folios.split(image.fd, at)).toBe(0)
      expect(pagesCached()).toBe(before)
    },
  )

  itNeeds([calls], 'behind the end of a file is none, which is no error', () => {
    expect(folios.split(image.fd, SIZE_BYTES + 4096)).toBe(0)
  })

  itNeeds([calls], 'cannot be asked for where nothing can be mapped', () => {
    expect(folios.split(-1, 0)).toBe(-ERRNO.EBADF)
  })
})
