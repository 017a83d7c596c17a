import {closeSync, openSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {fileSystemOf} from '../../../src/image/file-system.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {FolioGlass, largeFolios, writeInLargeFolios} from '../../native/folios-of.js'
import {capability, itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {RawClient, request, WRITE} from './client.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const MIB = 1 << 20
const visible = await largeFolios()

let scene: Scene
let image: string
let fd: number
let glass: FolioGlass | undefined
let isReady: boolean
beforeEach(async () => {
  scene = new Scene()
  image = scene.file('disk.img', 0)
  fd = openSync(image, 'r+')
  glass = await FolioGlass.open()
  isReady = writeInLargeFolios(
    glass,
    fd,
    8 * MIB,
    [1, 3, 5, 7].map((at) => at * MIB),
  )
})
afterEach(() => {
  glass?.close()
  closeSync(fd)
  scene.close()
})

describe('writes of clients into large folios of the page cache', () => {
  const name = fileSystemOf(tmpdir()).name
  const isExt4 = capability(name === 'ext4', `it is ext4 that is slow with large folios, this is ${name}`)

  itNeeds(
    [visible, isExt4],
    'find single pages where they are short, and the folio as it was where they are long',
    async () => {
      expect(isReady).toBe(true)
      for (const aio of uring.present ? ['uring', 'threads'] : ['threads']) {
        const [shortAt, longAt] = aio === 'uring' ? [MIB, 3 * MIB] : [5 * MIB, 7 * MIB]
        const served = await Served.start(scene, image, ['--aio', aio, '--cache', 'writeback'])
        const client = await RawClient.connect(served.socket)
        await client.go()
        for (const [offset, length] of [
          [shortAt, 4096],
          [longAt, 65_536],
        ] as const) {
          client.send(request({type: WRITE, offset, length, data: Buffer.alloc(length, 0x33)}))
          expect((await client.simple()).error).toBe(0)
        }
        expect(glass?.isInLargeFolio(fd, shortAt)).toBe(false)
        expect(glass?.isInLargeFolio(fd, longAt)).toBe(true)
        expect((await served.stop()).ended.exit).toBe(0)
      }
    },
  )
})
