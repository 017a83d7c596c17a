import {execFileSync} from 'node:child_process'
import {lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {StatusReport} from '../../src/serve/status-report.js'
import {Scene} from '../image/scene.js'
import {itNeeds, root} from '../peers.js'

const STATUS = {
  ...{connections: 0, requests: 0, bytesAtRisk: 0, secondsSinceFlush: 0, flushes: 0, flushesIgnored: 0},
  ...{writeCache: true, poisoned: false},
}

let scene: Scene
let lines: string[]
beforeEach(() => {
  scene = new Scene()
  lines = []
})
afterEach(() => scene.close())

function report(file: string): StatusReport {
  const line = (text: string): unknown => lines.push(text)
  return new StatusReport({status: () => STATUS, uri: 'nbd://here', file, line, watched: undefined})
}

function expectRefused(name: string): void {
  const before = lstatSync(scene.path(name))
  const names = readdirSync(scene.folder)
  expect(() => report(scene.path(name))).toThrow(
    expect.objectContaining({
      ...{kind: 'environment', code: 'E_STATUS', hint: expect.stringMatching(/\S/) as string},
      message: `--status ${scene.path(name)}: not a regular file`,
    }),
  )
  expect(lstatSync(scene.path(name))).toMatchObject({mode: before.mode, ino: before.ino, rdev: before.rdev})
  expect(readdirSync(scene.folder)).toEqual(names)
}

describe('the file that a status is kept in', () => {
  it('is made where there is none, and replaced where there is one', () => {
    writeFileSync(scene.path('old'), 'something')
    for (const name of ['old', 'new']) {
      report(scene.path(name)).close()
      expect(JSON.parse(readFileSync(scene.path(name), 'utf8'))).toMatchObject({uri: 'nbd://here'})
    }
    expect(readdirSync(scene.folder).toSorted()).toEqual(['new', 'old'])
  })

  it.each(['old', 'new'])('is the one that links lead to, and they stay links: to %s', (name) => {
    writeFileSync(scene.path('old'), 'something')
    mkdirSync(scene.path('elsewhere'))
    symlinkSync(`../${name}`, scene.path('elsewhere/inner'))
    symlinkSync('elsewhere/inner', scene.path('outer'))
    report(scene.path('outer')).close()
    for (const link of ['outer', 'elsewhere/inner']) expect(lstatSync(scene.path(link)).isSymbolicLink()).toBe(true)
    expect(lstatSync(scene.path(name)).isFile()).toBe(true)
    expect(JSON.parse(readFileSync(scene.path(name), 'utf8'))).toMatchObject({uri: 'nbd://here'})
    expect(readdirSync(scene.path('elsewhere'))).toEqual(['inner'])
  })

  it('never takes the place of a pipe or a folder, nor of what a link to one leads to', () => {
    execFileSync('mkfifo', [scene.path('pipe')])
    mkdirSync(scene.path('folder'))
    for (const name of ['pipe', 'folder']) {
      symlinkSync(name, scene.path(`to-${name}`))
      expectRefused(name)
      expectRefused(`to-${name}`)
    }
  })

  itNeeds([root()], 'never takes the place of a device', () => {
    execFileSync('mknod', [scene.path('null'), 'c', '1', '3'])
    expectRefused('null')
  })

  it('is left alone when it has become a pipe meanwhile, which is told once', () => {
    const status = report(scene.path('status'))
    execFileSync('rm', [scene.path('status')])
    execFileSync('mkfifo', [scene.path('status')])
    status.close()
    expect(lines).toEqual([`--status ${scene.path('status')}: not a regular file`])
    expect(lstatSync(scene.path('status')).isFIFO()).toBe(true)
  })
})
