import {Writable} from 'node:stream'

import {afterEach, beforeEach, expect, it, vi} from 'vitest'

import {startSpinner} from '../../src/cli/index.js'

type Screen = NonNullable<Parameters<typeof startSpinner>[1]>

/** A terminal, as far as a spinner draws on it, and what was written to it. */
function screen(isTTY: boolean, columns: number): {stream: Screen; seen: string[]} {
  const seen: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      seen.push(chunk)
      done()
    },
  })
  const moves = {cursorTo: () => true, moveCursor: () => true, clearLine: () => true}
  return {stream: Object.assign(stream, moves, {isTTY, columns}), seen}
}

beforeEach(() => {
  vi.stubEnv('CI', '')
  vi.stubEnv('TERM', 'xterm')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

it('a spinner draws its text on a terminal until it is stopped', async () => {
  const {stream, seen} = screen(true, 80)
  const spinner = await startSpinner('copying disk.img', stream)
  try {
    expect(seen.join('')).toContain('copying disk.img')
    spinner.update('copying other.img')
  } finally {
    spinner.stop()
  }
  const drawn = seen.length
  spinner.update('after the end')
  expect(seen).toHaveLength(drawn)
})

it.each([
  ['a pipe', false, 80, {}],
  ['a terminal that says it is 0 columns wide', true, 0, {}],
  ['a dumb terminal', true, 80, {TERM: 'dumb'}],
  ['the log of a CI job', true, 80, {CI: 'true'}],
])('a spinner draws nothing on %s', async (_where, isTTY, columns, env) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const {stream, seen} = screen(isTTY, columns)
  const spinner = await startSpinner('copying', stream)
  spinner.update('still copying')
  spinner.stop()
  expect(seen).toEqual([])
})
