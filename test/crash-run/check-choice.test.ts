import {describe, expect, it} from 'vitest'
import {checkChoiceOf} from '../../src/crash-run/index.js'

describe('what --check names', () => {
  it.each(['recovery.mjs', './a/check.js', 'check.cjs'])('is a module: %s', (path) => {
    expect(checkChoiceOf(path)).toEqual({kind: 'module', path})
  })

  it('is a check that comes with the tool', () => {
    expect(checkChoiceOf('stable-survives')).toEqual({kind: 'builtin', name: 'stable-survives'})
  })

  it('is a command when it says where the image goes, with one to recover before it if there is one', () => {
    expect(checkChoiceOf('fsck -n {image}')).toEqual({kind: 'command', command: {check: 'fsck -n {image}'}})
    expect(checkChoiceOf('node check.mjs "$FLUSHPOINT_IMAGE"').kind).toBe('command')
    expect(checkChoiceOf('fsck -n {image}', 'fsck -p {image}')).toEqual({
      kind: 'command',
      command: {check: 'fsck -n {image}', recover: 'fsck -p {image}'},
    })
  })

  it.each(['recovery.mjs', 'gpt', 'stable-survives'])('has nothing that recovers for it: %s', (text) => {
    expect(() => checkChoiceOf(text, 'fsck -p {image}')).toThrow(
      expect.objectContaining({kind: 'usage', code: 'E_RECOVER'}),
    )
  })

  it.each(['toString', 'recovery.py', ''])('is refused otherwise: %j', (text) => {
    expect(() => checkChoiceOf(text)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_CHECK'}))
  })
})
