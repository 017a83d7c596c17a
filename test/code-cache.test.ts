import {copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {execFileSync, spawnSync} from 'node:child_process'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {afterAll, beforeAll, expect, it, vi} from 'vitest'

vi.setConfig({testTimeout: 60_000})

const top = fileURLToPath(new URL('..', import.meta.url))
const loader = (root: string): string => pathToFileURL(path.join(root, 'bin/load.js')).href
const bundles = readdirSync(path.join(top, 'dist/commands'), {recursive: true, encoding: 'utf8'})
  .filter((file) => file.endsWith('.cjs'))
  .map((file) => path.join('dist/commands', file))

/** An installed package with one command. */
let root: string
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'flushpoint-cache-'))
  for (const file of ['bin', 'package.json', 'oclif.manifest.json'])
    cpSync(path.join(top, file), path.join(root, file), {recursive: true})
  symlinkSync(path.join(top, 'node_modules'), path.join(root, 'node_modules'))
  cpSync(path.join(top, 'dist/commands/modes.cjs'), path.join(root, 'dist/commands/modes.cjs'))
})
afterAll(() => rmSync(root, {recursive: true, force: true}))

const modes = () => spawnSync(process.execPath, [path.join(root, 'bin/run.js'), 'modes', '--json'], {encoding: 'utf8'})
/** Where the compiled code of a file is looked for, as bin/load.js says. */
function cacheOf(file: string): string {
  const script = `import {codeCacheOf} from ${JSON.stringify(loader(top))}; process.stdout.write(codeCacheOf(process.argv[1]))`
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, file], {encoding: 'utf8'})
}

it('lies beside the bundle of each command, and V8 takes it', () => {
  const script = `import {readFileSync} from 'node:fs'
import {codeCacheOf, scriptOf} from ${JSON.stringify(loader(top))}
const refused = process.argv.slice(1).filter((file) => scriptOf(file, readFileSync(codeCacheOf(file))).cachedDataRejected !== false)
console.log(JSON.stringify(refused))`
  const files = bundles.map((file) => path.join(top, file))
  expect(files.length).toBeGreaterThan(20)
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script, ...files], {encoding: 'utf8'})
  expect(JSON.parse(said)).toEqual([])
})

it('changes nothing about what a command says, there or not, cut, or of another bundle', () => {
  const file = path.join(root, 'dist/commands/modes.cjs')
  const own = readFileSync(cacheOf(path.join(top, 'dist/commands/modes.cjs')))
  const without = modes()
  expect([without.status, without.stderr]).toEqual([0, ''])
  expect(JSON.parse(without.stdout)).toMatchObject({schema: 'flushpoint/modes@1'})
  const foreign = readFileSync(cacheOf(path.join(top, 'dist/commands/map.cjs')))
  for (const bytes of [own, own.subarray(0, 1000), own.subarray(0, 0), foreign]) {
    writeFileSync(cacheOf(file), bytes)
    const run = modes()
    expect([run.status, run.stdout, run.stderr]).toEqual([0, without.stdout, ''])
  }
})

it('is used where it is', () => {
  const file = path.join(root, 'dist/commands/modes.cjs')
  copyFileSync(cacheOf(path.join(top, 'dist/commands/modes.cjs')), cacheOf(file))
  const script = `import {load} from ${JSON.stringify(loader(root))}
load(process.argv[1])
console.log(process.moduleLoadList.length, Object.keys((await import('node:module')).createRequire(process.argv[1]).cache))`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script, file], {encoding: 'utf8'})
  expect(said).not.toContain('modes.cjs') // else the module loader had it
})
