import {readFileSync, renameSync, statSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage, snapshotImage} from '../../src/image/index.js'
import {openSource, partOf, sourceOf} from '../../src/image/source.js'
import {direct} from '../e2e/cli.js'
import {itNeeds} from '../peers.js'
import {procFd, refusalOf, Scene} from './scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function numbered(lengthBytes: number): string {
  const path = scene.file('image', 0)
  writeFileSync(
    path,
    Uint8Array.from({length: lengthBytes}, (_, i) => i % 251),
  )
  return path
}

/** What a change would leave; reading may leave a time of access. */
function traces(path: string): unknown {
  const {size, blocks, mtimeMs, ctimeMs, mode, ino} = statSync(path)
  return {size, blocks, mtimeMs, ctimeMs, mode, ino}
}

describe('an image that is open, looked at beside whoever changes it', () => {
  for (const mode of ['writeback', 'none']) {
    const title = `is the same file under ${mode}, whoever has its name now, and of a copy it is the copy`
    itNeeds([procFd, ...(mode === 'none' ? [direct] : [])], title, async () => {
      const path = scene.file('disk.img', 8192, 1)
      const facts = {mode: cacheModeOf(mode), readOnly: false, forceShare: true}
      const copy = await snapshotImage(path, {...facts, touched: [{offsetBytes: 0, lengthBytes: 8192}]})
      const part = {offsetBytes: 4096, lengthBytes: 4096}
      const image = await openImage(path, {...facts, forceShare: false, part})
      renameSync(path, scene.path('away.img'))
      scene.file('disk.img', 8192, 2)
      const [own, other] = [sourceOf(image), sourceOf(copy)]
      scene.onClose(() => {
        for (const open of [own, other, image, copy]) open.close()
      })
      const bytes = new Uint8Array(100)
      expect([own.sizeBytes, own.readInto(bytes, 4000), bytes[0], bytes[96]]).toEqual([4096, 96, 1, 0])
      writeFileSync(scene.path('away.img'), Buffer.alloc(8192, 3), {flag: 'r+'})
      expect([own.readInto(bytes, 7), bytes[99]]).toEqual([100, 3])
      expect([other.sizeBytes, other.readInto(bytes, 7), bytes[99]]).toEqual([8192, 100, 1])
    })
  }
})

describe('an image opened for looking at', () => {
  it('that cannot be read is an I/O error with the byte of the whole image', () => {
    const source = openSource(numbered(1000))
    const part = partOf(source, 300, 500)
    source.close() // what is read now fails with EBADF
    expect(() => part.readInto(new Uint8Array(10), 7)).toThrow(
      expect.objectContaining({
        kind: 'io',
        code: 'E_IO',
        message: `${source.path} cannot be read at byte 307 (EBADF)`,
        context: {path: source.path, offsetBytes: 307, op: 'read'},
      }),
    )
  })

  it('is read to its last byte, also behind the last whole sector, and no further', () => {
    const source = openSource(numbered(1000))
    const bytes = new Uint8Array(600)
    expect([source.sizeBytes, source.readInto(bytes, 500), bytes[0], bytes[499], bytes[500]]).toEqual([
      1000,
      500,
      500 % 251,
      999 % 251,
      0,
    ])
    expect(source.readInto(bytes, 1000)).toBe(0)
    source.close()
  })

  it('is not changed, not even in its times of modification and change', () => {
    const path = numbered(4096)
    const before = traces(path)
    const source = openSource(path)
    source.readInto(new Uint8Array(4096), 0)
    source.close()
    expect(traces(path)).toEqual(before)
    expect(readFileSync(path)).toHaveLength(4096)
  })

  it('may be empty', () => {
    const source = openSource(scene.file('empty', 0))
    expect([source.sizeBytes, source.readInto(new Uint8Array(1), 0)]).toEqual([0, 0])
    source.close()
  })

  it('that is not there is refused with its name', async () => {
    const opening = Promise.resolve(scene.path('missing')).then(openSource)
    expect(await refusalOf(opening)).toMatchObject({
      kind: 'environment',
      context: {path: scene.path('missing')},
    })
  })
})

describe('a part of an image', () => {
  it('has offsets of its own, ends where it ends, and is cut where the image ends', () => {
    const source = openSource(numbered(1000))
    const part = partOf(partOf(source, 100, 800), 50, 10_000)
    const bytes = new Uint8Array(1000)
    expect([part.startBytes, part.sizeBytes, part.readInto(bytes, 0), bytes[0]]).toEqual([150, 750, 750, 150])
    expect(partOf(source, 5000, 10)).toMatchObject({sizeBytes: 0})
    source.close()
  })
})
