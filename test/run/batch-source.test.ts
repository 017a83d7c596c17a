import {execFileSync, spawn} from 'node:child_process'
import fs from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {loadBatch, readBatch} from '../../src/run/batch-source.js'
import {errorOf} from '../batch/fault-expectation.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const load = (source: string | undefined, lines: readonly string[]) => loadBatch(readBatch(source, lines))

function batchFile(text: string | Uint8Array): string {
  const path = scene.path('batch.fp')
  fs.writeFileSync(path, text)
  return path
}

function kinds(batch: ReturnType<typeof load>): string[] {
  return batch.statements.map((statement) => (statement.kind === 'request' ? statement.request.name : statement.kind))
}

describe('a batch', () => {
  it('comes from a file, which messages call by its path', () => {
    const path = batchFile('OUT 0 4k\r\nWAIT\nflush # a comment\n')
    const batch = load(path, [])
    expect(batch.sourceName).toBe(path)
    expect(kinds(batch)).toEqual(['OUT', 'wait', 'FLUSH'])
  })

  it('comes from the command line, one line for each -c, which messages call -c', () => {
    const batch = load(undefined, ['REPEAT 2', 'OUT ${i}*4k 4k', 'END', 'MARK told'])
    expect(batch.sourceName).toBe('-c')
    expect(kinds(batch)).toEqual(['OUT', 'OUT', 'mark'])
    expect(errorOf(() => load(undefined, ['FLUSH', 'OUT 0 4x'])).message).toMatch(/^-c:2:7: /)
  })

  it('is checked completely: a mistake in its last line is found before anything runs', () => {
    const path = batchFile(`${'OUT 0 4k\n'.repeat(999)}OUT 0 4k after=nobody\n`)
    const error = errorOf(() => load(path, []))
    expect(error.message).toMatch(`${path}:1000:16: `)
    expect(error.context).toEqual({path, line: 1000, column: 16})
  })

  it('may be as large as the limit', () => {
    const path = batchFile('FLUSH\n')
    fs.appendFileSync(path, Buffer.alloc(64 * 2 ** 20 - 6, ' '))
    expect(kinds(load(path, []))).toEqual(['FLUSH'])
  })
})

describe('no batch', () => {
  it('is a usage error with a next step', () => {
    const error = errorOf(() => load(undefined, []))
    expect(error.message).toBe('no batch was given')
    expect(error.hint).toContain('-c')
  })

  it('may be given twice', () => {
    expect(errorOf(() => load('batch.fp', ['FLUSH'])).message).toBe('both a batch (batch.fp) and -c were given')
  })

  it.each([
    ['that is missing', (): string => scene.path('missing.fp'), /missing\.fp: the batch cannot be read \(ENOENT\)$/],
    ['that is a folder', (): string => scene.folder, /: the batch cannot be read \(EISDIR\)$/],
    ['below a file', (): string => `${batchFile('FLUSH')}/batch.fp`, /: the batch cannot be read \(ENOTDIR\)$/],
    ['that is empty', (): string => batchFile(''), /batch\.fp: the batch holds no request$/],
    ['of comments only', (): string => batchFile('# nothing\n\n'), /batch\.fp: the batch holds no request$/],
    ['that is binary', (): string => batchFile(Buffer.from([0x4f, 0, 1, 0xff])), /batch\.fp:1:2: byte 0x00: /],
  ])('is read from a file %s: a usage error with cause and next step', (_what, make, message) => {
    const path = make()
    const error = errorOf(() => load(path, []))
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(/./)
  })

  itNeeds(
    [capability(process.geteuid?.() !== 0, 'root may read everything')],
    'is read from a file one may not read',
    () => {
      const path = batchFile('FLUSH')
      fs.chmodSync(path, 0)
      const error = errorOf(() => load(path, []))
      expect(error.message).toMatch(/\(EACCES\)$/)
      expect(error.hint).toContain('permissions')
    },
  )

  it('is larger than 64 MiB: it is refused after that much, however much there is', () => {
    const path = scene.file('batch.fp', 2 ** 40)
    const error = errorOf(() => load(path, []))
    expect(error.message).toBe(`${path}: the batch is larger than 64 MiB`)
    expect(error.hint).toMatch(/./)
  })

  itNeeds(
    [capability(fs.existsSync('/dev/zero'), 'this system has no /dev/zero')],
    'comes from an endless device',
    () => {
      expect(errorOf(() => load('/dev/zero', [])).message).toContain('larger than 64 MiB')
    },
  )
})

describe('a pipe', () => {
  itNeeds([capability(process.platform === 'linux', 'needs Linux')], 'may hold the batch', () => {
    const path = scene.path('batch.fifo')
    execFileSync('mkfifo', [path])
    // Opening a pipe waits for its other end, so the writer has to be another process.
    const writer = spawn('sh', ['-c', String.raw`printf 'OUT 0 4k\nFLUSH\n' > "$1"`, 'sh', path])
    scene.onClose(() => writer.kill())
    expect(kinds(load(path, []))).toEqual(['OUT', 'FLUSH'])
  })
})
