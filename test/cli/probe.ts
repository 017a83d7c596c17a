import {execFile, spawn, type ChildProcess} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

const top = fileURLToPath(new URL('../..', import.meta.url))

/** What a finished process left. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** An installed command line with one command, `probe`, built from the sources of this checkout in a temporary folder. */
export interface ProbeTool {
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  /** Starts it and hands over the process, for tests about pipes and signals. */
  start(args: readonly string[], stdout?: 'pipe' | number): ChildProcess
  remove(): void
}

/** What `flushpoint` declares about itself to oclif, with the probe's commands in place of the real ones. */
function packageJson(): string {
  const {version, oclif} = JSON.parse(fs.readFileSync(path.join(top, 'package.json'), 'utf8')) as {
    version: string
    oclif: Record<string, unknown>
  }
  const hooks = {command_not_found: './dist/cli/command-not-found.js'}
  return JSON.stringify({name: 'flushpoint', version, type: 'module', oclif: {...oclif, plugins: [], hooks}})
}

const PROBE = `
export {startCommand} from './cli/start-command.js'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {ToolError} from './base/index.js'
import {BaseCommand, Interrupt, sizeFlag, startSpinner} from './cli/index.js'

export default class Probe extends BaseCommand {
  static summary = 'Does what a test asks for.'
  static args = {image: Args.string()}
  static flags = {
    rows: Flags.integer({default: 1}),
    size: sizeFlag(),
    fail: Flags.string(),
    late: Flags.boolean(),
    bug: Flags.boolean(),
    exit: Flags.integer(),
    end: Flags.string(),
    wait: Flags.boolean(),
  }
  async run() {
    const {rows, fail, late, bug, exit, end, wait, size} = this.flags
    const spinner = await startSpinner('working')
    spinner.stop()
    const failure = fail && new ToolError(fail, 'E_PROBE', 'disk.img: probe 7', {hint: 'try again', cause: 'a string'})
    if (failure && !late) throw failure
    if (bug) throw new TypeError('not a function')
    if (exit !== undefined) this.exit(exit)
    if (wait) await this.untilInterrupted()
    if (end) this.endWith(end)
    const ids = Array.from({length: rows}, (_, id) => id)
    await this.print({
      title: 'Probe',
      blocks: [
        {kind: 'table', columns: [{name: 'id', key: 'id'}], rows: ids.map((id) => [String(id)])},
        {kind: 'verdict', ok: !end, text: 'as asked'},
      ],
      json: {schema: 'probe@1', image: this.args.image ?? null, size: size ?? null, ids},
      records: ids.map((id) => ({record: 'id', id})),
    })
    if (failure) throw failure
    return {schema: 'probe@1'}
  }
  async untilInterrupted() {
    const interrupt = new Interrupt()
    const alive = setInterval(() => {}, 1000)
    process.stderr.write('ready\\n')
    await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve))
    process.stderr.write('winding down\\n')
    if (this.args.image === 'stuck') await new Promise(() => {})
    clearInterval(alive)
    interrupt.close()
    this.endWith(interrupt.kind)
  }
}
`

interface Bundler {
  readonly bundleModules: (files: readonly string[], outdir: string) => Promise<void>
  readonly bundleScripts: (modules: Readonly<Record<string, string>>, outdir: string) => Promise<void>
}

/** Bundles the probe command as the real ones are. */
export async function buildProbe(): Promise<ProbeTool> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-probe-'))
  fs.writeFileSync(path.join(root, 'package.json'), packageJson())
  fs.symlinkSync(path.join(top, 'node_modules'), path.join(root, 'node_modules'))
  const bundler = pathToFileURL(path.join(top, 'bin/bundle.js')).href
  const {bundleModules, bundleScripts} = (await import(bundler)) as Bundler
  const dist = path.join(root, 'dist')
  await bundleModules(['cli/start.ts', 'cli/command-not-found.ts'], dist)
  await bundleScripts({'commands/probe': PROBE}, dist)
  fs.mkdirSync(path.join(root, 'bin'))
  for (const file of ['bin/run.js', 'bin/load.js']) fs.copyFileSync(path.join(top, file), path.join(root, file))
  return probeTool(root)
}

function probeTool(root: string): ProbeTool {
  const script = path.join(root, 'bin/run.js')
  // What the caller's environment says about colour and JSON must not decide a test.
  const {NO_COLOR: _color, FORCE_COLOR: _force, DEBUG: _debug, FLUSHPOINT_CONTENT_TYPE: _type, ...rest} = process.env
  const plain = {...rest, HOME: root, XDG_CACHE_HOME: path.join(root, 'cache')}
  return {
    run(args, env = {}) {
      return new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          [script, ...args],
          {env: {...plain, ...env}, maxBuffer: 2 ** 26},
          (_error, stdout, stderr) => resolve({status: child.exitCode, stdout, stderr}),
        )
        child.stdin?.end('from stdin\n')
      })
    },
    start(args, stdout = 'pipe') {
      return spawn(process.execPath, [script, ...args], {env: plain, stdio: ['ignore', stdout, 'pipe']})
    },
    remove() {
      fs.rmSync(root, {recursive: true, force: true})
    },
  }
}
