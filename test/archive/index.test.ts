import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {
  createOutput,
  openSource,
  openTrace,
  openTraceText,
  recordTo,
  refuseImage,
  writeTrace,
} from '../../src/archive/index.js'
import {OUT} from '../../src/request/index.js'
import type {TraceHeader} from '../../src/trace/index.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, root} from '../peers.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const HEADER: TraceHeader = {
  sizeBytes: 65536,
  mode: 'writeback',
  ordering: 'drain',
  source: 'a test',
  knownBefore: 'whole',
}
const TEXT =
  '{"trace":1,"sizeBytes":65536}\n{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}\n{"complete":1}\n'

function textFile(name = 'story.ndjson', text = TEXT): string {
  writeFileSync(scene.path(name), text)
  return scene.path(name)
}

describe('a trace file', () => {
  it('holds what was recorded, and appears under its name when it is whole', () => {
    const path = scene.path('run.trace')
    const {recorder, file} = recordTo(path, HEADER)
    const data = new Uint8Array(512).fill(9)
    recorder.event({kind: 'submit', id: 1, type: OUT.type, flags: 0, offsetBytes: 0, lengthBytes: 512, atNs: 7}, data)
    expect(existsSync(path)).toBe(false)
    file.commit()
    expect(readdirSync(scene.folder)).toEqual(['run.trace'])
    const {reading, close} = openTrace(path)
    expect(reading.header).toEqual(HEADER)
    const [first] = [...reading.events]
    expect(first?.event).toMatchObject({kind: 'submit', atNs: 7})
    expect(Uint8Array.from(first?.data ?? [])).toEqual(data)
    close()
  })

  it('leaves nothing behind when it is not finished, and what was there before stays', () => {
    const path = textFile('run.trace', 'old')
    recordTo(path, HEADER).file.discard()
    expect(readdirSync(scene.folder)).toEqual(['run.trace'])
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('never takes the place of the image, whatever that is called', () => {
    const image = textFile('disk.img', 'an image')
    symlinkSync(image, scene.path('soft'))
    linkSync(image, scene.path('hard'))
    for (const name of ['disk.img', 'soft', 'hard']) {
      expect(() => refuseImage('--trace', scene.path(name), image)).toThrow('this is the image')
    }
    refuseImage('--trace', textFile('other', 'an image'), image)
    refuseImage('--trace', scene.path('new'), image)
  })

  it('is not made of a trace that is damaged', () => {
    const {reading, close} = openTrace(textFile('bad.ndjson', `${TEXT}{"complete":1}\n`))
    expect(() => writeTrace(scene.path('bad.trace'), reading)).toThrow(
      'line 4: request 1 completes and is not in flight',
    )
    expect(readdirSync(scene.folder)).toEqual(['bad.ndjson'])
    close()
  })

  it('is opened in its binary form and as text, by what it begins with', () => {
    const text = openTrace(textFile())
    expect(writeTrace(scene.path('story.trace'), text.reading)).toBe(3)
    const binary = openTrace(scene.path('story.trace'))
    expect(binary.reading.header).toEqual(text.reading.header)
    expect(Array.from(binary.reading.events, ({event}) => event)).toEqual(
      Array.from(text.reading.events, ({event}) => event),
    )
    text.close()
    binary.close()
  })

  it('as text may leave its size to whoever opens it', () => {
    const path = textFile('story.ndjson', '\n {"trace":1}\n')
    expect(() => openTrace(path)).toThrow('line 2: the field "sizeBytes" is missing')
    const {reading, close} = openTraceText(path, {sizeBytes: 4096})
    expect(reading.header.sizeBytes).toBe(4096)
    close()
  })

  it('is told apart from a log of another tool, with what to type', () => {
    const path = scene.path('qemu.log')
    writeFileSync(path, Buffer.concat([Buffer.from('rhswfsj\0'), Buffer.alloc(504)]))
    expect(() => openTrace(path)).toThrow(
      expect.objectContaining({code: 'E_TRACE', hint: expect.stringContaining('trace import') as string}),
    )
  })
})

describe('what cannot be opened or made', () => {
  it.each([
    ['a missing file', 'nothing', 'ENOENT'],
    ['a folder', '.', 'is neither a file nor a block device'],
  ])('such as %s is an error of the environment', (_what, name, message) => {
    expect(() => openSource(scene.path(name))).toThrow(expect.objectContaining({kind: 'environment'}))
    expect(() => openSource(scene.path(name))).toThrow(message)
  })

  it('such as a file in a folder that is not there, or a folder itself, is told before anything is written', () => {
    expect(() => createOutput(scene.path('nowhere/run.trace'))).toThrow('cannot be made (ENOENT)')
    mkdirSync(scene.path('folder'))
    expect(() => createOutput(scene.path('folder'))).toThrow('cannot be made (EISDIR)')
  })
})

describe('a file that is written', () => {
  it('goes where a link leads, and the link stays', () => {
    writeFileSync(scene.path('real'), 'old')
    symlinkSync(scene.path('real'), scene.path('link'))
    const file = createOutput(scene.path('link'))
    file.write(Buffer.from('new'))
    file.commit()
    expect(readFileSync(scene.path('real'), 'utf8')).toBe('new')
    expect(readdirSync(scene.folder).toSorted()).toEqual(['link', 'real'])
  })

  it('goes where a link leads, also where nothing stands there yet', () => {
    symlinkSync('real', scene.path('link'))
    const file = createOutput(scene.path('link'))
    file.write(Buffer.from('new'))
    file.commit()
    expect(readFileSync(scene.path('real'), 'utf8')).toBe('new')
    expect(lstatSync(scene.path('link')).isSymbolicLink()).toBe(true)
    expect(readdirSync(scene.folder).toSorted()).toEqual(['link', 'real'])
  })

  it('has no name that leads round in a circle', () => {
    symlinkSync('two', scene.path('one'))
    symlinkSync('one', scene.path('two'))
    expect(() => createOutput(scene.path('one'))).toThrow('cannot be made (ELOOP)')
    expect(readdirSync(scene.folder).toSorted()).toEqual(['one', 'two'])
  })

  it('is written as it comes where it is a device', () => {
    const file = createOutput('/dev/null')
    file.write(Buffer.from('anything'))
    file.commit()
    expect(existsSync('/dev/null')).toBe(true)
  })

  it.each(['/dev/null', 'a file'])('is closed once, and what is opened after that is left alone: %s', (name) => {
    const file = createOutput(name === 'a file' ? scene.path(name) : name)
    file.commit()
    // They get the numbers that are free now.
    const others = Array.from({length: 8}, () => openSync('/dev/null', 'r'))
    file.discard()
    for (const other of others) expect(() => closeSync(other)).not.toThrow()
  })

  it('is read at any place, and ends where it ends', () => {
    const {source, close} = openSource(textFile('file', 'abcdef'))
    expect(source.sizeBytes).toBe(6)
    expect(Buffer.from(source.read(2, 3)).toString()).toBe('cde')
    expect(Buffer.from(source.read(4, 100)).toString()).toBe('ef')
    expect(source.read(6, 1)).toHaveLength(0)
    close()
  })

  itNeeds([root(), peer('losetup'), loopDevices], 'has the size of the device where it is one', () => {
    const device = scene.loop(scene.file('disk', 2 ** 20, 0x61))
    const {source, close} = openSource(device)
    expect(source.sizeBytes).toBe(2 ** 20)
    expect(Buffer.from(source.read(2 ** 20 - 2, 10)).toString()).toBe('aa')
    close()
  })
})
