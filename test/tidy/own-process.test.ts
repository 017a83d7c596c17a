import {execFileSync} from 'node:child_process'
import {join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'

import {needsOwnProcess, testSources} from './own-process.js'

const TOP = fileURLToPath(new URL('../..', import.meta.url))

function sourcesOf(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files))
}

describe('a test file has a process of its own', () => {
  // Split, so that this file changes nothing itself.
  const [vi, process] = ['v' + 'i.', 'pro' + 'cess.']

  it.each([
    `${vi}mock('node:fs')`,
    `${vi}doMock('koffi', () => ({}))`,
    `${vi}resetModules()`,
    `${vi}stubEnv('HOME', '/')`,
    `${vi}stubGlobal('fetch', undefined)`,
    `${vi}spyOn(fs, 'openSync')`,
    `${vi}useFakeTimers()`,
    `${vi}setSystemTime(0)`,
    `${process}env['HOME'] = '/'`,
    `${process}env[NAME] = value`,
    `${process}chdir('/')`,
    `${process}umask(0)`,
    `${process}exitCode = 1`,
    `${process}kill(pid)`,
    `${process}emit('SIGINT')`,
    `${process}on('SIGINT', stop)`,
    `delete ${process}env['HOME']`,
  ])('when it says %s', (source) => {
    expect(needsOwnProcess('base/units.test.ts', sourcesOf({'base/units.test.ts': `  ${source}\n`}))).toBe(true)
  })

  it.each([
    ...['e2e/run.test.ts', 'examples/examples.test.ts', 'fuzz/batch.test.ts', 'interop/nbd.test.ts'],
    ...['model/power-cut.test.ts', 'serve/bell.test.ts', 'serve/nbd/nbd.test.ts', 'tidy.test.ts'],
  ])('when it is of the whole tool or of the server, as %s', (path) => {
    expect(needsOwnProcess(path, sourcesOf({}))).toBe(true)
  })

  it('when a helper that it imports changes the process, also by way of another', () => {
    const files = {
      'cli/output.test.ts': "import {one} from './one.js'\n",
      'cli/one.ts': "import type {Scene} from '../image/scene.js'\nexport {two} from '../run/two.js'\n",
      'image/scene.ts': "import {one} from '../cli/one.js'\nimport {openImage} from '../../src/image/index.js'\n",
      'run/two.ts': 'export const two = 2\n',
    }
    expect(needsOwnProcess('cli/output.test.ts', sourcesOf(files))).toBe(false)
    const changing = {...files, 'run/two.ts': `${process}exitCode = 1\n`}
    expect(needsOwnProcess('cli/output.test.ts', sourcesOf(changing))).toBe(true)
  })

  it.each([
    `${vi}waitFor(() => {})`,
    `${vi}setConfig({testTimeout: 1})`,
    `const home = ${process}env['HOME']`,
    `if (${process}env['HOME'] === '/') return`,
    `spawn(${process}execPath)`,
    `expect(${process}exitCode).toBe(0)`,
    `navi.mock()`,
  ])('but not when it says %s', (source) => {
    expect(needsOwnProcess('base/units.test.ts', sourcesOf({'base/units.test.ts': source}))).toBe(false)
  })
})

describe('the projects of vitest', () => {
  it('run each test file once, in a process of its own where it needs one', () => {
    const vitest = join(TOP, 'node_modules/vitest/vitest.mjs')
    const listed = execFileSync(process.execPath, [vitest, 'list', '--filesOnly', '--json'], {
      cwd: TOP,
      encoding: 'utf8',
      maxBuffer: 2 ** 24,
    })
    const runs = (JSON.parse(listed) as {file: string; projectName: string}[])
      .map(({file, projectName}) => `${relative(TOP, file)}: ${projectName}`)
      .toSorted()
    const sources = testSources(join(TOP, 'test'))
    const files = [...sources.keys()]
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `test/${file}: ${needsOwnProcess(file, sources) ? 'alone' : 'sharing'}`)
      .toSorted()
    expect(runs).toEqual(files)
    expect(new Set(files.map((line) => line.split(': ')[1]))).toEqual(new Set(['alone', 'sharing']))
    expect(files).toContain('test/tidy/own-process.test.ts: sharing')
  })
})
