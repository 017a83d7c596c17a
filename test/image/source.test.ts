import {readFileSync, statSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {openSource, partOf} from '../../src/image/source.js'
import {refusalOf, Scene} from './scene.js'

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
