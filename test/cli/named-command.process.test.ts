import {expect, it, vi} from 'vitest'
import {flushpoint, TIMEOUT_MS} from '../e2e/cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

it('loads plugins for help and for words that are no command, and none for a command', async () => {
  const pluginsOf = async (...argv: string[]): Promise<[number | undefined, boolean]> => {
    const {exit, stderr} = await flushpoint(argv, {env: {DEBUG: '*'}})
    expect(stderr).toContain('config') // oclif tells what it does
    return [exit, stderr.includes('@oclif/plugin-help')]
  }
  expect(await pluginsOf('modes', '--json')).toEqual([0, false])
  expect(await pluginsOf('help', 'modes')).toEqual([0, true])
  expect(await pluginsOf('modes', '--help')).toEqual([0, true])
  expect(await pluginsOf('mode')).toEqual([127, true])
})
