import {EventEmitter} from 'node:events'
import {Writable} from 'node:stream'

import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {formatOptionsOf, reportThroughCallbacks, writeChunks, writeNow} from '../../src/cli/output.js'

/** A stream whose chunks wait until someone takes them; the chunk numbered `failAt` fails with `code` at once. */
function slowStream(failAt = Infinity, code = 'EPIPE') {
  const held = new EventEmitter()
  const written: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: 1,
    write(chunk: string, _encoding, done) {
      written.push(chunk)
      if (written.length === failAt) done(Object.assign(new Error(`write ${code}`), {code}))
      else held.emit('chunk', chunk, done)
    },
  })
  reportThroughCallbacks(stream)
  return {stream, written, held}
}

describe('writeChunks', () => {
  it('makes the next chunk only when the reader took the one before', async () => {
    const {stream, held} = slowStream()
    const log: string[] = []
    held.on('chunk', (chunk: string, done: () => void) => {
      setImmediate(() => {
        log.push(`took ${chunk}`)
        done()
      })
    })
    function* chunks(): Generator<string> {
      for (const chunk of ['a', 'b', 'c']) {
        log.push(`made ${chunk}`)
        yield chunk
      }
    }
    expect(await writeChunks(stream, chunks())).toBe('written')
    expect(log).toEqual(['made a', 'took a', 'made b', 'took b', 'made c', 'took c'])
  })

  it('stops making chunks when the reader has gone, and says so instead of failing', async () => {
    const {stream} = slowStream(1)
    const made: number[] = []
    function* chunks(): Generator<string> {
      for (let i = 0; ; i++) {
        made.push(i)
        yield 'x'
      }
    }
    expect(await writeChunks(stream, chunks())).toBe('closed')
    expect(made).toEqual([0])
    expect(await writeChunks(stream, ['y'])).toBe('closed')
  })

  it('writes bytes as they are, each when the reader took the ones before', async () => {
    const taken: Buffer[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        taken.push(Buffer.from(chunk))
        done()
      },
    })
    const reused = Buffer.alloc(2)
    function* chunks(): Generator<Uint8Array> {
      for (const byte of [0xff, 0x80]) yield reused.fill(byte)
    }
    expect(await writeChunks(stream, chunks())).toBe('written')
    expect(Buffer.concat(taken).toString('hex')).toBe('ffff8080')
  })

  it('fails with an I/O error that names the cause when the disk is full', async () => {
    const {stream} = slowStream(1, 'ENOSPC')
    await expect(writeChunks(stream, ['x'])).rejects.toMatchObject({
      kind: 'io',
      code: 'E_OUTPUT',
      message: 'writing the output failed: write ENOSPC',
    })
  })
})

describe('writeNow', () => {
  it('hands the chunk over before it returns', () => {
    const {stream, written} = slowStream()
    writeNow(stream, 'x', () => {})
    expect(written).toEqual(['x'])
  })

  it('tells a failure later', async () => {
    const {stream} = slowStream(1, 'ENOSPC')
    const error = await new Promise((resolve) => writeNow(stream, 'x', resolve))
    expect(error).toMatchObject({kind: 'io', code: 'E_OUTPUT'})
  })
})

describe('formatOptionsOf', () => {
  beforeEach(() => {
    vi.stubEnv('NO_COLOR', '')
    vi.stubEnv('TERM', 'xterm')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('a terminal gives its width and allows colour', () => {
    expect(formatOptionsOf({isTTY: true, columns: 72}, false)).toEqual({width: 72, color: true})
  })

  it('a pipe or a terminal without a width is 100 columns wide', () => {
    expect(formatOptionsOf({}, false)).toEqual({width: 100, color: false})
    expect(formatOptionsOf({isTTY: true, columns: 0}, false).width).toBe(100)
  })

  it('--no-color, NO_COLOR and TERM=dumb each take colour away', () => {
    const terminal = {isTTY: true, columns: 80}
    expect(formatOptionsOf(terminal, true).color).toBe(false)
    vi.stubEnv('NO_COLOR', '1')
    expect(formatOptionsOf(terminal, false).color).toBe(false)
    vi.stubEnv('NO_COLOR', '')
    vi.stubEnv('TERM', 'dumb')
    expect(formatOptionsOf(terminal, false).color).toBe(false)
  })
})
