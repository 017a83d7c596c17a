import {afterEach, beforeEach, expect, it} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {openSource, partOf} from '../../src/image/index.js'
import {contentsOf, partitionTable} from '../../src/inspect/image-reader.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

it('an image that cannot be read is an I/O error with the byte, counted from the start of the whole', () => {
  const source = openSource(scene.file('disk', 1 << 20))
  const broken = partOf(source, 4096, 1 << 19)
  source.close() // what is read now fails with EBADF
  for (const look of [partitionTable, contentsOf]) {
    let thrown: unknown
    try {
      look(broken)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ToolError)
    expect(thrown).toMatchObject({kind: 'io', code: 'E_IO', context: {path: source.path, op: 'read'}})
    expect((thrown as ToolError).context.offsetBytes).toBeGreaterThanOrEqual(4096)
  }
})

it('an image that becomes shorter while it is looked at is one that ends there', () => {
  const source = openSource(scene.file('disk', 4096))
  scene.onClose(() => source.close())
  expect(contentsOf({...source, sizeBytes: 1 << 30, readInto: () => 0})).toMatchObject({whole: [], table: undefined})
})
