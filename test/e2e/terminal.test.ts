import {execFileSync} from 'node:child_process'
import {openSync, closeSync, writeFileSync, writeSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const ESC = '\u001b'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** Runs a shell line on a terminal of 80 columns, with flushpoint as "$FP". @returns all that was written to it */
function onTerminal(line: string, env: Readonly<Record<string, string>> = {}): string {
  const {NO_COLOR: _color, CI: _ci, ...inherited} = process.env
  return execFileSync('script', ['-qec', `stty cols 80 -onlcr; ${line}`, '/dev/null'], {
    cwd: scene.folder,
    env: {...inherited, TERM: 'xterm', FP: `${process.execPath} ${BIN}`, ...env},
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** What is left of text when nothing but its colours is taken out. */
function withoutColors(text: string): string {
  return text.replaceAll(new RegExp(`${ESC}\\[\\d+m`, 'g'), '')
}

describe('on a terminal', () => {
  peerIt(
    ['script', 'hexdump', 'xxd'],
    'dump colours bytes by class, and is the text of its peers under the colours',
    () => {
      writeFileSync(scene.path('disk'), Buffer.from(Uint8Array.from({length: 300}, (_, i) => i)))
      for (const [style, peer] of [
        ['hexdump', 'hexdump -C disk'],
        ['xxd', 'xxd disk | cat'],
      ]) {
        const shown = onTerminal(`$FP dump disk --style ${style}`)
        expect(withoutColors(shown)).toBe(onTerminal(peer as string))
        // Zero, control, white space, printable, above ASCII: each has its own.
        for (const code of [90, 35, 32, 36, 33]) expect(shown).toContain(`${ESC}[${code}m`)
        expect(shown.lastIndexOf(`${ESC}[39m`)).toBeGreaterThan(shown.lastIndexOf(`${ESC}[33m`))
      }
    },
  )

  peerIt(['script'], 'nothing has colours under --no-color, NO_COLOR or TERM=dumb', () => {
    writeFileSync(scene.path('disk'), 'hello')
    const plain = onTerminal('$FP dump disk | cat')
    expect(plain).not.toContain(ESC)
    expect(onTerminal('$FP dump disk --no-color')).toBe(plain)
    expect(onTerminal('$FP dump disk', {NO_COLOR: '1'})).toBe(plain)
    expect(onTerminal('$FP dump disk', {TERM: 'dumb'})).toBe(plain)
  })

  peerIt(['script'], 'long work shows how far it is and how fast, and leaves no trace of it', () => {
    const fd = openSync(scene.file('a', 0), 'r+')
    const piece = Buffer.alloc(2 ** 20, 7)
    for (let i = 0; i < 256; i++) writeSync(fd, piece)
    closeSync(fd)
    const shown = onTerminal('$FP hash a')
    expect(shown).toMatch(/hashing: [\d.]+ MiB of 256 MiB \(\d+ %\), [\d.]+ [KMG]iB\/s/)
    const beforeReport = shown.slice(0, shown.indexOf('a: sha256'))
    expect(beforeReport.lastIndexOf(`${ESC}[0K`)).toBeGreaterThan(beforeReport.lastIndexOf('MiB/s'))
    expect(onTerminal('$FP hash a', {CI: 'true'})).not.toContain('hashing')
    expect(onTerminal('$FP map a')).not.toContain('looking for zeroes')
  })
})
