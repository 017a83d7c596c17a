import {readFile} from 'node:fs/promises'
import {codeOf, ToolError} from '../base/index.js'

/**
 * The text of a file that describes or reports a bench.
 *
 * @param what for messages: "job file", "report"
 * @throws ToolError of kind environment when it cannot be read
 */
export async function readTextFile(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ToolError(
      'environment',
      'E_OPEN',
      `the ${what} ${path} cannot be read (${codeOf(error) ?? String(error)})`,
      {
        hint: 'Check the name and the permissions.',
        context: {path, op: 'read'},
        cause: error,
      },
    )
  }
}
