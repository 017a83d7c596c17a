import fs from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {loadPatternFiles} from '../../src/run/pattern-file.js'
import {errorOf} from '../batch/fault-expectation.js'
import {Scene} from '../image/scene.js'
import {runLines, statementsOf} from './batch-run.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function file(name: string, text: string): string {
  const path = scene.path(name)
  fs.writeFileSync(path, text)
  return path
}

/** What is loaded for the pattern file:path@offset of a batch. */
function loaded(lines: readonly string[], path: string, offsetBytes = 0): string | undefined {
  const bytes = loadPatternFiles(statementsOf(lines), 'disk.fp')({kind: 'file', path, offsetBytes})
  return bytes && Buffer.from(bytes).toString('latin1')
}

describe('the file of a pattern', () => {
  it('is read from its offset on, as far as the longest request needs it', () => {
    const path = file('data', 'abcdefghijklmnopqrstuvwxyz'.repeat(100))
    const lines = [
      `OUT 0 512 pattern=file:${path}@3`,
      `IN 0 1k verify=file:${path}@3`,
      `OUT 0 512 pattern=file:${path}`,
    ]
    expect(loaded(lines, path, 3)).toHaveLength(1024)
    expect(loaded(lines.toReversed(), path, 3)).toHaveLength(1024)
    expect(loaded(lines, path, 3)).toMatch(/^defghi/)
    expect(loaded(lines, path, 0)).toHaveLength(512)
    expect(loaded(lines, path, 4)).toBeUndefined()
  })

  it('may be shorter than the request: then it is repeated', async () => {
    const path = file('data', 'abc')
    const lines = [`OUT 0 512 pattern=file:${path}@1`, 'IN 0 512 verify=text:"bc"']
    expect(loaded(lines, path, 1)).toBe('bc')
    const result = await runLines(lines, {fileBytes: loadPatternFiles(statementsOf(lines), 'disk.fp')})
    expect(result.counts.verifyFailed).toBe(0)
  })

  it('may have any name that fits into quotes', () => {
    const path = file('a name with spaces @ and "quotes"', 'xyz')
    expect(loaded([`OUT 0 512 pattern=file:${JSON.stringify(path)}`], path)).toBe('xyz')
  })

  it('is not asked for by patterns of other kinds', () => {
    const content = loadPatternFiles(statementsOf(['OUT 0 512 pattern=0xaa', 'WAIT', 'FLUSH']), 'disk.fp')
    expect(content({kind: 'byte', value: 0xaa})).toBeUndefined()
  })
})

describe('a file that cannot give a pattern', () => {
  it.each([
    ['is missing', (): string => scene.path('missing'), '', /cannot be read \(ENOENT\)$/],
    ['is a folder', (): string => scene.folder, '', /is not a regular file$/],
    ['is empty', (): string => file('empty', ''), '', /has nothing at offset 0$/],
    ['ends before the offset', (): string => file('short', 'abc'), '@3', /has nothing at offset 3$/],
  ])('%s: a usage error with the line, the cause and a next step', (_what, make, offset, message) => {
    const path = make()
    const statements = statementsOf(['FLUSH', `OUT 0 512 pattern=file:${path}${offset}`])
    const error = errorOf(() => loadPatternFiles(statements, 'disk.fp'))
    expect(error.code).toBe('E_PATTERN_FILE')
    expect(error.message).toMatch(`disk.fp:2: file:${path} `)
    expect(error.message).toMatch(message)
    expect(error.context).toEqual({path: 'disk.fp', line: 2})
    expect(error.hint).toMatch(/./)
  })
})
