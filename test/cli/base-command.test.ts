import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type {Interfaces} from '@oclif/core'
import {afterEach, beforeAll, describe, expect, it, vi} from 'vitest'

import {EXIT_CODES, ToolError, type ErrorKind} from '../../src/base/index.js'
import {BaseCommand, sizeFlag} from '../../src/cli/index.js'
import {emptyConfig, inProcess, type InProcessEnd} from './console.js'

/** What the next Probe does. */
let body: (probe: Probe) => Promise<unknown>

class Probe extends BaseCommand<typeof Probe> {
  static override id = 'probe'
  static override args = {image: Args.string()}
  static override flags = {rows: Flags.integer(), size: sizeFlag()}

  async run(): Promise<unknown> {
    return await body(this)
  }

  async printSample(): Promise<void> {
    await this.print({
      title: '',
      blocks: [
        {kind: 'table', columns: [{name: 'id', key: 'id'}], rows: [['1']]},
        {kind: 'verdict', ok: false, text: 'stable'},
      ],
      json: {schema: 'probe@1', size: this.flags.size ?? null},
      records: [{record: 'id', id: 1}],
    })
  }

  end(kind: ErrorKind): void {
    this.endWith(kind)
  }

  say(): void {
    this.note('backend threads')
    this.warn('tail \u001b[1m unreachable')
  }
}

let config: Interfaces.Config
beforeAll(async () => {
  config = await emptyConfig()
})
afterEach(() => {
  vi.unstubAllEnvs()
})

function run(args: readonly string[], work: (probe: Probe) => Promise<unknown>): Promise<InProcessEnd> {
  body = work
  return inProcess(() => Probe.run([...args], config))
}

const failing = (error: unknown) => async (): Promise<never> => {
  throw error
}

const KINDS = EXIT_CODES.flatMap((row) => (row.kind === 'ok' || row.kind === 'unknown-command' ? [] : [row]))

describe('a command that fails', () => {
  it.each(KINDS)('ends with $exit for the kind $kind and tells it on stderr', async ({kind, exit}) => {
    const error = new ToolError(kind, 'E_PROBE', 'disk.img: probe 7', {hint: 'try again'})
    expect(await run([], failing(error))).toEqual({
      status: exit,
      stdout: '',
      stderr: 'error: disk.img: probe 7\n  hint: try again\n',
    })
  })

  it.each(KINDS)('ends with $exit for the kind $kind and tells it on stdout under --json', async ({kind, exit}) => {
    const error = new ToolError(kind, 'E_PROBE', 'probe 7', {context: {path: 'disk.img'}, cause: 'a string'})
    for (const args of [['--json'], ['--format', 'json'], ['--format=json']]) {
      const ended = await run(args, failing(error))
      expect(ended).toMatchObject({status: exit, stderr: ''})
      expect(JSON.parse(ended.stdout)).toEqual({
        error: {
          name: 'ToolError',
          kind,
          code: 'E_PROBE',
          message: 'probe 7',
          hint: null,
          context: {path: 'disk.img'},
          exit,
        },
      })
    }
  })

  it.each([new TypeError('not a function'), 'a string', undefined])(
    'calls %s a bug and ends with 70',
    async (error) => {
      const ended = await run(['--json'], failing(error))
      expect(ended.status).toBe(70)
      expect(JSON.parse(ended.stdout)).toMatchObject({error: {kind: 'bug', code: 'E_BUG', exit: 70}})
    },
  )

  it('leaves the document on stdout alone when the error comes after it', async () => {
    const ended = await run(['--json'], async (probe) => {
      await probe.printSample()
      throw new ToolError('io', 'E_PROBE', 'probe 7')
    })
    expect(ended).toMatchObject({status: 4, stderr: 'error: probe 7\n'})
    expect(JSON.parse(ended.stdout)).toEqual({schema: 'probe@1', size: null})
  })
})

describe('a wrong command line', () => {
  const unused = failing(new Error('the command ran'))

  it.each([
    ['an unknown flag', ['--nope'], 'Nonexistent flag: --nope'],
    ['an argument too many', ['a.img', 'b'], 'Unexpected argument: b'],
    ['a format that does not exist', ['--format', 'xml'], 'Expected --format=xml to be one of: table, json, ndjson'],
    ['a size that is none', ['--size', '4q'], '--size: "4q" is not a size'],
    ['a number that is none', ['--rows', 'many'], '--rows: Expected an integer but received: many'],
    ['a flag without its value', ['--rows'], 'Flag --rows expects a value'],
  ])('%s ends with 2 and a message that names it, as text and as JSON', async (_what, args, message) => {
    const plain = await run(args, unused)
    expect(plain).toMatchObject({status: 2, stdout: ''})
    expect(plain.stderr.startsWith(`error: ${message}`)).toBe(true)
    expect(plain.stderr).not.toMatch(/Parsing|See more help|›/)
    const asJson = await run(['--json', ...args], unused)
    expect(asJson).toMatchObject({status: 2, stderr: ''})
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      error: {kind: 'usage', exit: 2, message: expect.stringContaining(message)},
    })
  })

  it('--json together with another format is one', async () => {
    const ended = await run(['--json', '--format', 'table'], unused)
    expect(ended.status).toBe(2)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {code: 'E_FORMAT', message: '--json and --format table contradict each other'},
    })
  })

  it('gets a hint with the command whose help to read', async () => {
    const ended = await run(['--nope'], unused)
    expect(ended.stderr).toContain('\n  hint: Run "flushpoint probe --help" to see what it takes.\n')
  })
})

describe('a command that works', () => {
  const print = (probe: Probe): Promise<void> => probe.printSample()
  const json = '{\n  "schema": "probe@1",\n  "size": 4096\n}\n'

  it.each([
    [[], 'id\n──\n1\n\n✗ not ok: stable\n'],
    [['--format', 'csv'], 'id\n1\n'],
    [['--format', 'ndjson'], '{"record":"id","id":1}\n'],
    [['--json'], json],
    [['--format', 'json'], json],
    [['--json', '--format', 'json'], json],
  ])('prints its result once, in the format asked for: %s', async (args, stdout) => {
    expect(await run([...args, '--size', '4k'], print)).toEqual({status: 0, stdout, stderr: ''})
  })

  it('prints JSON where the environment asks for it, unless a format is given', async () => {
    vi.stubEnv('FLUSHPOINT_CONTENT_TYPE', 'json')
    expect((await run(['--size', '4k'], print)).stdout).toBe(json)
    expect((await run(['--format', 'csv'], print)).stdout).toBe('id\n1\n')
  })

  it.each(['--json', '--format=table'])('does not print twice when it also returns its result: %s', async (flag) => {
    const once = await run([flag], print)
    const returned = await run([flag], async (probe) => {
      await probe.printSample()
      return {schema: 'probe@1'}
    })
    expect(returned).toEqual(once)
  })

  it('prints what it returns under --json when it printed nothing', async () => {
    const ended = await run(['--json'], async () => ({bytes: 2n ** 64n}))
    expect(ended).toEqual({status: 0, stdout: '{\n  "bytes": "18446744073709551616"\n}\n', stderr: ''})
  })

  it.each([[], ['--json']])('keeps the status it sets when it has to say no %s', async (...flags) => {
    const ended = await run(flags, async (probe) => {
      probe.end('verdict')
      await probe.printSample()
      return {}
    })
    expect(ended).toMatchObject({status: 1, stderr: ''})
  })

  it('writes notes and warnings to stderr in every format, control characters as escapes', async () => {
    const ended = await run(['--json'], async (probe) => {
      probe.say()
      await probe.printSample()
    })
    expect(ended.stderr).toBe('note: backend threads\nwarning: tail \\x1b[1m unreachable\n')
    expect(JSON.parse(ended.stdout)).toMatchObject({schema: 'probe@1'})
  })
})
