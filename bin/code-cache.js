/**
 * Lays compiled code beside the bundles in dist (load.js): each is run once, by a command line that it refuses, in a process of its
 * own, and what V8 compiled for that is written. Nothing but time depends on it.
 */
import {spawn} from 'node:child_process'
import {readdirSync, writeFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {codeCacheOf, run, scriptOf} from './load.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const commands = path.join(root, 'dist/commands')
const REFUSED = '--no-such-flag'

/** Runs one bundle and writes the compiled code when it ends. */
async function write(file, words) {
  const script = scriptOf(file)
  process.on('exit', () => writeFileSync(codeCacheOf(file), script.createCachedData()))
  const {startCommand, default: command} = run(script, file)
  await startCommand({root, argv: [...words, REFUSED], command, importFile: (url) => import(url)})
}

/** Starts this script for one bundle. @throws when it did not refuse the command line */
async function writeApart(file) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), file], {stdio: ['ignore', 'ignore', 'pipe']})
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  const status = await new Promise((resolve) => child.on('close', resolve))
  if (status !== 2 || !said.includes(REFUSED)) throw new Error(`${file} ended with ${status}: ${said}`)
}

const [one] = process.argv.slice(2)
if (one !== undefined) {
  const {dir, name} = path.parse(path.relative(commands, one))
  await write(one, dir === '' ? [name] : [dir, name])
} else {
  const files = readdirSync(commands, {recursive: true}).filter((file) => file.endsWith('.cjs'))
  const waiting = files.map((file) => path.join(commands, file))
  const work = async () => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) await writeApart(file)
  }
  await Promise.all(Array.from({length: availableParallelism()}, work))
}
