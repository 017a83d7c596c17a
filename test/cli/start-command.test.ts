import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {importFile} from '../../src/base/index.js'
import {startCommand} from '../../src/cli/start-command.js'
import Modes from '../../src/commands/modes.js'
import {flushpoint} from '../e2e/cli.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('does nothing, and says so, where all commands are needed', async () => {
  const other = (): Promise<never> => Promise.reject(new Error('asked to import'))
  for (const argv of [['modes', '--help'], ['nothing'], []]) {
    expect(await startCommand({root, argv, command: Modes, importFile: other})).toBe(false)
  }
  expect(await importFile('node:path')).toHaveProperty('join') // as before
})

it('runs the one command that the words name', async () => {
  const {exit, stdout} = await flushpoint(['modes', '--json'])
  expect([exit, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({schema: 'flushpoint/modes@1'})])
})
