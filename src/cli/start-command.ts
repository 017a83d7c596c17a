import type {Command} from '@oclif/core/command'
import {execute} from '@oclif/core/execute'
import {importThrough, type ImportFile} from '../base/index.js'
import {namedCommand} from './named-command.js'

/** What bin/run.js starts a command with. */
interface StartOptions {
  /** The folder of package.json and the manifest. */
  readonly root: string
  readonly argv: readonly string[]
  /** The command of the bundle, which the words name. */
  readonly command: Command.Class
  readonly importFile: ImportFile
}

/**
 * Runs one command without looking for the others. Each bundle of a command exports this beside the command.
 *
 * @returns false, with nothing done, where all commands are needed: see namedCommand
 */
export async function startCommand({root, argv, command, importFile}: StartOptions): Promise<boolean> {
  const loadOptions = namedCommand(root, argv, command)
  if (loadOptions === undefined) return false
  importThrough(importFile)
  await execute({args: [...argv], loadOptions})
  return true
}
