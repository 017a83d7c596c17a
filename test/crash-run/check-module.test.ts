import {mkdirSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {loadCheck} from '../../src/crash-run/index.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function file(name: string, text: string): string {
  const path = scene.path(name)
  writeFileSync(path, text)
  return path
}

describe('a check that is a module', () => {
  it('is its default export', async () => {
    const check = await loadCheck(file('good.mjs', 'export default ({fail}) => fail("always")'))
    expect(check).toBeTypeOf('function')
  })

  it('is refused with what is wrong with it', async () => {
    mkdirSync(scene.path('folder.mjs'))
    const refused = [
      [scene.path('none.mjs'), 'environment', 'E_CHECK_OPEN', 'cannot be opened (ENOENT)'],
      [scene.path('folder.mjs'), 'environment', 'E_CHECK_OPEN', 'it is not a file'],
      [file('empty.mjs', ''), 'usage', 'E_CHECK_EXPORT', 'has no default export'],
      [file('number.mjs', 'export default 7'), 'usage', 'E_CHECK_EXPORT', 'exports a number by default'],
      [file('object.mjs', 'export default {}'), 'usage', 'E_CHECK_EXPORT', 'exports an object by default'],
      [file('throws.mjs', 'throw new Error("boom")'), 'usage', 'E_CHECK_LOAD', 'Error: boom'],
    ] as const
    for (const [path, kind, code, says] of refused) {
      const error = await refusalOf(loadCheck(path))
      expect(error).toMatchObject({kind, code, context: {path}})
      expect(error.message).toContain(says)
      expect(error.hint).toMatch(/^[A-Z][a-z]+:? \S/)
    }
  })
})
