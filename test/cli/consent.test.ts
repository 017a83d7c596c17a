import {PassThrough} from 'node:stream'
import {describe, expect, it} from 'vitest'
import {askOnTerminal} from '../../src/cli/index.js'

function terminal(): {input: PassThrough & {isTTY?: boolean}; output: PassThrough & {isTTY?: boolean}} {
  const [input, output] = [new PassThrough(), new PassThrough()]
  return {input: Object.assign(input, {isTTY: true}), output: Object.assign(output, {isTTY: true})}
}

describe('a question on the terminal', () => {
  it('is shown and gives what was typed, without blanks around it', async () => {
    const streams = terminal()
    const answer = askOnTerminal('Really?', streams)
    streams.input.write(' yes \n')
    expect(await answer).toBe('yes')
    expect(String(streams.output.read())).toContain('Really? ')
  })

  it('has no answer when the terminal is closed', async () => {
    const streams = terminal()
    const answer = askOnTerminal('Really?', streams)
    streams.input.end()
    expect(await answer).toBeUndefined()
  })

  it('is not asked where there is no terminal', async () => {
    for (const missing of ['input', 'output'] as const) {
      const streams = terminal()
      streams[missing].isTTY = false
      expect(await askOnTerminal('Really?', streams)).toBeUndefined()
      expect(streams.output.read()).toBeNull()
    }
  })
})
