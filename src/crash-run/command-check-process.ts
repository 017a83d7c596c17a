import {spawn, type ChildProcess} from 'node:child_process'
import {codeOf, ToolError} from '../base/index.js'
import {missingProgram, type Started} from './command-check-line.js'

/** How a command ended. `cancelled`: somebody wanted it to. */
export interface Ended {
  readonly how: 'exit' | 'signal' | 'timeout' | 'cancelled'
  /** Exit status; -1 unless it exited. */
  readonly code: number
  /** In words. */
  readonly said: string
  /** The last of what it wrote to stdout and stderr. */
  readonly tail: string
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const TAIL_CHARS = 2000
/** What a shell answers for a command that is not there, or may not be run (POSIX.1-2024, XCU 2.8.2). */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/**
 * Starts commands, each in a process group of its own, and leaves none behind: with a command ends all that it started, and when this
 * process exits, all that still runs.
 */
export class CommandRunner {
  readonly #running = new Set<ChildProcess>()
  readonly #killAll = (): void => this.#running.forEach(killGroup)

  constructor() {
    process.on('exit', this.#killAll)
  }

  /** Ends what still runs. */
  close(): void {
    process.off('exit', this.#killAll)
    this.#killAll()
  }

  /**
   * Runs a command to its end.
   *
   * @throws ToolError of kind environment when it cannot be started
   */
  async run({file, args}: Started, {env, timeoutMs, signal}: RunOptions): Promise<Ended> {
    if (signal.aborted) return {how: 'cancelled', code: -1, said: 'was cancelled', tail: ''}
    const child = started({file, args}, env)
    this.#running.add(child)
    let tail = ''
    const keep = (text: string): void => {
      tail = (tail + text).slice(-TAIL_CHARS)
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    let cut: 'timeout' | 'cancelled' | undefined
    const end = (why: 'timeout' | 'cancelled'): void => {
      if (child.exitCode === null && child.signalCode === null) cut ??= why
      killGroup(child)
      // Whoever left the group may hold the pipes open: nobody waits for that.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const cancel = (): void => end('cancelled')
    const timer = setTimeout(() => end('timeout'), timeoutMs)
    signal.addEventListener('abort', cancel, {once: true})
    try {
      const [code, name] = await ending(child)
      if (cut === 'timeout') return {how: cut, code: -1, said: `did not end within ${timeoutMs / 1000} s`, tail}
      if (cut === 'cancelled') return {how: cut, code: -1, said: 'was cancelled', tail}
      if (name !== null) return {how: 'signal', code: -1, said: `was ended by ${name}`, tail}
      return {how: 'exit', code: code ?? -1, said: `exited with ${code}`, tail}
    } catch (error) {
      throw cannotStart(file, error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      this.#running.delete(child)
    }
  }
}

/** The error of a check whose own command was not found; undefined for any other ending. */
export function missingCommand({how, code, tail}: Ended, command: string): ToolError | undefined {
  if (how !== 'exit' || (code !== NOT_FOUND && code !== NOT_EXECUTABLE)) return undefined
  return new ToolError('environment', 'E_CHECK_MISSING', `the check cannot run: ${command} exited with ${code}`, {
    hint: `Something it calls is missing or may not be run. It said: ${tail.trim() || 'nothing'}`,
  })
}

function started({file, args}: Started, env: NodeJS.ProcessEnv) {
  try {
    return spawn(file, args, {env, detached: true, stdio: ['ignore', 'pipe', 'pipe']})
  } catch (error) {
    throw cannotStart(file, error) // Some errors come at once, others as an event.
  }
}

function ending(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // What it left running ends with it, and lets go of the pipes.
    child.once('exit', () => killGroup(child))
    child.once('close', (code, signal) => resolve([code, signal]))
  })
}

function killGroup({pid}: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // No one is left in the group.
  }
}

function cannotStart(file: string, error: unknown): ToolError {
  const code = codeOf(error)
  if (code === 'ENOENT') return missingProgram(file)
  return new ToolError('environment', 'E_CHECK_START', `${file} cannot be started (${code ?? String(error)})`, {
    hint: code === 'E2BIG' ? 'The names of the marks are too long for its environment.' : 'Use fewer --jobs.',
    cause: error,
  })
}
