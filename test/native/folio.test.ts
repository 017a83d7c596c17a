import {fsyncSync, readSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'

import {ERRNO} from '../../src/base/index.js'
import {loadFolios, loadLibc, loadSplice, type Folios} from '../../src/native/index.js'
import {realImage, type RealImage} from '../aio/real-image.js'
import {capability, itNeeds} from '../peers.js'
import {FolioGlass, largeFolios, writeInLongRuns} from './folios-of.js'

const SIZE_BYTES = 4 << 20
const HALF = SIZE_BYTES / 2
const bound = await loadFolios()
const calls = capability(bound.ok, bound.ok ? '' : bound.reason)
const visible = await largeFolios()
const counting = await loadSplice()
const cached = capability(counting.ok, counting.ok ? '' : counting.reason)

describe('a folio of the page cache', () => {
  let image: RealImage
  let glass: FolioGlass | undefined
  let folios: Folios
  beforeEach(async () => {
    image = realImage(SIZE_BYTES)
    writeInLongRuns(image.fd, SIZE_BYTES)
    glass = await FolioGlass.open()
    if (bound.ok) folios = bound.folios
  })
  afterEach(() => {
    glass?.close()
    image.remove()
  })
  const isLarge = (): boolean | undefined => glass?.isInLargeFolio(image.fd, HALF)

  itNeeds([calls, visible], 'is made one of single pages, and holds what it held', () => {
    expect(isLarge()).toBe(true)
    expect(folios.split(image.fd, HALF + 100)).toBe(0)
    expect(isLarge()).toBe(false)
    const bytes = Buffer.alloc(SIZE_BYTES)
    readSync(image.fd, bytes, 0, SIZE_BYTES, 0)
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true)
  })

  itNeeds([calls, visible], 'stays whole while it is dirty, and loses nothing', () => {
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

  itNeeds([calls, cached], 'that is not in the cache is not read from the disk', async () => {
    const libc = await loadLibc()
    if (!libc.ok || !counting.ok) throw new Error('what was there is gone')
    expect(libc.libc.dropCache(image.fd)).toBe(0)
    expect(folios.split(image.fd, HALF)).toBe(0)
    expect(counting.splice.isCached(image.fd, HALF, 4096)).toBe(false)
  })

  itNeeds([calls], 'behind the end of a file is none, which is no error', () => {
    expect(folios.split(image.fd, SIZE_BYTES + 4096)).toBe(0)
  })

  itNeeds([calls], 'cannot be asked for where nothing can be mapped', () => {
    expect(folios.split(-1, 0)).toBe(-ERRNO.EBADF)
  })
})
