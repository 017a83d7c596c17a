import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {AIO_CHOICES, parseSpoil, type AioChoice, type DiskModel} from '../aio/index.js'
import {ToolError, type ErrorKind} from '../base/index.js'
import {mayNamePartition, type StartOf} from '../batch/index.js'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, Interrupt, seedFlag, sizeFlag, startSpinner} from '../cli/index.js'
import {ERAS, FRONTENDS, STEP_NAMES} from '../frontend/index.js'
import {ORDERING_MODES} from '../ordering/index.js'
import {
  besideDocument,
  compareDocument,
  diskModelFrom,
  guestOf,
  loadBatch,
  loadPatternFiles,
  orderingsOf,
  readBatch,
  runBeside,
  runModes,
  runDocument,
  verdictOf,
  type GuestBatch,
  type RunOptions,
  type RunResult,
} from '../run/index.js'

const DEPTH_MAX = 1024
const STDIN = '-'

/** The ways several runs can end, gravest first: the command ends with the gravest of them. */
const GRAVEST: readonly ErrorKind[] = ['interrupted', 'terminated', 'io', 'verdict']

export default class Run extends BaseCommand<typeof Run> {
  static override summary =
    'Run a batch of requests on an image under a cache mode, and tell what would survive a failure.'
  static override description = [
    'Reads requests (IN, OUT, FLUSH, DISCARD, WRITE_ZEROES, GET_ID, ...) from a file, from stdin (-) or from -c, runs them on the image, and reports for each since when its data is stable, what a process kill, an OS crash and a power cut would lose now, which guarantees the mode gives and why, and what is risky in the batch.',
    'The whole batch is parsed and checked before the image is opened. With several modes, each runs on a throw-away copy of the image, and one table compares them. An offset may name a partition of the image: p2, p2+1M. The README has the batch language.',
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
      description: 'Write behind the start of the second partition',
      command: '<%= config.bin %> run disk.img -c "OUT p2+1M 4k" -c FLUSH',
    },
    {
      description: 'See what the fsync of a guest comes to behind the IDE disk of 2009',
      command: '<%= config.bin %> run disk.img -c "OUT 0 4k" -c FSYNC --frontend ide --era 2009',
    },
    {
      description: 'Compare what two barrier policies cost on a simulated hard disk',
      command:
        '<%= config.bin %> run disk.img batch.fp --aio sim --disk hdd --depth 8 --ordering drain-flush,tag-flush',
    },
    {
      description: 'In a script: fail unless everything written is stable at the end',
      command: '<%= config.bin %> run disk.img batch.fp --require stable --json',
    },
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, a regular file or a block device; or one partition of it, as disk.img#p2.',
      required: true,
    }),
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
    ordering: Flags.string({
      description: `What a barrier becomes, or several with commas: ${ORDERING_MODES.map(({name, summary}) => `${name} (${summary})`).join('; ')}. Default: what the driver of --frontend declares; without one, drain.`,
      helpValue: '<policy>',
    }),
    frontend: Flags.option({
      options: FRONTENDS.map(({name}) => name),
      description: 'Behave as this device model and its driver: what is offered, agreed on, sent and flushed.',
    })(),
    era: Flags.option({
      options: ERAS.map(({name}) => name),
      description: 'With --frontend: in August 2009, after the action plan of that time, or today (the default).',
    })(),
    with: Flags.string({
      description: `With --era 2009: steps of its plan that have been taken: ${STEP_NAMES.join(', ')}.`,
      helpValue: '<step>',
    }),
    features: Flags.string({
      description:
        'Features the device offers in place of its own, with commas; none for nothing. Without --frontend: of virtio-blk.',
      helpValue: '<feature>',
    }),
    negotiate: Flags.string({
      description: 'Features the driver accepts in place of those it knows, with commas; none for nothing.',
      helpValue: '<feature>',
    }),
    'direct-io-safe': Flags.boolean({
      allowNo: true,
      description:
        'With --frontend xen-blkback: whether its storage permits O_DIRECT. Without the permission none is run as writeback.',
    }),
    disk: Flags.string({
      description:
        'With --aio sim: what the drive costs, as hdd, ssd, nvme or a JSON file; deterministic figures in simulated time.',
      helpValue: '<model>',
    }),
    delay: Flags.string({
      description: 'A slow disk on purpose: steps that take longer, as read=1ms,write=5ms,flush=20ms,zero=1s.',
      helpValue: '<step=time>',
    }),
    error: Flags.string({
      description:
        'A bad disk on purpose: steps that fail, always or at a rate, as write=EIO@0.1%,flush=EIO. --seed chooses which.',
      helpValue: '<step=error>',
    }),
    trace: Flags.string({
      description: 'Record every event of the run with its data to this file, for trace show and crash explore.',
      helpValue: '<file>',
    }),
    beside: Flags.string({
      description: 'With --disk: the batch of a second guest on the same simulated drive; both are also run alone.',
      helpValue: '<batch>',
    }),
    create: sizeFlag({description: 'Make a sparse image of this size first; it must not exist.'}),
    'read-only': Flags.boolean({description: 'Open the image for reading only; writes end as IOERR.'}),
    snapshot: Flags.boolean({description: 'Run on a throw-away copy; the image is not touched.'}),
    'force-share': Flags.boolean({
      char: 'U',
      description: 'Open the image although another process is using it. With --read-only or --snapshot.',
    }),
    seed: seedFlag('What a simulated disk (--aio sim) leaves to chance.'),
    require: Flags.option({
      options: ['stable'] as const,
      description: 'End with status 1 unless every completed write is stable against power loss.',
    })(),
  }

  async run(): Promise<object> {
    const {flags, args} = this
    const modes = this.modes()
    const orderings = orderingsOf(flags.ordering)
    const planned = modes.length * Math.max(1, orderings.length)
    this.checkDrive(planned)
    const guest = guestOf({...flags, directIoSafe: flags['direct-io-safe']})
    const diskModel = flags.disk === undefined ? undefined : diskModelFrom(flags.disk)
    const batch = await this.batch(args.batch, flags.command ?? [])
    const second = flags.beside === undefined ? undefined : await this.batch(flags.beside, [])
    // What knows partition tables is loaded for a name that may mean a partition.
    const {placeOfName} = args.image.includes('#p') ? await import('../inspect/index.js') : {placeOfName: undefined}
    const place = placeOfName?.(args.image) ?? {path: args.image}
    const interrupt = new Interrupt()
    const spinner = await startSpinner(`running ${args.image}`)
    let results: readonly RunResult[]
    try {
      const options: Omit<RunOptions, 'mode'> = {
        ...place,
        ordering: orderings[0],
        guest,
        aio: flags.aio,
        depth: flags.depth,
        readOnly: flags['read-only'] ?? false,
        snapshot: flags.snapshot ?? false,
        forceShare: flags['force-share'] ?? false,
        createBytes: this.createBytes(),
        seed: flags.seed,
        diskModel,
        spoil: this.spoil(),
        trace: flags.trace,
        statements: batch.statements,
        fileBytes: batch.fileBytes,
        signal: interrupt.signal,
        progress: (done) => spinner.update(`${done} requests done`),
      }
      const [mode] = modes
      if (second && diskModel && mode)
        return await this.runPair([batch, second], {...options, mode, diskModel}, interrupt)
      results = await runModes(modes, options, orderings.length === 0 ? [undefined] : orderings)
    } finally {
      spinner.stop()
      interrupt.close()
    }
    // A signal between two modes is in no result.
    const cutShort = results.length < planned ? interrupt.kind : undefined
    await this.report(results, planned > 1, cutShort)
    return {}
  }

  /** Two guests on one drive. */
  private async runPair(
    batches: readonly [GuestBatch, GuestBatch],
    options: RunOptions & {readonly diskModel: DiskModel},
    interrupt: Interrupt,
  ): Promise<object> {
    const pairs = await runBeside(batches, options)
    if (!pairs) {
      const what = `${this.args.image}: stopped before both guests had run`
      throw new ToolError(interrupt.kind ?? 'interrupted', 'E_INTERRUPTED', what, {
        hint: 'There is nothing to compare. The image was only read.',
      })
    }
    const verdicts = pairs.map(({beside}) => verdictOf(beside, this.flags.require === 'stable'))
    this.endWithGravest(verdicts.map(({kind}) => kind))
    await this.print(besideDocument(pairs, verdicts))
    return {}
  }

  private spoil(): RunOptions['spoil'] {
    const {delay, error, aio} = this.flags
    if (aio === 'sim' && (delay !== undefined || error !== undefined)) {
      throw refusal('--delay and --error are for real disks, not for a simulated one', 'Leave --aio sim out.')
    }
    return parseSpoil(delay, error)
  }

  private async batch(source: string | undefined, lines: readonly string[]): Promise<GuestBatch> {
    const read = readBatch(source, lines)
    const loaded = loadBatch(read, mayNamePartition(read.text) ? await this.partitionStarts() : undefined)
    return {...loaded, fileBytes: loadPatternFiles(loaded.statements, loaded.sourceName)}
  }

  /** What knows partition tables is loaded for a batch that names a partition. */
  private async partitionStarts(): Promise<StartOf> {
    if (this.flags.create !== undefined) return noPartitions
    const {partitionStarts} = await import('../inspect/index.js')
    return partitionStarts(this.args.image)
  }

  /** Flags that mean nothing without another one, or beside it: refused before a batch is read. */
  private checkDrive(runs: number): void {
    const {disk, beside, aio, trace} = this.flags
    if (trace !== undefined && (runs > 1 || beside !== undefined)) {
      throw refusal('--trace records one run, not several', 'Name one mode and one policy, and leave --beside out.')
    }
    if (beside !== undefined && disk === undefined) {
      throw refusal('--beside needs a simulated drive to share', 'Add --aio sim --disk ssd, or another model.')
    }
    if (disk !== undefined && aio !== 'sim') {
      throw refusal('--disk is the cost of a simulated drive', 'Add --aio sim: the image is then only read.')
    }
    if (beside === undefined) return
    if (runs > 1) throw refusal('--beside compares two guests, not modes or policies', 'Name one mode and one policy.')
    if (beside === STDIN && this.args.batch === STDIN) {
      throw refusal('stdin is named as the batch of both guests', 'Put one of the two batches into a file.')
    }
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
    this.endWithGravest([cutShort, ...verdicts.map((candidate) => candidate.kind)])
    await this.print(comparing ? compareDocument(results, verdicts) : runDocument(result, verdict))
  }

  private endWithGravest(kinds: readonly (ErrorKind | undefined)[]): void {
    const kind = GRAVEST.find((candidate) => kinds.includes(candidate))
    if (kind) this.endWith(kind)
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

function noPartitions(number: number): never {
  throw refusal(`p${number} is a partition, and the image is to be made: it has none`, 'Write bytes: 1M.')
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_RUN_FLAGS', message, {hint})
}
