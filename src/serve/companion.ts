import {spawn} from 'node:child_process'
import {constants} from 'node:os'

import {codeOf, ToolError} from '../base/index.js'

/** Stands for the URI of the server in the words of a command. */
const URI_PLACE = '{uri}'

/** How long a command that was told to end may take. */
const PATIENCE_MS = 5000

/** A command beside a server. */
export interface Companion {
  /**
   * Its exit status; 128 and the number of the signal that ended it, as shells have it. Rejects with a ToolError of kind environment when
   * it cannot be started.
   */
  readonly ended: Promise<number>
  /** Sees to it that it has ended: with SIGTERM, and with SIGKILL when that takes too long. */
  readonly stop: () => Promise<void>
}

/**
 * Runs a command beside a server, with the URI in place of {uri} and in NBD_URI.
 *
 * @param quiet its stdout goes to stderr: stdout is for a document
 * @param interrupt its reason is the signal that came: SIGTERM is passed on, SIGINT a terminal tells everybody by itself
 * @param patienceMs how long it may take to end when it is stopped
 */
export function runBeside(
  words: readonly string[],
  uri: string,
  quiet: boolean,
  interrupt: AbortSignal,
  patienceMs = PATIENCE_MS,
): Companion {
  const [program = '', ...args] = words.map((word) => word.replaceAll(URI_PLACE, uri))
  const child = spawn(program, args, {
    stdio: ['inherit', quiet ? 2 : 'inherit', 'inherit'],
    env: {...process.env, NBD_URI: uri},
  })
  const passOn = (): void => {
    if (interrupt.reason === 'SIGTERM') child.kill('SIGTERM')
  }
  if (interrupt.aborted) passOn()
  else interrupt.addEventListener('abort', passOn)
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new ToolError('environment', 'E_COMMAND', `${program}: cannot be started (${codeOf(error) ?? error.message})`, {
          hint: 'What stands behind -- is a program and its arguments.',
          context: {path: program},
          cause: error,
        }),
      )
    })
    child.once('exit', (code, signal) => {
      interrupt.removeEventListener('abort', passOn)
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
  return {
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await ended.catch(() => {}) // whoever asks how it ended is told
      clearTimeout(impatience)
    },
  }
}
