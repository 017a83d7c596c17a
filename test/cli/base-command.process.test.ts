import {once} from 'node:events'
import fs from 'node:fs'
import {text} from 'node:stream/consumers'

import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest'

import {buildProbe, type ProbeTool} from './probe.js'

// Every test starts processes, and may do so on a busy machine.
vi.setConfig({testTimeout: 60_000, hookTimeout: 60_000})

let tool: ProbeTool
beforeAll(async () => {
  tool = await buildProbe()
})
afterAll(() => tool?.remove())

describe('the exit status of the process', () => {
  it('is that of the error, with its text on stderr', async () => {
    const ended = await tool.run(['probe', '--fail', 'environment'])
    expect(ended).toEqual({status: 3, stdout: '', stderr: 'error: disk.img: probe 7\n  hint: try again\n'})
  })

  it('is that of the error under --json too, with one document on stdout', async () => {
    const ended = await tool.run(['probe', '--fail', 'environment', '--json'])
    expect(ended).toMatchObject({status: 3, stderr: ''})
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {kind: 'environment', message: 'disk.img: probe 7', exit: 3},
    })
  })

  it('is 70 for a bug, and the stack shows only where DEBUG is set', async () => {
    const ended = await tool.run(['probe', '--bug'])
    expect(ended.status).toBe(70)
    expect(ended.stderr).toMatch(/^error: internal error: TypeError: not a function\n {2}hint: /)
    expect(ended.stderr).not.toContain('probe.js')
    const debugged = await tool.run(['probe', '--bug'], {DEBUG: '1'})
    expect(debugged.status).toBe(70)
    expect(debugged.stderr).toMatch(/at .*probe\.cjs:\d+/)
  })

  it('is 2 for a wrong command line', async () => {
    const ended = await tool.run(['probe', '--size', '4q'])
    expect(ended).toMatchObject({status: 2, stdout: ''})
    expect(ended.stderr).toMatch(/^error: --size: "4q" is not a size\n {2}hint: /)
  })

  it.each([[], ['--json']])('is what the command set when it printed its result %s', async (...flags) => {
    const ended = await tool.run(['probe', '--end', 'verdict', ...flags])
    expect(ended).toMatchObject({status: 1, stderr: ''})
    expect(ended.stdout).toContain(flags.length > 0 ? '"schema": "probe@1"' : '✗ not ok: as asked')
  })

  it.each([[], ['--json']])('is what the command exits with, and no message %s', async (...flags) => {
    expect(await tool.run(['probe', '--exit', '5', ...flags])).toEqual({status: 5, stdout: '', stderr: ''})
  })
})

describe('stdin and pipes', () => {
  it('a missing argument is not taken from stdin', async () => {
    const ended = await tool.run(['probe', '--json'])
    expect(JSON.parse(ended.stdout)).toMatchObject({image: null})
  })

  it.each([['probe'], ['probe', '--end', 'verdict'], ['probe', '--fail', 'io'], ['nope'], ['probe', '--help']])(
    'no escape sequence is written into a pipe: %s %s %s',
    async (...args) => {
      const {stdout, stderr} = await tool.run(args)
      expect(stdout + stderr).not.toContain('\u001b')
      expect(stdout + stderr).not.toBe('')
    },
  )
})

describe('the reader of stdout', () => {
  it.each(['table', 'json', 'ndjson', 'csv', 'markdown'])(
    'may leave early: %s stops without a word and keeps its status',
    async (format) => {
      const child = tool.start(['probe', '--rows', '200000', '--end', 'verdict', '--format', format])
      const stderr = text(child.stderr as NodeJS.ReadableStream)
      child.stdout?.once('data', () => child.stdout?.destroy())
      const [status] = (await once(child, 'close')) as [number]
      expect(await stderr).toBe('')
      expect(status).toBe(1)
    },
  )

  it('gets every byte of a report much larger than a pipe holds', async () => {
    const ended = await tool.run(['probe', '--rows', '100000', '--format', 'ndjson', '--fail', 'io', '--late'])
    expect(ended.status).toBe(4)
    expect(ended.stdout.split('\n')).toHaveLength(100_001)
  })

  it('may be a full disk: an I/O error, status 4', async (context) => {
    if (!fs.existsSync('/dev/full')) context.skip('this system has no /dev/full')
    const full = fs.openSync('/dev/full', 'w')
    try {
      for (const format of ['table', 'json']) {
        const child = tool.start(['probe', '--format', format], full)
        const stderr = text(child.stderr as NodeJS.ReadableStream)
        const [status] = (await once(child, 'close')) as [number]
        expect(await stderr).toMatch(/^error: writing the output failed: ENOSPC/)
        expect(status).toBe(4)
      }
    } finally {
      fs.closeSync(full)
    }
  })
})

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s lets the command finish its report and ends with %i', async (signal, exit) => {
    const child = tool.start(['probe', '--wait', '--json'])
    const stdout = text(child.stdout as NodeJS.ReadableStream)
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) child.kill(signal)
    })
    const [status] = (await once(child, 'close')) as [number]
    expect(status).toBe(exit)
    expect(JSON.parse(await stdout)).toMatchObject({schema: 'probe@1'})
  })

  it('a second one ends a command that hangs, with the status of the first', async () => {
    const child = tool.start(['probe', 'stuck', '--wait'])
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) child.kill('SIGINT')
      if (chunk.includes('winding down')) child.kill('SIGTERM')
    })
    const [status] = (await once(child, 'close')) as [number]
    expect(status).toBe(130)
  })
})

describe('a command that does not exist', () => {
  it('ends with 127, suggests the nearest one and does not run it', async () => {
    const ended = await tool.run(['prbe', 'disk.img'])
    expect(ended).toEqual({
      status: 127,
      stdout: '',
      stderr: 'error: there is no command "prbe"\n  hint: Did you mean "flushpoint probe"?\n',
    })
  })

  it('gets its error as JSON when JSON is asked for', async () => {
    const ended = await tool.run(['prbe', '--json'])
    expect(ended.status).toBe(127)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {kind: 'unknown-command', code: 'E_UNKNOWN_COMMAND', exit: 127},
    })
    expect(ended.stderr).toBe('')
  })
})
