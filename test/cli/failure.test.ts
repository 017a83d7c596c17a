import {describe, expect, it} from 'vitest'

import {ToolError} from '../../src/base/index.js'
import {failureOf, reportFailure, ReportedError} from '../../src/cli/failure.js'
import {inProcess} from './console.js'

async function told(error: unknown): Promise<string> {
  const {stderr} = await inProcess(() => reportFailure(failureOf(error, 'flushpoint run --help'), false))
  return stderr
}

describe('the text of a failure', () => {
  it('names the place when the message does not', async () => {
    const context = {path: 'batch.fp', line: 900, column: 5}
    expect(await told(new ToolError('usage', 'E_BATCH', '"OTU" is not a request', {context, hint: 'Write OUT.'}))).toBe(
      'error: "OTU" is not a request\n  at batch.fp:900:5\n  hint: Write OUT.\n',
    )
  })

  it('does not name the place twice', async () => {
    const context = {path: 'batch.fp', line: 900, column: 5}
    expect(await told(new ToolError('usage', 'E_BATCH', 'batch.fp:900:5: "OTU" is not a request', {context}))).toBe(
      'error: batch.fp:900:5: "OTU" is not a request\n',
    )
  })

  it('indents further lines of message and hint', async () => {
    expect(await told(new ToolError('io', 'E_X', 'one\ntwo', {hint: 'three\nfour'}))).toBe(
      'error: one\n       two\n  hint: three\n        four\n',
    )
  })

  it('shows control characters of foreign text as escapes', async () => {
    expect(await told(new ToolError('usage', 'E_X', '"\u0000\u001b]0;x\u0007" is not a request'))).toBe(
      'error: "\\x00\\x1b]0;x\\x07" is not a request\n',
    )
  })
})

describe('the sort of a failure', () => {
  it('an error of the command line parser is a usage error, whatever status it carries', () => {
    const error = Object.assign(new Error('Nonexistent flag: --x\nSee more help with --help'), {
      parse: {},
      oclif: {exit: 1},
    })
    expect(failureOf(error, 'flushpoint run --help')).toEqual({
      name: 'UsageError',
      kind: 'usage',
      code: 'E_USAGE',
      message: 'Nonexistent flag: --x',
      hint: 'Run "flushpoint run --help" to see what it takes.',
      context: {},
      exit: 2,
    })
  })

  it('another error of oclif keeps its status, code and suggestions', () => {
    const error = Object.assign(new Error('no such shell'), {
      code: 'E_SHELL',
      suggestions: ['bash', 'zsh'],
      oclif: {exit: 3},
    })
    expect(failureOf(error, '')).toMatchObject({kind: 'environment', code: 'E_SHELL', hint: 'bash\nzsh', exit: 3})
  })

  it('any other error is a bug', () => {
    expect(failureOf(new RangeError('too long'), '')).toMatchObject({
      name: 'RangeError',
      kind: 'bug',
      message: 'internal error: RangeError: too long',
      exit: 70,
    })
  })
})

it('a reported error ends the process with its status and is not printed again', () => {
  const error = new ReportedError(failureOf(new ToolError('format', 'E_X', 'bad header', {cause: 'text'}), ''))
  expect(error).toMatchObject({message: 'bad header', code: 'E_X', oclif: {exit: 5}, skipOclifErrorHandling: true})
  expect('cause' in error).toBe(false)
})
