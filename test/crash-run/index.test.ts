import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {checkChoiceOf, openModel, Pulse} from '../../src/crash-run/index.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('what --check names', () => {
  it.each(['recovery.mjs', './a/check.js', 'check.cjs'])('is a module: %s', (path) => {
    expect(checkChoiceOf(path)).toEqual({kind: 'module', path})
  })

  it('is a check that comes with the tool', () => {
    expect(checkChoiceOf('stable-survives')).toEqual({kind: 'builtin', name: 'stable-survives'})
  })

  it.each(['toString', 'recovery.py', 'run.js {image}', ''])('is refused otherwise: %j', (text) => {
    expect(() => checkChoiceOf(text)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_CHECK'}))
  })
})

describe('a pulse', () => {
  it('has another number for each call, and none between calls, also when a call throws', () => {
    const pulse = new Pulse()
    const other = new Pulse(pulse.shared)
    const seen = [other.call, pulse.enter(() => other.call), pulse.enter(() => other.call)]
    expect(() => pulse.enter(() => JSON.parse('{'))).toThrow(SyntaxError)
    expect([...seen, other.call]).toEqual([undefined, 1, 2, undefined])
  })

  it('passes on that it is enough', () => {
    const pulse = new Pulse()
    new Pulse(pulse.shared).cancel()
    expect(pulse.isCancelled).toBe(true)
  })
})

describe('a model', () => {
  const trace = (): string => {
    const path = scene.path('story.ndjson')
    writeFileSync(path, '{"trace":1,"sizeBytes":"64k"}\n')
    return path
  }

  it('shows what its base holds where the trace writes nothing', () => {
    const {options, close} = openModel({trace: trace(), base: scene.file('base.img', 65536, 0x5a)})
    const into = new Uint8Array(4)
    options.base?.(1000, into)
    close()
    expect([...into]).toEqual([0x5a, 0x5a, 0x5a, 0x5a])
  })

  it('is refused when its base has another size than the image of the trace', () => {
    const base = scene.file('base.img', 4096)
    expect(() => openModel({trace: trace(), base})).toThrow(expect.objectContaining({kind: 'usage', code: 'E_BASE'}))
  })

  it('is refused when there is no such trace', () => {
    expect(() => openModel({trace: scene.path('nowhere')})).toThrow(expect.objectContaining({kind: 'environment'}))
  })
})
