import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const REPORTER = fileURLToPath(new URL('reporter.ts', import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-reporter-'))
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

/** Runs these test files in a process of their own; gives its exit status and the lines of its stdout. */
function run(files: Record<string, string>): {status: number | null; lines: string[]} {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const reporters = ['--reporter=default', `--reporter=${REPORTER}`]
  const {status, stdout} = spawnSync(process.execPath, [VITEST, 'run', '--globals', '--root', folder, ...reporters], {
    encoding: 'utf8',
    env: {...process.env, VITEST: undefined, VITEST_WORKER_ID: undefined, CI: 'true'},
  })
  return {status, lines: stdout.trimEnd().split('\n')}
}

describe('the last line of a test run', () => {
  it('counts the tests that passed, failed and were skipped', () => {
    const {status, lines} = run({
      'a.test.js': `
        it('passes', () => {})
        it('passes too', () => {})
        it('fails', () => { expect(1).toBe(2) })
        it.skip('is skipped', () => {})`,
    })
    expect(lines.at(-1)).toBe('2 passed, 1 failed, 1 skipped')
    expect(status).toBe(1)
  }, 60_000)

  it('counts a file that does not load and a hook that fails as a failure each', () => {
    const {status, lines} = run({
      'broken.test.js': `import './missing.js'`,
      'hook.test.js': `describe('with a hook', () => {
        beforeAll(() => { throw new Error('no') })
        it('is never run', () => {})
      })`,
      'good.test.js': `it('passes', () => {})`,
    })
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 1 skipped')
    expect(status).toBe(1)
  }, 60_000)

  it('does not call a run without failed tests clean when the run itself failed', () => {
    const {status, lines} = run({
      'late.test.js': `it('passes', () => { void Promise.reject(new Error('nobody waited for this')) })`,
    })
    expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped')
    expect(status).toBe(1)
  }, 60_000)

  it('is written even when there was nothing to run', () => {
    const {status, lines} = run({})
    expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped')
    expect(status).toBe(1)
  }, 60_000)

  it('follows the reasons of the skips, each with its tests', () => {
    const {status, lines} = run({
      'skips.test.js': `
        it('passes', () => {})
        describe('a disk', () => {
          it('has a peer', {skip: true, meta: {skipReason: 'fio is not installed'}}, () => {})
          it('has a note', (context) => { context.skip('no loop devices') })
        })`,
    })
    expect(lines.slice(-5)).toEqual([
      'skipped: fio is not installed',
      '  a disk > has a peer',
      'skipped: no loop devices',
      '  a disk > has a note',
      '1 passed, 0 failed, 2 skipped',
    ])
    expect(status).toBe(0)
  }, 60_000)
})
