import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../../base/index.js'
import {atomOf, BaseCommand, crashFlags, exitStatusHelp, Interrupt, startSpinner} from '../../cli/index.js'
import {exploreDocument} from '../../crash-report/index.js'
import {BUILTIN_CHECKS, checkChoiceOf, exploreInThread, type ExploreJob, type ThreadEnd} from '../../crash-run/index.js'

export default class CrashExplore extends BaseCommand<typeof CrashExplore> {
  static override summary = 'Run a check on every image that a crash may leave, and find the flush that is missing.'
  static override description = [
    'A check is recovery as a function over an image: export default function check({read, write, sizeBytes, reached, fail}). It is run from the start for each way that what it reads may turn out; what it never reads costs nothing. Without a budget the answer is complete: no image is left out.',
    `Checks that come with the tool: ${Object.entries(BUILTIN_CHECKS)
      .map(([name, what]) => `${name} (${what})`)
      .join(', ')}.`,
    'A violation is the smallest loss at the earliest moment, with the flush or FUA that would have prevented it. crash show and crash build take its state with the same trace and flags.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'format', 'interrupted', 'terminated']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'Is every commit atomic, and kept once it was acknowledged?',
      command: '<%= config.bin %> crash explore run.trace --check recovery.mjs',
    },
    {
      description: 'Would the same requests be safe if nobody heard a flush?',
      command: '<%= config.bin %> crash explore run.trace --check recovery.mjs --cache unsafe',
    },
  ]

  static override args = {
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    check: Flags.string({
      description: `A module (recovery.mjs), or ${Object.keys(BUILTIN_CHECKS).join(', ')}.`,
      required: true,
      helpValue: '<check>',
    }),
    budget: Flags.integer({min: 1, description: 'Give up after this many states. Default: 100 million.'}),
    timeout: Flags.integer({
      min: 1,
      max: 86_400,
      default: 60,
      description: 'Seconds that one run of the check may take.',
      helpValue: '<seconds>',
    }),
    ...crashFlags,
  }

  async run(): Promise<object> {
    const {trace} = this.args
    const {check, kind, cache, ordering, device, atom, base, budget} = this.flags
    const job: ExploreJob = {
      model: {trace, kind, mode: cache, ordering, device, atom: atomOf(atom), base},
      check: checkChoiceOf(check),
      budget,
    }
    const interrupt = new Interrupt()
    const spinner = await startSpinner('exploring')
    let end: ThreadEnd
    try {
      end = await exploreInThread(job, {
        timeoutMs: this.flags.timeout * 1000,
        signal: interrupt.signal,
        output: process.stderr,
      })
    } finally {
      spinner.stop()
      interrupt.close()
    }
    await this.tell(end, interrupt.kind ?? 'interrupted')
    if (interrupt.kind !== undefined) this.endWith(interrupt.kind)
    return {}
  }

  private async tell({by, report}: ThreadEnd, kind: 'interrupted' | 'terminated'): Promise<void> {
    const {check, timeout} = this.flags
    const late = `${check}: a run of the check took longer than ${timeout} seconds`
    if (by === 'timeout' && (report === undefined || report.violations.length === 0)) {
      throw new ToolError('usage', 'E_CHECK_TIMEOUT', late, {
        hint: 'It may be caught in a loop on an image that it does not expect, which is a fault too; --timeout gives it longer.',
      })
    }
    if (by === 'timeout') this.warn(late)
    if (report === undefined) {
      throw new ToolError(kind, 'E_INTERRUPTED', 'interrupted before anything was known', {
        hint: 'Nothing was explored: the answer is neither yes nor no.',
      })
    }
    await this.print(exploreDocument(report, this.args.trace, check, by === 'itself' ? 'budget' : by))
    if (report.violations.length > 0) this.endWith('verdict')
  }
}
