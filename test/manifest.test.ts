import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

interface Manifest {
  readonly version: string
  readonly commands: Record<string, unknown>
}

describe('oclif.manifest.json', () => {
  const committed = readFileSync(at('oclif.manifest.json'), 'utf8')
  const manifest = JSON.parse(committed) as Manifest

  it('says what the built commands say (refresh it with npm run build)', () => {
    const fresh = execFileSync(process.execPath, [at('bin/manifest.js'), '--print'], {
      encoding: 'utf8',
      env: {...process.env, NODE_ENV: 'production'},
    })
    expect(committed).toBe(fresh)
  })

  it('lists every command of src/commands and carries the version of the package', () => {
    const commands = readdirSync(at('src/commands'), {recursive: true, encoding: 'utf8'})
      .filter((path) => path.endsWith('.ts'))
      .map((path) => path.replace(/\.ts$/, '').replaceAll(/[\\/]/g, ':'))
    expect(commands.length).toBeGreaterThan(0)
    expect(Object.keys(manifest.commands).toSorted()).toEqual(commands.toSorted())
    const {version} = JSON.parse(readFileSync(at('package.json'), 'utf8')) as {version: string}
    expect(manifest.version).toBe(version)
  })
})
