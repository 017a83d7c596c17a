import fs from 'node:fs'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {findProgram, prepareCommand} from '../../src/crash-run/command-check-line.js'
import {folder, script} from './scene.js'

const IMAGE = '/tmp/a b/it\'s "here"/image'
const SH = findProgram('sh')

describe('a command of plain words', () => {
  it.each([
    ['sh -n {image}', ['-n', IMAGE]],
    ["sh {image} 'pragma integrity_check'", [IMAGE, 'pragma integrity_check']],
    ['  sh   "a b"  --x=1,2:{image}.bak ', ['a b', `--x=1,2:${IMAGE}.bak`]],
    ['sh "{image}" \'{image}\' a"b c"d', [IMAGE, IMAGE, 'ab cd']],
    ['sh \'\' ""', ['', '']],
  ])('is started without a shell, the path one word whatever is in it: %s', (line, args) => {
    expect(prepareCommand(line)(IMAGE)).toEqual({file: SH, args})
  })
})

describe('a command that needs a shell', () => {
  it.each([
    'sh -n {image} && true',
    'cat {image} | sh',
    'sh $HOME',
    'sh "$FLUSHPOINT_IMAGE"',
    'A=1 sh',
    'sh *',
    'exit 1',
    "sh 'a",
  ])('is given to one: %s', (line) => {
    const {file, args} = prepareCommand(line)('/tmp/x/image')
    expect(file).toBe('/bin/sh')
    expect(args).toEqual(['-c', line.replaceAll('{image}', '/tmp/x/image')])
  })

  it('has the path quoted where it must be', () => {
    expect(prepareCommand('cat {image} | sh')("/tmp/it's/image").args[1]).toBe(
      String.raw`cat '/tmp/it'\''s/image' | sh`,
    )
  })
})

describe('a command', () => {
  it.each(['', '  ', []])('that is empty is refused: %j', (line) => {
    expect(() => prepareCommand(line)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_CHECK_EMPTY'}))
  })

  it('given as words that name no program is refused before anything runs', () => {
    expect(() => prepareCommand(['no-such-program-here', '{image}'])).toThrow(
      expect.objectContaining({kind: 'environment', code: 'E_CHECK_MISSING'}),
    )
  })

  it('is looked for among what may be run', () => {
    const where = folder()
    const program = script(where, 'fine', 'true')
    fs.writeFileSync(path.join(where, 'data'), '')
    fs.mkdirSync(path.join(where, 'sub'))
    expect(['fine', 'data', 'sub', 'none'].map((name) => findProgram(name, [where]))).toEqual([
      program,
      undefined,
      undefined,
      undefined,
    ])
    expect(findProgram(program, [])).toBe(program)
  })
})
