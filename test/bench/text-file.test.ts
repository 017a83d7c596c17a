import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'

import {readTextFile} from '../../src/bench/text-file.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-text-'))
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

it('a file is read as text', async () => {
  const path = join(folder, 'a.fio')
  writeFileSync(path, '[µ]\n')
  expect(await readTextFile(path, 'job file')).toBe('[µ]\n')
})

it('a file that cannot be read is named with what it is and why', async () => {
  const path = join(folder, 'missing.fio')
  await expect(readTextFile(path, 'job file')).rejects.toMatchObject({
    kind: 'environment',
    code: 'E_OPEN',
    message: `the job file ${path} cannot be read (ENOENT)`,
  })
  await expect(readTextFile(folder, 'report')).rejects.toThrow(`the report ${folder} cannot be read (EISDIR)`)
})
