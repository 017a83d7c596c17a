import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {openTrace} from '../../src/archive/index.js'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {countStates, CrashModel} from '../../src/crash/index.js'
import {loadLibc} from '../../src/native/index.js'
import {loadTrace, type Trace} from '../../src/trace/index.js'
import {guestWith, runLines, type Changes} from './batch-run.js'

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-recording-'))
})
afterEach(() => fs.rmSync(folder, {recursive: true, force: true}))

const SIZE_BYTES = 65536
/** Without native calls nobody can tell holes from data. */
const seesHoles = (await loadLibc()).ok

function imageOf(byte: number): string {
  const file = path.join(folder, 'disk.img')
  fs.writeFileSync(file, Buffer.alloc(SIZE_BYTES, byte))
  return file
}

async function record(lines: readonly string[], changes: Changes = {}): Promise<Trace> {
  const trace = path.join(folder, 'run.trace')
  await runLines(lines, {path: imageOf(0x11), aio: 'threads', trace, ...changes})
  const {reading, close} = openTrace(trace)
  const loaded = loadTrace(reading)
  close()
  return loaded
}

/** What every write of a trace puts on the image: offset, length, the bytes it is made of. */
function writes(trace: Trace): unknown[] {
  return trace.events.flatMap(({event, data}) =>
    data && event.kind === 'submit' ? [[event.offsetBytes, data.length, [...new Set(data)]]] : [],
  )
}

describe('the recording of a run', () => {
  it('has every event, and the data with the submission of a write', async () => {
    const trace = await record(['OUT 4k 512 pattern=0xaa', 'IN 0 512', 'FLUSH', 'MARK done', 'WRITE_ZEROES 8k 512'])
    expect(trace.header).toMatchObject({sizeBytes: SIZE_BYTES, mode: 'writeback', ordering: 'drain'})
    expect(writes(trace)).toEqual([[4096, 512, [0xaa]]])
    const kinds = trace.events.map(({event}) => ('id' in event ? `${event.kind} ${event.id}` : event.kind))
    const requests = [1, 2, 3, 4].flatMap((id) => [`submit ${id}`, `start ${id}`, `complete ${id}`])
    expect(kinds.filter((kind) => /\d/.test(kind))).toEqual(requests)
    expect(kinds).toEqual(expect.arrayContaining(['sync-start', 'sync-end', 'mark']))
  })

  it('begins with what the image held where the batch may change it, and with nothing else', async () => {
    const trace = await record([
      'OUT 4k 1k pattern=0xaa',
      'OUT 5k 512',
      'DISCARD 16k 4k',
      'IN 32k 4k',
      'OUT 1T 4k expect=IOERR',
    ])
    expect(trace.before.map(({offsetBytes, bytes}) => [offsetBytes, bytes.length, [...new Set(bytes)]])).toEqual([
      [4096, 1536, [0x11]],
      [16384, 4096, [0x11]],
    ])
  })

  describe('says that it knows', () => {
    const known = async (lines: readonly string[], changes: Changes = {}): Promise<string> =>
      (await record(lines, changes)).header.knownBefore

    it('what requests changed, of an image that held something', async () => {
      expect(await known(['OUT 4k 512'])).toBe('touched')
      expect(await known(['OUT 4k 512'], {aio: 'sim'})).toBe('touched')
      expect(await known(['OUT 4k 512'], {snapshot: true})).toBe('touched')
    })

    it('the whole image where all of it may be changed, or it was made for the run', async () => {
      expect(await known(['DISCARD 0 64k'])).toBe(seesHoles ? 'whole' : 'touched')
      const created = {createBytes: SIZE_BYTES, path: path.join(folder, 'new.img')}
      expect(await known(['OUT 4k 512'], created)).toBe('whole')
      expect(await known(['OUT 4k 512'], {...created, aio: 'sim'})).toBe('whole')
    })

    it('the whole image where only what is recorded held data, unless the run is on a copy of that', async () => {
      const sparse = (name: string): string => {
        const file = path.join(folder, name)
        fs.writeFileSync(file, Buffer.alloc(SIZE_BYTES / 2, 0x11))
        fs.truncateSync(file, SIZE_BYTES)
        return file
      }
      expect(await known(['DISCARD 0 32k'], {path: sparse('a.img')})).toBe(seesHoles ? 'whole' : 'touched')
      expect(await known(['OUT 48k 512'], {path: sparse('b.img')})).toBe('touched')
      fs.writeFileSync(path.join(folder, 'hole.img'), '')
      fs.truncateSync(path.join(folder, 'hole.img'), SIZE_BYTES)
      const hole = {path: path.join(folder, 'hole.img')}
      expect(await known(['OUT 0 512'], {...hole, snapshot: true})).toBe('touched')
      expect(await known(['OUT 0 512'], hole)).toBe(seesHoles ? 'whole' : 'touched')
    })
  })

  it('knows what SCSI commands write: the blocks sent, one block again and again, nothing for a range given back', async () => {
    const lines = [
      'SCSI 2a000000000800000100 out=0xbb', // WRITE(10), LBA 8, 1 block
      'SCSI 41000000001000000300 out=0xcc', // WRITE SAME(10), LBA 16, 3 blocks
      'SCSI 42000000000000001800 out=hex:001600100000000000000000000000200000000100000000',
    ]
    const trace = await record(lines, {guest: guestWith('scsi')})
    expect(writes(trace)).toEqual([
      [8 * 512, 512, [0xbb]],
      [16 * 512, 1536, [0xcc]],
    ])
    expect(trace.before.map(({offsetBytes, bytes}) => [offsetBytes / 512, bytes.length / 512])).toEqual([
      [8, 1],
      [16, 3],
      [32, 1],
    ])
  })

  it('has on a copy what the image held, also where a SCSI command says it', async () => {
    const lines = ['SCSI 2a000000000800000100 out=0xbb']
    const {before} = await record(lines, {guest: guestWith('scsi'), snapshot: true})
    expect(before.map(({offsetBytes, bytes}) => [offsetBytes / 512, bytes.length, [...new Set(bytes)]])).toEqual([
      [8, 512, [0x11]],
    ])
  })

  it('leaves as much undecided of what SCSI commands write as of the same virtio requests, whatever the mode', async () => {
    const scsi = [
      'SCSI 2a000000000800000100 out=0xbb',
      'SCSI 2a080000000c00000200 out=0xcc',
      'SCSI 35000000000000000000',
    ]
    const virtio = ['OUT 4k 512 pattern=0xbb', 'OUT 6k 1k pattern=0xcc FUA', 'FLUSH']
    const counts = async (lines: readonly string[], changes: Changes): Promise<string[]> => {
      const trace = await record([...lines, lines[0] ?? ''], changes)
      return CACHE_MODES.flatMap(({name: mode}) => {
        const model = new CrashModel(trace, {mode})
        const ends = trace.events.flatMap(({event}, i) => (event.kind === 'complete' ? [i + 1] : []))
        return ends.map((point) => `${mode} ${countStates(model.at(point)).atLeast}`)
      })
    }
    const expected = await counts(virtio, {})
    expect(expected).toContain('writeback 2')
    expect(await counts(scsi, {guest: guestWith('scsi')})).toEqual(expected)
  })

  it('is not there when the run fails, and never takes the place of the image', async () => {
    const image = imageOf(0x22)
    await expect(runLines(['OUT 0 512'], {path: image, aio: 'threads', trace: image})).rejects.toMatchObject({
      kind: 'usage',
      code: 'E_TRACE_IS_IMAGE',
    })
    for (const changes of [{snapshot: true, aio: 'threads'}, {aio: 'sim'}] as const) {
      await expect(runLines(['OUT 0 512'], {path: image, trace: image, ...changes})).rejects.toMatchObject({
        code: 'E_TRACE_IS_IMAGE',
      })
    }
    const nowhere = path.join(folder, 'no', 'run.trace')
    await expect(runLines(['OUT 0 512'], {path: image, aio: 'threads', trace: nowhere})).rejects.toMatchObject({
      kind: 'environment',
    })
    expect(fs.readdirSync(folder)).toEqual(['disk.img'])
    expect(fs.readFileSync(image).every((byte) => byte === 0x22)).toBe(true)
  })

  it('takes back an image that was made for a run whose trace cannot be', async () => {
    const image = path.join(folder, 'new.img')
    const options = {path: image, createBytes: SIZE_BYTES, aio: 'threads', trace: path.join(folder, 'no', 't')} as const
    await expect(runLines(['OUT 0 512'], options)).rejects.toMatchObject({kind: 'environment'})
    expect(fs.readdirSync(folder)).toEqual([])
  })

  it('refuses to keep more of an image than makes sense', async () => {
    const sparse = path.join(folder, 'sparse.img')
    fs.writeFileSync(sparse, '')
    fs.truncateSync(sparse, 2 ** 40)
    const run = runLines(['DISCARD 0 512G'], {path: sparse, aio: 'threads', trace: path.join(folder, 'run.trace')})
    await expect(run).rejects.toMatchObject({kind: 'usage', code: 'E_TRACE_SIZE'})
  })
})
