import {expect} from 'vitest'
import {ToolError} from '../../src/base/index.js'

/** Runs something that may be refused, but only as wrong usage. */
export function refusalOf(run: () => unknown): ToolError | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError && error.kind === 'usage') return error
    throw error
  }
  return undefined
}

/** Runs something that must be refused, and gives back the error. */
export function errorOf(run: () => unknown): ToolError {
  const error = refusalOf(run)
  if (!error) throw new Error('nothing was refused')
  return error
}

/** Expects a usage error at one character of the batch "disk.fp", whose message holds the text. */
export function expectFault(run: () => unknown, at: string, text: string): ToolError {
  const error = errorOf(run)
  const [line, column] = at.split(':').map(Number)
  expect({at: error.message.split(': ', 1)[0], kind: error.kind, code: error.code, context: error.context}).toEqual({
    at: `disk.fp:${at}`,
    kind: 'usage',
    code: 'E_BATCH',
    context: {path: 'disk.fp', line, column},
  })
  expect(error.message).toContain(text)
  return error
}
