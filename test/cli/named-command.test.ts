import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {namedCommand} from '../../src/cli/named-command.js'
import ServeNbd from '../../src/commands/serve/nbd.js'

const top = fileURLToPath(new URL('../..', import.meta.url))
const pluginOf = (root: string, ...argv: string[]) => namedCommand(root, argv, ServeNbd)?.plugins.get('flushpoint')
const idOf = (...argv: string[]): string | undefined => pluginOf(top, ...argv)?.commands[0]?.id

function jsonOf<T>(file: string): T {
  return JSON.parse(readFileSync(join(top, file), 'utf8')) as T
}

describe('the command that a command line names', () => {
  it('is found by its words, each command of the manifest', () => {
    const {commands} = jsonOf<{commands: Record<string, unknown>}>('oclif.manifest.json')
    for (const id of Object.keys(commands)) expect(idOf(...id.split(':'), 'disk.img', '--json')).toBe(id)
  })

  it('is the class that was loaded, and knows its name', async () => {
    const plugin = pluginOf(top, 'serve', 'nbd', 'disk.img')
    const command = await plugin?.commands[0]?.load()
    expect(command).toBe(ServeNbd)
    expect([command?.id, command?.summary, command?.plugin]).toEqual([
      'serve:nbd',
      plugin?.commands[0]?.summary,
      plugin,
    ])
  })

  it('is none where help is asked for, but behind -- that is an argument', () => {
    expect([idOf('map', '--help'), idOf('map', 'disk.img', '-h'), idOf('help', 'map')].filter(Boolean)).toEqual([])
    expect(idOf('map', '--', '--help')).toBe('map')
  })

  it('is none for a topic, another word or an option in its place', () => {
    for (const argv of [[], ['trace'], ['trace', 'nothing'], ['mapp'], ['--json', 'map'], ['toString'], ['../map']]) {
      expect(namedCommand(top, argv, ServeNbd)).toBeUndefined()
    }
  })
})

describe('what a named command is found without', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'flushpoint-named-'))
  })
  afterEach(() => rmSync(root, {recursive: true, force: true}))

  it('is looked for by oclif when the manifest is missing, broken or that of another version', () => {
    expect(namedCommand(root, ['map'], ServeNbd)).toBeUndefined()
    cpSync(join(top, 'package.json'), join(root, 'package.json'))
    expect(namedCommand(root, ['map'], ServeNbd)).toBeUndefined()
    writeFileSync(join(root, 'oclif.manifest.json'), '{')
    expect(namedCommand(root, ['map'], ServeNbd)).toBeUndefined()
    const manifest = jsonOf<object>('oclif.manifest.json')
    writeFileSync(join(root, 'oclif.manifest.json'), JSON.stringify({...manifest, version: '99.0.0'}))
    expect(namedCommand(root, ['map'], ServeNbd)).toBeUndefined()
    writeFileSync(join(root, 'oclif.manifest.json'), JSON.stringify(manifest))
    expect(pluginOf(root, 'map')?.commands[0]?.id).toBe('map')
  })

  it('is no hook but that for a command that does not exist, and plugins are named without patterns', () => {
    const {oclif} = jsonOf<{oclif: {hooks: object; plugins: string[]}}>('package.json')
    expect(Object.keys(oclif.hooks)).toEqual(['command_not_found'])
    for (const name of oclif.plugins) expect(name).toMatch(/^[@a-z/-]+$/)
  })
})
