import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {AIO_CHOICES, type AioChoice} from '../aio/index.js'
import {ToolError, type ErrorKind} from '../base/index.js'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, Interrupt, sizeFlag, startSpinner} from '../cli/index.js'
import {ORDERING_MODES, orderingModeOf} from '../ordering/index.js'
import {
  compareDocument,
  loadBatch,
  loadPatternFiles,
  runModes,
  runDocument,
  verdictOf,
  type RunResult,
} from '../run/index.js'

const DEPTH_MAX = 1024

/** The ways several runs can end, gravest first: the command ends with the gravest of them. */
const GRAVEST: readonly ErrorKind[] = ['interrupted', 'terminated', 'io', 'verdict']

export default class Run extends BaseCommand<typeof Run> {
  static override summary =
    'Run a batch of requests on an image under a cache mode, and tell what would survive a failure.'
  static override description = [
    'Reads requests (IN, OUT, FLUSH, DISCARD, WRITE_ZEROES, GET_ID, ...) from a file, from stdin (-) or from -c, runs them on the image, and reports for each since when its data is stable, what a process kill, an OS crash and a power cut would lose now, which guarantees the mode gives and why, and what is risky in the batch.',
    'The whole batch is parsed and checked before the image is opened. With several modes, each runs on a throw-away copy of the image, and one table compares them. The README has the batch language.',
    exitStatusHelp(),
  ].join('\n\n')

  static override examples = [
    {
      description: 'Write 4 KiB, flush, read it back',
      command: '<%= config.bin %> run disk.img -c "OUT 0 4k pattern=0xaa" -c FLUSH -c "IN 0 4k verify=0xaa"',
    },
    {
      description: 'Make an image and run a batch file under no host cache, eight requests at a time',
      command: '<%= config.bin %> run disk.img batch.fp --create 16M --cache none --depth 8',
    },
    {
      description: 'Compare three modes without touching the image',
      command: '<%= config.bin %> run disk.img batch.fp --cache writethrough,writeback,none',
    },
    {
      description: 'In a script: fail unless everything written is stable at the end',
      command: '<%= config.bin %> run disk.img batch.fp --require stable --json',
    },
  ]

  static override args = {
    image: Args.string({description: 'Raw disk image: a regular file or a block device.', required: true}),
    batch: Args.string({description: 'Batch file, or - for stdin.'}),
  }

  static override flags = {
    command: Flags.string({
      char: 'c',
      multiple: true,
      multipleNonGreedy: true,
      description: 'A line of the batch; may be repeated. Instead of BATCH.',
      helpValue: '<request>',
    }),
    cache: Flags.string({
      default: 'writeback',
      description: `Cache mode, or several with commas: ${CACHE_MODES.flatMap((mode) => [mode.name, ...mode.aliases.map((alias) => `${alias} (= ${mode.name})`)]).join(', ')}.`,
      helpValue: '<mode>',
    }),
    aio: Flags.option({
      options: AIO_CHOICES,
      default: 'auto' as AioChoice,
      description: 'How requests reach the image. auto takes io_uring where it is available.',
    })(),
    depth: Flags.integer({
      min: 1,
      max: DEPTH_MAX,
      default: 1,
      description: 'Requests in flight at a time. At 1 each completes before the next starts.',
    }),
    ordering: Flags.option({
      options: ORDERING_MODES.map((mode) => mode.name),
      default: 'drain',
      description: `What the BARRIER flag gets: ${ORDERING_MODES.map(({name, summary}) => `${name} (${summary})`).join('; ')}.`,
    })(),
    create: sizeFlag({description: 'Make a sparse image of this size first; it must not exist.'}),
    'read-only': Flags.boolean({description: 'Open the image for reading only; writes end as IOERR.'}),
    snapshot: Flags.boolean({description: 'Run on a throw-away copy; the image is not touched.'}),
    'force-share': Flags.boolean({
      char: 'U',
      description: 'Open the image although another process is using it. With --read-only or --snapshot.',
    }),
    seed: Flags.integer({default: 1, min: 0, description: 'What a simulated disk (--aio sim) leaves to chance.'}),
    require: Flags.option({
      options: ['stable'] as const,
      description: 'End with status 1 unless every completed write is stable against power loss.',
    })(),
  }

  async run(): Promise<object> {
    const {flags, args} = this
    const modes = this.modes()
    const {sourceName, statements} = loadBatch(args.batch, flags.command ?? [])
    const fileBytes = loadPatternFiles(statements, sourceName)
    const interrupt = new Interrupt()
    const spinner = await startSpinner(`running ${args.image}`)
    let results: readonly RunResult[]
    try {
      results = await runModes(modes, {
        path: args.image,
        ordering: orderingModeOf(flags.ordering),
        aio: flags.aio,
        depth: flags.depth,
        readOnly: flags['read-only'] ?? false,
        snapshot: flags.snapshot ?? false,
        forceShare: flags['force-share'] ?? false,
        createBytes: this.createBytes(),
        seed: flags.seed,
        statements,
        fileBytes,
        signal: interrupt.signal,
        progress: (done) => spinner.update(`${done} requests done`),
      })
    } finally {
      spinner.stop()
      interrupt.close()
    }
    // A signal between two modes is in no result.
    const cutShort = results.length < modes.length ? interrupt.kind : undefined
    await this.report(results, modes.length > 1, cutShort)
    return {}
  }

  private async report(
    results: readonly RunResult[],
    comparing: boolean,
    cutShort: ErrorKind | undefined,
  ): Promise<void> {
    const verdicts = results.map((result) => verdictOf(result, this.flags.require === 'stable'))
    const [result] = results
    const [verdict] = verdicts
    if (!result || !verdict) {
      throw new ToolError(
        cutShort ?? 'interrupted',
        'E_INTERRUPTED',
        `${this.args.image}: stopped before the first request`,
        {
          hint: 'Nothing was opened and nothing was written.',
        },
      )
    }
    const kinds = [cutShort, ...verdicts.map((candidate) => candidate.kind)]
    const kind = GRAVEST.find((candidate) => kinds.includes(candidate))
    if (kind) this.endWith(kind)
    await this.print(comparing ? compareDocument(results, verdicts) : runDocument(result, verdict))
  }

  private modes(): CacheMode[] {
    const modes = this.flags.cache.split(',').map((name) => cacheModeOf(name.trim()))
    const twice = modes.find((mode, i) => modes.indexOf(mode) !== i)
    if (twice) {
      throw new ToolError('usage', 'E_CACHE_MODE', `--cache names ${twice.name} twice`, {
        hint: 'Name each mode once; aliases count as the mode they stand for.',
      })
    }
    if (this.flags['force-share'] && !this.flags['read-only'] && !this.flags.snapshot && modes.length === 1) {
      throw new ToolError(
        'usage',
        'E_FORCE_SHARE',
        '--force-share is for reading: writing to an image in use destroys it',
        {
          hint: 'Add --read-only, or --snapshot to write to a throw-away copy.',
        },
      )
    }
    return modes
  }

  private createBytes(): number | undefined {
    const bytes = this.flags.create
    if (bytes === undefined) return undefined
    if (bytes === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ToolError('usage', 'E_CREATE', `--create ${bytes}: an image has 1 to 2^53-1 bytes`, {
        hint: '64M is a good first size.',
      })
    }
    return Number(bytes)
  }
}
