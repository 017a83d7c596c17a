import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {SECTOR_BYTES} from '../../src/base/index.js'
import {CrashModel, listStates, sectorOf, withInsertions, type CrashState} from '../../src/crash/index.js'
import {ImageKeys, ScratchFolder, ScratchImage} from '../../src/crash-run/materialise.js'
import {SEED, traces} from '../crash/random-trace.js'
import {filled, TraceWriter} from '../crash/traces.js'
import {folder, namesIn} from './scene.js'

const SIZE_BYTES = 8192

/** The image of a state by the crash room's own account of it. */
function imageOf(state: CrashState): Buffer {
  const {sizeBytes} = state.point.model.trace.header
  return Buffer.concat(Array.from({length: sizeBytes / SECTOR_BYTES}, (_, sector) => sectorOf(state, sector)))
}

function statesOf(model: CrashModel): CrashState[] {
  return model.pointsThatMatter().flatMap((event) => [...listStates(model.at(event))])
}

function sample(): CrashModel {
  const writer = new TraceWriter().before(1, filled(9, 2))
  for (let sector = 0; sector < 3; sector++) writer.out(sector)
  writer.flush()
  writer.out(1)
  return new CrashModel(writer.trace({sizeBytes: SIZE_BYTES}))
}

function scratchOf(model: CrashModel): ScratchImage {
  const image = new ScratchImage(path.join(folder(), '1'), model, new ImageKeys())
  return image
}

describe('a scratch image', () => {
  it('shows every state byte for byte, in any order, base and before-images beneath', () => {
    fc.assert(
      fc.property(traces, fc.infiniteStream(fc.nat(1000)), (trace, picks) => {
        const header = {...trace.header, sizeBytes: SIZE_BYTES, knownBefore: 'listed'} as const
        const small = {...trace, header}
        const base = (offsetBytes: number, into: Uint8Array): void => {
          into.forEach((_, i) => (into[i] = (offsetBytes + i) % 251))
        }
        const states = statesOf(new CrashModel(small, {base, atom: 'torn'}))
        const [state] = states
        if (state === undefined) return
        const image = scratchOf(state.point.model)
        for (let step = 0; step < 12; step++) {
          const next = states[picks.next().value % states.length] ?? state
          image.show(next)
          expect(fs.readFileSync(image.path).equals(imageOf(next))).toBe(true)
          expect(image.settle()).toBe(false)
        }
        image.close()
      }),
      {seed: SEED, numRuns: 40},
    )
  })

  it('writes what differs from the state before, and nothing else', () => {
    const model = sample()
    const image = scratchOf(model)
    const [all, ...others] = [...listStates(model.at(model.lastPoint))]
    image.show(all as CrashState)
    const before = image.unitsWritten
    image.show(all as CrashState)
    expect(image.unitsWritten).toBe(before)
    image.show(others.find(({choices}) => choices.size === 1) as CrashState)
    expect(image.unitsWritten).toBe(before + 1)
    image.close()
  })

  it('stays sparse where nothing was ever written', () => {
    const writer = new TraceWriter()
    writer.out(0)
    const image = scratchOf(new CrashModel(writer.trace({sizeBytes: 1 << 26})))
    expect(fs.statSync(image.path)).toMatchObject({size: 1 << 26})
    expect(fs.statSync(image.path).blocks * 512).toBeLessThan(1 << 20)
    image.close()
  })

  it.each<[string, (file: string) => void]>([
    ['a byte that a write of the trace touches', (file) => overwrite(file, 512)],
    ['a byte that none touches', (file) => overwrite(file, 7000)],
    ['its size', (file) => fs.truncateSync(file, 100)],
    ['bytes behind its end', (file) => fs.appendFileSync(file, 'more')],
    ['another file in its place', (file) => (fs.rmSync(file), fs.writeFileSync(file, 'new'))],
    ['its absence', (file) => fs.rmSync(file)],
    ['its name', (file) => fs.renameSync(file, `${file}.bak`)],
    ['a folder in its place', (file) => (fs.rmSync(file), fs.mkdirSync(file))],
    ['the absence of its folder', (file) => fs.rmSync(path.dirname(file), {recursive: true})],
  ])('is as it was after a command left %s', (_what, command) => {
    const model = sample()
    const image = scratchOf(model)
    for (const state of statesOf(model)) {
      image.show(state)
      expect(fs.readFileSync(image.path).equals(imageOf(state))).toBe(true)
      command(image.path)
      expect(image.settle()).toBe(true)
    }
    expect(namesIn(path.dirname(image.path))).toEqual(['image'])
    image.close()
  })

  it('loses what a command leaves beside it', () => {
    const image = scratchOf(sample())
    fs.writeFileSync(`${image.path}-journal`, 'hot')
    fs.mkdirSync(`${image.path}.d/e`, {recursive: true})
    expect(image.settle()).toBe(false)
    expect(namesIn(path.dirname(image.path))).toEqual(['image'])
    image.close()
  })

  it('can be read by its owner only', () => {
    const scratch = new ScratchFolder(folder())
    const image = new ScratchImage(path.join(scratch.path, '1'), sample(), new ImageKeys())
    expect(fs.statSync(scratch.path).mode & 0o777).toBe(0o700)
    expect(fs.statSync(image.path).mode & 0o777).toBe(0o600)
    image.close()
    scratch.close()
  })

  it('does not show a state whose bytes the trace does not tell', () => {
    const {trace} = sample()
    const events = trace.events.map(({event}) => ({event}))
    const model = new CrashModel({...trace, events})
    const image = scratchOf(model)
    const [state] = listStates(model.at(model.lastPoint))
    expect(() => image.show(state as CrashState)).toThrow(expect.objectContaining({kind: 'format'}))
    image.close()
  })
})

function overwrite(file: string, at: number): void {
  const fd = fs.openSync(file, 'r+')
  fs.writeSync(fd, 'changed', at)
  fs.closeSync(fd)
}

describe('the key of an image', () => {
  it('is the same exactly when the bytes are', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        const small = {...trace, header: {...trace.header, sizeBytes: SIZE_BYTES}}
        const keys = new ImageKeys()
        const byKey = new Map<string, string>()
        const byBytes = new Map<string, string>()
        for (const state of statesOf(new CrashModel(small))) {
          const [key, bytes] = [keys.keyOf(state), imageOf(state).toString('latin1')]
          expect(byKey.get(key) ?? bytes).toBe(bytes)
          expect(byBytes.get(bytes) ?? key).toBe(key)
          byKey.set(key, bytes)
          byBytes.set(bytes, key)
        }
      }),
      {seed: SEED, numRuns: 60},
    )
  })

  it('is the same for an image of the trace with a flush put in', () => {
    const model = sample()
    const changed = new CrashModel(withInsertions(model.trace, [{insert: 'FLUSH', after: 5}]))
    const keys = new ImageKeys()
    const own = new Set(statesOf(model).map((state) => keys.keyOf(state)))
    const others = statesOf(changed).map((state) => keys.keyOf(state))
    expect(others.length).toBeGreaterThan(0)
    for (const key of others) expect(own).toContain(key)
  })
})

describe('the scratch folder', () => {
  it('goes away with all in it, and does not mind going twice', () => {
    const parent = folder()
    const scratch = new ScratchFolder(parent)
    fs.mkdirSync(path.join(scratch.path, 'a/b'), {recursive: true})
    scratch.close()
    scratch.close()
    expect(namesIn(parent)).toEqual([])
  })

  it('is removed when the process ends without closing it', () => {
    const parent = folder()
    const before = new Set(process.listeners('exit'))
    const scratch = new ScratchFolder(parent)
    const [own] = process.listeners('exit').filter((listener) => !before.has(listener))
    own?.(0)
    expect(namesIn(parent)).toEqual([])
    scratch.close()
    expect(process.listeners('exit')).toHaveLength(before.size)
  })

  it('is refused where none can be made, with the place and a way out', () => {
    const nowhere = path.join(folder(), 'none')
    expect(() => new ScratchFolder(nowhere)).toThrow(
      expect.objectContaining({kind: 'environment', code: 'E_SCRATCH', context: {path: nowhere}}),
    )
  })
})
