import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {pathToFileURL} from 'node:url'
import {afterEach, describe, expect, it} from 'vitest'
import {importFile, importThrough} from '../../src/base/import-file.js'

describe('a module that somebody wrote for the tool', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flushpoint-import-'))
  afterEach(() => {
    importThrough((url) => import(url) as Promise<Record<string, unknown>>)
    rmSync(folder, {recursive: true, force: true})
  })

  it('is imported by its URL, and by the given way once there is one', async () => {
    const url = pathToFileURL(path.join(folder, 'own.mjs')).href
    writeFileSync(new URL(url), 'export default await Promise.resolve(7)')
    expect(await importFile(url)).toMatchObject({default: 7})
    const asked: string[] = []
    importThrough((given) => {
      asked.push(given)
      return Promise.resolve({default: 8})
    })
    expect(await importFile(url)).toEqual({default: 8})
    expect(asked).toEqual([url])
  })
})
