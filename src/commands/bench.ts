import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import type {BenchWords, Cell, FinishedBench, Turn} from '../bench/index.js'
import {ToolError, type Range} from '../base/index.js'
import type {Document} from '../report/index.js'
import {askOnTerminal, BaseCommand, exitStatusHelp, Interrupt, sizeFlag, startSpinner} from '../cli/index.js'

const list = (description: string, helpValue: string) => Flags.string({description, helpValue, helpGroup: 'WORKLOAD'})
const yes = (description: string) => Flags.boolean({description, helpGroup: 'WORKLOAD'})

/** The image, or one partition of it. */
interface Place {
  readonly path: string
  /** As it was typed. */
  readonly name: string
  readonly part: Range | undefined
}

/** A spinner, and a blank behind it. */
const SPINNER_COLUMNS = 2

export default class Bench extends BaseCommand<typeof Bench> {
  static override summary = 'Measure what cache modes, flushes, FUA and barriers cost on an image.'
  static override description = [
    'Drives a workload, in the words of fio, through the engine that run uses, and counts IOPS, latencies and syncs, for reads, writes and flushes apart. Every flag of the workload may be a list with commas: the lists multiply, and all combinations have their turn in each round, each round beginning with another one.',
    'A workload that writes destroys what the image holds: it needs --allow-write, or yes typed at the terminal. --create makes an image of its own and removes it. With --aio sim the image is only read, and the figures are those of a simulated disk in simulated time, the same every time.',
    exitStatusHelp(),
  ].join('\n\n')

  static override examples = [
    {
      description: 'What does a flush cost here?',
      command: '<%= config.bin %> bench new.img --create 256M --preallocate --rw randwrite --flush-every 0,1,8,64',
    },
    {
      description: 'Compare cache modes for random reads at several depths',
      command: '<%= config.bin %> bench disk.img --rw randread --cache writeback,none --iodepth 1,32',
    },
    {
      description: 'The same on a simulated disk, for figures that do not depend on the machine',
      command: '<%= config.bin %> bench new.img --create 64M --rw randwrite --flush-every 1,8 --aio sim --disk ssd',
    },
    {
      description: 'What the ways to make a write stable cost',
      command: '<%= config.bin %> bench new.img --create 16M --sync-methods',
    },
    {
      description: 'A job file of fio, and a difference called only where it is none of noise',
      command:
        '<%= config.bin %> bench disk.img --job mixed.fio --rounds 7 --verdict --export after.json --allow-write',
    },
    {
      description: 'Fail where after has less than nine tenths of the IOPS of before',
      command: '<%= config.bin %> bench --compare before.json after.json --fail-under 0.9',
    },
    {
      description: 'Write checksummed blocks, and check them later',
      command: '<%= config.bin %> bench disk.img --rw randwrite --io-size 64M --verify --allow-write',
    },
  ]

  static override args = {
    image: Args.string({
      description:
        'Raw disk image, a regular file or a block device; or one partition of it, as disk.img#p2. With --compare the report of after.',
      required: true,
    }),
  }

  static override flags = {
    rw: list('Access: read, write, randread, randwrite, rw, randrw. Default: randread.', '<access>'),
    rwmixread: list('Reads among a hundred requests of rw and randrw. Default: 50.', '<percent>'),
    bs: list('Block size, or a range: 4k, 512-64k. Default: 4k.', '<size>'),
    size: list('Bytes to work on, from --offset. Default: to the end of the image.', '<size>'),
    offset: list('Where to begin; p2 is the start of a partition, p2+1M behind it. Default: 0.', '<size>'),
    'io-size': list('Bytes to transfer, in each job.', '<size>'),
    iodepth: list('Requests in flight in each job. Default: 1.', '<n>'),
    numjobs: list('Jobs at once, each on a thread with an engine of its own. Default: 1.', '<n>'),
    runtime: list('Time for each run; without a unit seconds. Default, where nothing says how much: 1s.', '<time>'),
    'ramp-time': list('Time to run before anything is counted.', '<time>'),
    loops: list('How often the region, or --io-size, is gone over.', '<n>'),
    randseed: list('Chooses all that is random. Default: 1.', '<n>'),
    norandommap: yes('Random accesses may take a block twice, and leave others out.'),
    'random-distribution': list('random, zipf:THETA or pareto:H.', '<which>'),
    thinktime: list('Pause after each completion; without a unit microseconds.', '<time>'),
    'rate-iops': list('Requests a second in each job, at most.', '<n>'),
    'flush-every': list('A FLUSH after so many writes; 0 for none.', '<n>'),
    'flush-drain': Flags.boolean({
      description: 'Nothing is in flight beside a FLUSH. The default.',
      helpGroup: 'WORKLOAD',
      exclusive: ['no-drain'],
    }),
    'no-drain': yes('A FLUSH is submitted beside the writes in flight, and does not cover them.'),
    'fua-every': list('Every so many writes carry FUA; 0 for none.', '<n>'),
    'barrier-every': list('Every so many writes are barriers; 0 for none.', '<n>'),
    ordering: list('What a barrier becomes: see run --help. Default: drain.', '<policy>'),
    'fsync-on-close': yes('A FLUSH at the end.'),
    pattern: list(
      'journal:8+1: 8 data writes, a flush, 1 commit write, a flush; journal:8+1:fua commits with FUA.',
      '<which>',
    ),
    verify: yes('Write checksummed blocks, and read them back at the end.'),
    'verify-only': Flags.boolean({
      description: 'Only check the blocks that the same workload has written before.',
      helpGroup: 'WORKLOAD',
    }),
    job: Flags.string({
      description:
        'Jobs of a file in the syntax of fio, or the same sections in YAML or JSON. Flags beside it hold for every job, over its own words.',
      helpValue: '<file>',
      helpGroup: 'WORKLOAD',
      exclusive: ['trace'],
    }),
    trace: Flags.string({
      description: 'Replay the requests of a trace instead.',
      helpValue: '<file>',
      helpGroup: 'WORKLOAD',
    }),
    timing: Flags.option({
      options: ['speed', 'trace'] as const,
      default: 'speed' as const,
      description: 'With --trace: as fast as they go, or when they were due.',
      helpGroup: 'WORKLOAD',
    })(),
    record: Flags.string({
      description:
        'Record every event of one run of one round with its data to this file, for trace show and crash explore.',
      helpValue: '<file>',
    }),
    'sync-methods': Flags.boolean({
      description:
        'Measure the ways to make a write stable: O_DSYNC, fdatasync, fsync, RWF_DSYNC, O_DIRECT with fdatasync.',
    }),
    cache: Flags.string({description: 'Cache modes. Default: writeback.', helpValue: '<mode>'}),
    aio: Flags.string({
      description: 'How requests reach the image: auto, uring, threads, sim.',
      helpValue: '<backend>',
    }),
    submit: Flags.string({
      description:
        'With io_uring: auto (measured first), ring, poll (the kernel and we look for work without sleeping), or inline (plain system calls on the same thread).',
      helpValue: '<how>',
    }),
    disk: Flags.string({
      description: 'With --aio sim: what the drive costs, as hdd, ssd, nvme or a JSON file.',
      helpValue: '<model>',
    }),
    rounds: Flags.integer({min: 1, max: 1000, description: 'Turns of every run. Default: 3; with --aio sim 1.'}),
    create: sizeFlag({
      description: 'Make an image of this size first, which must not exist, and remove it at the end.',
    }),
    preallocate: Flags.boolean({description: 'Give every block of the image an allocation first.'}),
    'allow-write': Flags.boolean({description: 'Overwrite what the image holds.'}),
    verdict: Flags.boolean({
      description: 'Call every run better or worse than the first where the intervals over rounds do not overlap.',
      helpGroup: 'OUTPUT',
    }),
    export: Flags.string({
      multiple: true,
      description: 'Write the result to a file as well, by its extension: .json, .csv, .md, .txt. May be repeated.',
      helpValue: '<file>',
      helpGroup: 'OUTPUT',
    }),
    compare: Flags.string({
      description:
        'Measure nothing: compare this report of before with that of after. Reports of fio are read as well.',
      helpValue: '<file>',
    }),
    'fail-under': Flags.string({
      description: 'With --compare: end with 1 where a job has less than so much of the IOPS it had, or is missing.',
      helpValue: '<ratio>',
      dependsOn: ['compare'],
    }),
    'device-name': Flags.string({
      description: 'With --allow-write on a block device: its name, so that it is not another one.',
      helpValue: '<name>',
    }),
  }

  async run(): Promise<object> {
    const {flags, args} = this
    const bench = await import('../bench/index.js')
    const {image} = args
    const used = [image, image.replace(/#p\d+$/, ''), flags.job, flags.trace, flags.compare, flags.record]
    bench.refuseExports(
      bench.exportsOf(flags.export ?? []),
      used.filter((file) => file !== undefined),
    )
    if (flags.compare !== undefined) {
      bench.refuseBesideCompare(flags)
      return this.compare(flags.compare)
    }
    const turns = await this.turns()
    const cells = turns.flat()
    bench.refuseConflicts(flags, cells)
    const place = await this.place()
    if (flags['verify-only']) return this.verifyOnly(place, turns)
    const replay = flags.trace === undefined ? undefined : await this.replay(flags.trace)
    const planned =
      replay === undefined ? turns : cells.map((cell) => [bench.replayCell(cell, replay, flags.trace ?? '')])
    const stream = replay && {
      open: () => new bench.TraceStream(replay, flags.timing === 'trace'),
      writes: replay.writes,
    }
    if (flags.create === undefined && (flags['sync-methods'] || bench.overwrites(planned.flat(), stream))) {
      await bench.requireConsent(place, {
        allowWrite: flags['allow-write'] ?? false,
        deviceName: flags['device-name'],
        ask: askOnTerminal,
      })
    }
    const interrupt = new Interrupt()
    const spinner = await startSpinner(`measuring ${args.image}`)
    let finished: FinishedBench
    try {
      if (flags['sync-methods']) return await this.syncMethods(place, cells, interrupt)
      finished = await bench.runBench({
        ...place,
        turns: planned,
        rounds: flags.rounds ?? (flags.record !== undefined || cells.some(({aio}) => aio === 'sim') ? 1 : 3),
        createBytes: this.createBytes(),
        preallocate: flags.preallocate ?? false,
        diskModel: flags.disk === undefined ? undefined : (await import('../run/index.js')).diskModelFrom(flags.disk),
        stream,
        timed: flags.timing === 'trace',
        record: flags.record,
        signal: interrupt.signal,
        progress: (at) => spinner.update(bench.progressLine(at, (process.stderr.columns ?? 80) - SPINNER_COLUMNS)),
      })
    } finally {
      spinner.stop()
      interrupt.close()
    }
    await this.finish(finished, interrupt)
    return {}
  }

  /** What knows partition tables is loaded for a name that may mean a partition. An image that is to be made has none yet. */
  private async place(): Promise<Place> {
    const name = this.args.image
    if (this.flags.create !== undefined || !name.includes('#p')) return {path: name, name, part: undefined}
    const {placeOfName} = await import('../inspect/index.js')
    return {...placeOfName(name), name}
  }

  private async turns(): Promise<readonly Turn[]> {
    const {BENCH_WORDS, cellsOf, turnsOfJobFile} = await import('../bench/index.js')
    const words = await this.placed(this.words(BENCH_WORDS))
    if (this.flags.job === undefined) return cellsOf(words).map((cell) => [cell])
    const {turns, notes} = await turnsOfJobFile(this.flags.job, words)
    for (const note of notes) this.note(note)
    return turns
  }

  private async compare(beforePath: string): Promise<object> {
    const {comparisonDocument, compareReports, jobsBelow, loadFioReport, parseFailUnder} =
      await import('../bench/index.js')
    const afterPath = this.args.image
    const text = this.flags['fail-under']
    const failUnder = text === undefined ? undefined : parseFailUnder(text)
    const comparison = compareReports(await loadFioReport(beforePath), await loadFioReport(afterPath))
    if (failUnder !== undefined && jobsBelow(comparison, failUnder).length > 0) this.endWith('verdict')
    const passing = failUnder === undefined ? {} : {failUnder}
    await this.show(comparisonDocument(comparison, {beforePath, afterPath, ...passing}))
    return {}
  }

  /** Prints a document, and writes it to the files of --export. */
  private async show(document: Document): Promise<void> {
    await this.print(document)
    const {exportDocument, exportsOf} = await import('../bench/index.js')
    await exportDocument(document, exportsOf(this.flags.export ?? []))
  }

  private async finish(finished: FinishedBench, interrupt: Interrupt): Promise<void> {
    const {result, failure, verified, sync} = finished
    const {benchDocument} = await import('../bench/index.js')
    for (const {cell, units, wrong} of verified) {
      if (wrong === 0) this.note(`${cell}: all ${units} blocks that were written read back as they were written`)
    }
    if (verified.some(({wrong}) => wrong > 0)) this.endWith('verdict')
    if (failure !== undefined) {
      this.warn(`cut short: ${failure}`)
      if (verified.every(({wrong}) => wrong === 0)) this.endWith('io')
    }
    if (interrupt.kind) this.endCut(interrupt.kind)
    await this.show(
      benchDocument(result, {
        verdict: this.flags.verdict ?? false,
        version: `flushpoint-${this.config.version}`,
        ...(sync === undefined ? {} : {sync}),
        ...(result.simulated ? {} : {endedAtMs: Date.now()}),
      }),
    )
  }

  /** Starts of partitions in --offset, as p2+1M, become bytes. */
  private async placed(words: BenchWords): Promise<BenchWords> {
    const {offset} = words
    if (offset === undefined || !/\bp\d/.test(offset)) return words
    if (this.flags.create !== undefined)
      throw refusal(`--offset ${offset}: the image is to be made, and has no partitions`, 'Write bytes: 1M.')
    const {openTarget, parseOffset} = await import('../inspect/index.js')
    const target = openTarget(this.args.image)
    try {
      const bytes = offset.split(',').map((value) => parseOffset(value.trim(), target))
      return {...words, offset: bytes.join(',')}
    } finally {
      target.close()
    }
  }

  private endCut(kind: NonNullable<Interrupt['kind']>): void {
    this.warn('cut short by a signal: what is shown was measured before it')
    this.endWith(kind)
  }

  private words(names: readonly string[]): BenchWords {
    const flags = this.flags as Readonly<Record<string, string | boolean | undefined>>
    const said = names.flatMap((name) => {
      if (name === 'verify' && flags['verify-only'] === true) return [[name, '1']]
      const value = name === 'flush-drain' ? (flags['no-drain'] === true ? false : undefined) : flags[name]
      if (value === undefined) return []
      return [[name, typeof value === 'boolean' ? String(Number(value)) : value]]
    })
    return Object.fromEntries(said) as BenchWords
  }

  private async verifyOnly(place: Place, turns: readonly Turn[]): Promise<object> {
    const {verifyImage, verifiedDocument} = await import('../bench/index.js')
    const found = await verifyImage(place, turns)
    if (found.some(({wrong}) => wrong > 0)) this.endWith('verdict')
    await this.show(verifiedDocument(this.args.image, found))
    return {}
  }

  private async replay(name: string) {
    const [{openTrace}, {traceRequests}] = await Promise.all([
      import('../archive/index.js'),
      import('../bench/index.js'),
    ])
    const trace = openTrace(name)
    try {
      const requests = traceRequests(trace.reading)
      if (requests.count === 0)
        throw refusal(`--trace ${name}: it has no request that can be replayed`, 'Record one with run --trace.')
      if (requests.left > 0) this.note(`${requests.left} requests of ${name} cannot be replayed and are left out`)
      if (requests.others > 0)
        this.note(`${requests.others} requests of ${name} are neither reads, writes nor flushes: they are in no figure`)
      return requests
    } finally {
      trace.close()
    }
  }

  private async syncMethods(place: Place, [cell]: readonly Cell[], interrupt: Interrupt): Promise<object> {
    const {makeImage, measureSyncMethods, syncMethodsDocument} = await import('../bench/index.js')
    const createBytes = this.createBytes()
    const {workload} = cell as Cell
    const remove = createBytes === undefined ? undefined : await makeImage(place.path, createBytes, true)
    try {
      const methods = await measureSyncMethods({
        ...place,
        offsetBytes: workload.offsetBytes,
        blockBytes: workload.bs.maxBytes,
        rounds: this.flags.rounds ?? 3,
        runtimeNs: workload.runtimeNs ?? 1e9,
        signal: interrupt.signal,
      })
      if (interrupt.kind) this.endCut(interrupt.kind)
      await this.show(syncMethodsDocument(place.name, workload.bs.maxBytes, methods, interrupt.kind === undefined))
      return {}
    } finally {
      remove?.()
    }
  }

  private createBytes(): number | undefined {
    const bytes = this.flags.create
    if (bytes !== undefined && (bytes === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER)))
      throw refusal(`--create ${bytes}: an image has 1 to 2^53-1 bytes`, '64M is a good first size.')
    return bytes === undefined ? undefined : Number(bytes)
  }
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_BENCH_FLAGS', message, {hint})
}
