import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {scriptUrl} from '../../src/base/script.js'

const top = fileURLToPath(new URL('../..', import.meta.url))

/** The scripts that the sources ask for, wherever they do. */
function scriptsAskedFor(): string[] {
  const sources = fs.readdirSync(path.join(top, 'src'), {recursive: true, encoding: 'utf8'})
  return sources
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...fs.readFileSync(path.join(top, 'src', file), 'utf8').matchAll(/scriptUrl\('([^']+)'\)/g)])
    .map(([, script]) => script ?? '')
}

it('a script is found by its path in the sources', () => {
  expect(fileURLToPath(scriptUrl('bench/job-worker.js'))).toBe(path.join(top, 'src/bench/job-worker.js'))
})

it('each script that a room starts a thread with is one of the bundle', () => {
  const scripts = new Set(scriptsAskedFor())
  expect(scripts.size).toBeGreaterThan(2)
  for (const script of scripts) expect(fs.existsSync(path.join(top, 'dist', script)), script).toBe(true)
})
