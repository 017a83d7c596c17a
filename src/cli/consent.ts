import {printable} from '../report/index.js'

/** The streams a question is asked on. */
interface Terminal {
  readonly input: NodeJS.ReadableStream & {readonly isTTY?: boolean}
  readonly output: NodeJS.WritableStream & {readonly isTTY?: boolean}
}

/**
 * Asks a question on the terminal, stderr and stdin, and waits for a line.
 *
 * @returns what was typed, without blanks around it; undefined where there is no terminal to ask on, or it was closed
 */
export async function askOnTerminal(
  question: string,
  {input, output}: Terminal = {input: process.stdin, output: process.stderr},
): Promise<string | undefined> {
  if (input.isTTY !== true || output.isTTY !== true) return undefined
  const {createInterface} = await import('node:readline/promises')
  const lines = createInterface({input, output})
  try {
    return await new Promise((resolve) => {
      lines.on('close', () => resolve(undefined))
      void lines.question(`${printable(question)} `).then((answer) => resolve(answer.trim()))
    })
  } finally {
    lines.close()
  }
}
