import {beforeAll, describe, expect, it} from 'vitest'

import type {Interfaces} from '@oclif/core'

import commandNotFound from '../../src/cli/command-not-found.js'
import {emptyConfig, inProcess, type InProcessEnd} from './console.js'

let config: Interfaces.Config
beforeAll(async () => {
  config = await emptyConfig()
  const command = (id: string, hidden = false): object => ({id, aliases: [], hidden})
  const commands = [command('run'), command('bench'), command('crash:explore'), command('secret', true)]
  Object.defineProperty(config, 'commands', {value: commands})
})

function missing(id: string, argv: string[] = []): Promise<InProcessEnd> {
  return inProcess(async () => {
    await Reflect.apply(commandNotFound, {}, [{id, argv, config, context: {}}])
  })
}

describe('a command that does not exist', () => {
  it.each([
    ['rnu', 'rnu', 'run'],
    ['RUN', 'RUN', 'run'],
    ['bnech', 'bnech', 'bench'],
    ['crash:exploer', 'crash exploer', 'crash explore'],
    ['runn:disk.img', 'runn', 'run'],
  ])('%s ends with 127 and a suggestion', async (id, typed, meant) => {
    expect(await missing(id)).toEqual({
      status: 127,
      stdout: '',
      stderr: `error: there is no command "${typed}"\n  hint: Did you mean "flushpoint ${meant}"?\n`,
    })
  })

  it.each(['frobnicate', 'secert', 'x'])('%s is like no command, or like a hidden one: no suggestion', async (id) => {
    expect(await missing(id)).toEqual({
      status: 127,
      stdout: '',
      stderr: `error: there is no command "${id}"\n  hint: Run "flushpoint --help" for the list of commands.\n`,
    })
  })

  it.each([
    ['rnu', ['--json']],
    ['rnu', ['disk.img', '--format', 'json']],
    ['--json', []],
  ])('%s %s gets its error as one JSON document', async (id, argv) => {
    const ended = await missing(id, argv)
    expect(ended).toMatchObject({status: 127, stderr: ''})
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {kind: 'unknown-command', code: 'E_UNKNOWN_COMMAND', exit: 127},
    })
  })
})
