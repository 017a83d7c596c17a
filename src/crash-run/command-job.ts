import type {CrashReport, Shard} from '../crash/index.js'
import type {CommandCheck} from './command-check-asking.js'
import {COMMAND_BUDGET, exploreWithCommand, type CommandProgress} from './command-check.js'
import {commandReport} from './command-report.js'
import {openModel, type ModelRequest} from './model-source.js'

/** An exploration with a command, as a command line asks for it. */
export interface CommandJob {
  readonly model: ModelRequest
  readonly command: CommandCheck
  /** The command as it was given, that for recovery included. */
  readonly check: string
  /** Images of one crash point. */
  readonly budget?: number | undefined
  readonly seed: number
  readonly jobs: number
  readonly shard?: Shard | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly progress: (progress: CommandProgress) => void
}

export interface CommandEnd {
  readonly report: CrashReport
  /** How often the command changed the image it was to look at. */
  readonly changed: number
}

/** Does a job. @throws ToolError as openModel and exploreWithCommand do */
export async function runCommandJob({model: request, command, check, ...job}: CommandJob): Promise<CommandEnd> {
  const {model, digest, close} = openModel(request)
  try {
    const {budget = COMMAND_BUDGET, seed, shard} = job
    const found = await exploreWithCommand(model, {...command, ...job})
    return {report: commandReport(model, found, {trace: digest(), check, budget, seed, shard}), changed: found.changed}
  } finally {
    close()
  }
}
