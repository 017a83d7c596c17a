import {spawn, type ChildProcess} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import {expect} from 'vitest'
import type {Scene} from '../image/scene.js'
import {capability} from '../peers.js'

/** The tool as it is built. */
export const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Starting processes on a busy machine takes a while; only a hang takes longer. */
export const TIMEOUT_MS = 120_000

/** How a process ended and what it said. */
export interface Ended {
  /** Undefined when a signal ended it. */
  readonly exit: number | undefined
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Where and how the command line is started. */
export interface Invocation {
  /** What it finds on stdin; nothing when absent. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A program with its arguments that is given the command to run, such as strace. */
  readonly through?: readonly string[]
}

/** Starts flushpoint as a shell would, but without a terminal: all three streams are pipes. */
export function start(args: readonly string[], {env, cwd, through = []}: Invocation = {}): ChildProcess {
  const {DEBUG: _debug, FLUSHPOINT_NO_NATIVE: _native, ...inherited} = process.env
  const [program, ...rest] = [...through, process.execPath, BIN, ...args] as [string, ...string[]]
  const child = spawn(program, rest, {env: {...inherited, NO_COLOR: '1', ...env}, cwd})
  child.stdin?.on('error', () => {}) // it may end without reading what it is given
  return child
}

/** Waits for a process and collects what it has to say. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  const said = Promise.all([text(child.stdout as NodeJS.ReadableStream), text(child.stderr as NodeJS.ReadableStream)])
  const [exit, signal] = (await once(child, 'close')) as [number | null, string | null]
  const [stdout, stderr] = await said
  return {exit: exit ?? undefined, signal: signal ?? undefined, stdout, stderr}
}

/** Runs flushpoint to its end. */
export async function flushpoint(args: readonly string[], invocation: Invocation = {}): Promise<Ended> {
  const child = start(args, invocation)
  child.stdin?.end(invocation.input ?? '')
  return endOf(child)
}

/** The lines of a batch as arguments: -c LINE for each. */
export function lines(...batch: readonly string[]): string[] {
  return batch.flatMap((line) => ['-c', line])
}

/** One request in the document of a run, as far as tests look at it. */
export interface RequestRecord {
  readonly id: number
  readonly line: number
  readonly kind: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly flags: readonly string[]
  readonly status: string
  readonly errno: number
  readonly latencyNs: number
  readonly stable: {readonly by: string; readonly request: number | null; readonly why: string}
  readonly verify?: {readonly ok: boolean}
  readonly text?: string
  readonly reason?: string
  readonly scsi?: {
    readonly command: string
    readonly status: 'GOOD' | 'CHECK CONDITION'
    readonly sense?: string
    readonly residualBytes: number
    readonly dataIn?: string
  }
}

/** The document of a run, as far as tests look at it. */
export interface RunDocument {
  readonly schema: string
  readonly image: {readonly snapshot: boolean; readonly created: boolean; readonly sectors: number}
  readonly cache: {
    readonly mode: string
    readonly openFlags: readonly string[]
    readonly writeCacheEnabled: boolean
    readonly asked: string
  }
  readonly ordering: string
  readonly orderingAsked: string
  readonly commands: Readonly<Record<'reads' | 'writes' | 'flushes' | 'flushesNotSent', number>>
  readonly aio: {readonly backend: string; readonly reason: string; readonly syncs: number; readonly elapsedNs: number}
  readonly requests: readonly RequestRecord[]
  readonly counts: Readonly<Record<string, number>>
  readonly atRisk: Readonly<Record<'processKill' | 'osCrash' | 'powerLoss', {readonly bytes: number}>>
  readonly guarantees: readonly {readonly id: string; readonly holds: boolean | 'assumed'}[]
  readonly hazards: readonly {readonly code: string; readonly requests: readonly number[]}[]
  readonly notes: readonly string[]
  readonly closingSync: string
  readonly interruptedBy: string | null
}

/** Runs a batch with --json and reads the document. Fails when stdout is not exactly one document or stderr not empty. */
export async function runJson(
  args: readonly string[],
  invocation: Invocation = {},
): Promise<{readonly exit: number | undefined; readonly document: RunDocument}> {
  const ended = await flushpoint(['run', ...args, '--json'], invocation)
  expect(ended.stderr).toBe('')
  return {exit: ended.exit, document: JSON.parse(ended.stdout) as RunDocument}
}

/** Every file below a folder with its kind, size and content; what is longer than 64 MiB by its time of change instead. */
export function contents(folder: string): string[] {
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .toSorted()
    .map((name) => {
      const stat = lstatSync(join(folder, name))
      if (!stat.isFile()) return `${name}: mode ${stat.mode}`
      const whole = stat.size <= 64 * 2 ** 20 && (stat.mode & 0o400) !== 0
      const what = whole ? hashOf(join(folder, name)) : `changed ${stat.mtimeMs}`
      return `${name}: mode ${stat.mode}, ${stat.size} bytes, ${what}`
    })
}

/** Two files with the same hash hold the same bytes. */
export function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** How a command line is to be refused. */
export interface Refusal {
  readonly exit: number
  readonly code: string
  /** What the message names. */
  readonly says: string
}

/** Nothing a user should see has the look of a stack. */
export function expectNoStack({stdout, stderr}: Ended): void {
  expect(stdout + stderr).not.toMatch(/^ {4}at |node:internal|\bat file:/m)
}

/**
 * Runs a command line for people and again for scripts. Both times it has to be refused with the same words, a hint and the
 * exit status, without a stack, and every file in the folder of the scene has to stay as it is.
 */
export async function expectRefusal(
  scene: Scene,
  args: readonly string[],
  {exit, code, says}: Refusal,
  invocation: Invocation = {},
): Promise<void> {
  const before = contents(scene.folder)
  const where = {cwd: scene.folder, ...invocation}
  // One after the other: --create would have them meet.
  const forPeople = await flushpoint(args, where)
  const forScripts = await flushpoint([...args, '--json'], where)
  expect(forPeople).toMatchObject({exit, stdout: '', signal: undefined})
  expect(forPeople.stderr).toMatch(/^error: /)
  expect(forPeople.stderr).toMatch(/^ {2}hint: \S/m)
  expectNoStack(forPeople)
  expect(forScripts).toMatchObject({exit, stderr: '', signal: undefined})
  const {error} = JSON.parse(forScripts.stdout) as {error: Record<string, unknown>}
  expect(error).toMatchObject({code, exit, hint: expect.stringMatching(/\S/) as unknown})
  expect(error['message']).toContain(says)
  // Long messages are wrapped nowhere on stderr, only indented after a line break.
  expect(forPeople.stderr.replaceAll(/\n\s*/g, '\n')).toContain(says)
  expect(contents(scene.folder)).toEqual(before)
}

/** Temporary files take O_DIRECT. */
export const direct = capability(takesDirect(), `${tmpdir()} is on a file system without O_DIRECT`)

function takesDirect(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'flushpoint-direct-'))
  try {
    writeFileSync(join(folder, 'probe'), Buffer.alloc(4096))
    closeSync(openSync(join(folder, 'probe'), constants.O_RDONLY | constants.O_DIRECT))
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}
