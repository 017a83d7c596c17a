import {describe, expect, it} from 'vitest'

import {EXIT_CODES, exitCodeOf, invariant, ToolError, type ErrorKind} from '../../src/base/index.js'

/** What scripts rely on: the kinds and their exit statuses, as the manual prints them. */
const PROMISED: readonly (readonly [string, number])[] = [
  ['ok', 0],
  ['verdict', 1],
  ['usage', 2],
  ['environment', 3],
  ['io', 4],
  ['format', 5],
  ['protocol', 6],
  ['bug', 70],
  ['unknown-command', 127],
  ['interrupted', 130],
  ['terminated', 143],
]

describe('the exit status', () => {
  it('is 0 for yes, 1 for no, and says for everything else what kind of failure it was', () => {
    expect(EXIT_CODES.map(({kind, exit}) => [kind, exit])).toEqual(PROMISED)
  })

  it('is explained, in words of its own for each', () => {
    expect(new Set(EXIT_CODES.map(({means}) => means)).size).toBe(PROMISED.length)
  })

  it('of a signal is 128 and its number', () => {
    expect(exitCodeOf('interrupted')).toBe(128 + 2)
    expect(exitCodeOf('terminated')).toBe(128 + 15)
  })

  it.each(PROMISED.filter(([kind]) => kind !== 'ok' && kind !== 'unknown-command'))(
    'of a %s error is %i',
    (kind, exit) => {
      expect(exitCodeOf(kind as ErrorKind)).toBe(exit)
      expect(new ToolError(kind as ErrorKind, 'E_TEST', 'a message').exitCode).toBe(exit)
    },
  )

  it('of a kind that is not in the table does not exist', () => {
    expect(() => exitCodeOf('weather' as ErrorKind)).toThrow('no exit code for weather')
  })
})

describe('an error of this tool', () => {
  it('carries its kind, code, message, hint, place and cause', () => {
    const cause = new Error('below')
    const error = new ToolError('io', 'E_SYNC', 'disk.img: sync 3 failed', {
      hint: 'Look at dmesg.',
      context: {path: 'disk.img', op: 'fdatasync'},
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'ToolError',
      kind: 'io',
      code: 'E_SYNC',
      message: 'disk.img: sync 3 failed',
      hint: 'Look at dmesg.',
      context: {path: 'disk.img', op: 'fdatasync'},
      cause,
    })
  })

  it('without more has no hint, no place and no cause', () => {
    const error = new ToolError('usage', 'E_SIZE', '"x" is not a size')
    expect(error.hint).toBeUndefined()
    expect(error.context).toEqual({})
    expect('cause' in error).toBe(false)
  })
})

describe('an invariant', () => {
  it('that holds is silent', () => {
    expect(() => invariant(true, 'never seen')).not.toThrow()
  })

  it('that fails is a bug of the tool, and says how to report it', () => {
    let caught: unknown
    try {
      invariant(false, 'slot 3 is free twice')
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({kind: 'bug', code: 'E_INVARIANT', exitCode: 70})
    expect((caught as ToolError).message).toContain('slot 3 is free twice')
    expect((caught as ToolError).hint).toContain('report')
  })
})
