import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../../base/index.js'
import {
  atomOf,
  BaseCommand,
  crashFlags,
  exitStatusHelp,
  Interrupt,
  startSpinner,
  type Spinner,
  seedFlag,
} from '../../cli/index.js'
import {parseShard, type CrashReport} from '../../crash/index.js'
import {exploreDocument, type CutBy} from '../../crash-report/index.js'
import {
  BUILTIN_CHECKS,
  builtinCheck,
  checkChoiceOf,
  exploreInThreads,
  imageDigest,
  runCommandJob,
  unreadBase,
  type CheckChoice,
  type ThreadEnd,
} from '../../crash-run/index.js'

const BUILTINS = BUILTIN_CHECKS.map(({name}) => name).join(', ')

/** How an exploration ended. */
interface End extends ThreadEnd {
  /** What else has to be known of the check. */
  readonly notes: readonly string[]
}

export default class CrashExplore extends BaseCommand<typeof CrashExplore> {
  static override summary = 'Run a check on every image that a crash may leave, and find the flush that is missing.'
  static override description = [
    'A check is recovery as a function over an image: export default function check({read, write, sizeBytes, reached, fail}). It is run from the start for each way that what it reads may turn out; what it never reads costs nothing. Without a budget the answer is complete: no image is left out.',
    'A check may also be a command with {image} in it: exit status 0 says that the image will do. Each image is made on a scratch file, and equal ones are asked about once. FLUSHPOINT_MARKS holds the marks reached before the crash, one a line. Where a crash point has more images than the budget, those that tend to show a fault are picked, then random ones, and the answer says so.',
    `Checks that come with the tool: ${BUILTIN_CHECKS.map(({name, means, limits}) => `${name} (${means}${limits === undefined ? '' : `. ${limits}`})`).join('; ')}.`,
    'A check that reads what nobody knows of the image before the trace is refused: what it says would be of an image that was made up. A command may read anything. --base has what the trace does not know (trace show tells how much it does).',
    'A violation is the smallest loss at the earliest moment, with the flush or FUA that would have prevented it. crash show and crash build take its state with the same trace and flags.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'io', 'format', 'interrupted', 'terminated']),
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
    {
      description: 'With a program, two at a time',
      command: "<%= config.bin %> crash explore run.trace --check 'e2fsck -fn {image}' --jobs 2",
    },
    {
      description: 'One of four parts, for crash merge',
      command: '<%= config.bin %> crash explore run.trace --check recovery.mjs --shard 1/4 --json > part-1.json',
    },
  ]

  static override args = {
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    check: Flags.string({
      description: `A module (recovery.mjs), a command with {image} in it, or one of ${BUILTINS}.`,
      required: true,
      helpValue: '<check>',
    }),
    recover: Flags.string({
      description: 'Command that runs before a command check, and may change the image; it has to end with 0.',
      helpValue: '<command>',
    }),
    budget: Flags.integer({
      min: 1,
      description:
        'Give up after this many states (default: 100 million); with a command, ask about this many images of each crash point (default: 1000).',
    }),
    seed: seedFlag('Chooses the random images of a command check.'),
    jobs: Flags.integer({
      min: 1,
      max: 256,
      default: 1,
      description: 'Threads that share the crash points, or commands at a time.',
    }),
    shard: Flags.custom({
      parse: async (text: string) => parseShard(text),
      description: 'Do one part of so many; crash merge joins their --json reports.',
      helpValue: '<i/n>',
    })(),
    timeout: Flags.integer({
      min: 1,
      max: 86_400,
      default: 60,
      description:
        'Seconds that one run of the check may take. A command that takes longer is killed, which is a violation.',
      helpValue: '<seconds>',
    }),
    ...crashFlags,
  }

  async run(): Promise<object> {
    const {check, recover} = this.flags
    const choice = checkChoiceOf(check, recover)
    const unread = unreadBase({trace: this.args.trace, base: this.flags.base})
    if (unread !== undefined) this.note(unread)
    const interrupt = new Interrupt()
    const spinner = await startSpinner('exploring')
    let end: End
    try {
      end = await this.explored(choice, interrupt.signal, spinner)
    } finally {
      spinner.stop()
      interrupt.close()
    }
    await this.tell(end, interrupt.kind ?? 'interrupted')
    if (interrupt.kind !== undefined) this.endWith(interrupt.kind)
    return {}
  }

  private async explored(choice: CheckChoice, signal: AbortSignal, spinner: Spinner): Promise<End> {
    const {trace} = this.args
    const {check, recover, kind, cache, ordering, device, atom, base, budget, seed, jobs, shard, timeout} = this.flags
    // Parts have to agree on what lay under the trace; nobody else asks.
    const baseDigest = shard === undefined || base === undefined ? undefined : imageDigest(base)
    const model = {trace, kind, mode: cache, ordering, device, atom: atomOf(atom), base, baseDigest}
    const timeoutMs = timeout * 1000
    const limits = builtinCheck(check)?.limits
    const notes = limits === undefined ? [] : [limits]
    if (choice.kind !== 'command') {
      const threads = {jobs, timeoutMs, signal, output: process.stderr}
      return {...(await exploreInThreads({model, check: choice, budget, shard}, threads)), notes}
    }
    const {report, changed} = await runCommandJob({
      model,
      command: choice.command,
      check: recover === undefined ? check : `${check} after ${recover}`,
      ...{budget, seed, jobs, shard, timeoutMs, signal},
      progress: ({crashPoint, crashPoints, states, failing}) =>
        spinner.update(`crash point ${crashPoint} of ${crashPoints}: ${states} images, ${failing} refused`),
    })
    const times = changed === 1 ? 'once' : `${changed} times`
    const changes = changed === 0 ? [] : [`The check changed the image it was to look at ${times}; undone each time.`]
    return {by: signal.aborted ? 'signal' : 'itself', report, notes: [...notes, ...changes]}
  }

  private async tell({by, report, notes}: End, kind: 'interrupted' | 'terminated'): Promise<void> {
    const {check, timeout} = this.flags
    const late = `${check}: a run of the check took longer than ${timeout === 1 ? 'a second' : `${timeout} seconds`}`
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
    await this.print(exploreDocument(report, this.args.trace, {cutBy: cutOf(by, report), notes}))
    if (report.violations.length > 0) this.endWith('verdict')
  }
}

function cutOf(by: ThreadEnd['by'], {finished}: CrashReport): CutBy {
  return by === 'itself' || finished ? 'budget' : by
}
