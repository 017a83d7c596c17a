import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../../base/index.js'
import {CACHE_MODES, cacheModeOf} from '../../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, Interrupt, seedFlag} from '../../cli/index.js'
import type {Companion, ListenAddress, ServeOptions, ServeResult} from '../../serve/index.js'

const CONNECTIONS_MAX = 4096

export default class ServeNbd extends BaseCommand<typeof ServeNbd> {
  static override summary = 'Give any NBD client the image under a cache mode, and record what it does.'
  static override description = [
    'Serves the image with the Network Block Device protocol until SIGTERM or SIGINT: then nobody is accepted any more, what is in flight is finished, the image is synced, the report is printed, and the exit status is 0, as with other NBD servers. A FLUSH is answered when everything that was answered before it, on any connection, is stable; a request with FUA when its own data is. Under unsafe both are answered and ignored.',
    'With a command behind --, the server runs as long as the command does, and ends with its status; SIGTERM is passed on to it. {uri} in it becomes the URI of the server. SIGUSR1 prints the status.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format', 'protocol']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'Copy an image into a disk under no host cache, and record it',
      command:
        '<%= config.bin %> serve nbd disk.img --cache none --trace copy.trace -- qemu-img convert -n -O raw src.img {uri}',
    },
    {
      description: 'Record what clients do to a large image',
      command: '<%= config.bin %> serve nbd large.img --trace large.trace --touched-only -- sh work.sh {uri}',
    },
    {
      description: 'Serve on a socket until stopped',
      command: '<%= config.bin %> serve nbd disk.img --listen unix:/run/disk.sock',
    },
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, a regular file or a block device; or one partition of it, as disk.img#p2.',
      required: true,
    }),
  }

  static override flags = {
    cache: Flags.option({
      options: CACHE_MODES.flatMap(({name, aliases}) => [name, ...aliases]),
      default: 'writeback',
      description: 'Cache mode.',
    })(),
    listen: Flags.string({
      description:
        'Where to listen: unix:PATH, or ADDRESS:PORT (port 0: any that is free). Default: sockets passed in LISTEN_FDS, else one in a private temporary folder.',
      helpValue: '<address>',
    }),
    export: Flags.string({
      default: '',
      description: 'Name of the export; clients may leave it out.',
      helpValue: '<name>',
    }),
    once: Flags.boolean({
      description:
        'End when a client has got as far as requests and the last connection has gone; with 6 when one broke the protocol. While one is open others may join.',
    }),
    'max-connections': Flags.integer({
      min: 1,
      max: CONNECTIONS_MAX,
      default: 512,
      description: 'Clients at a time. Each may have 128 requests and 16 MiB in flight.',
    }),
    'handshake-limit': Flags.string({
      default: '10s',
      description:
        'How long a client may take from connecting to its first chance to make a request, TLS included; without a unit seconds, 0: for ever. Who takes longer is sent away, and is not served in the sense of --once.',
      helpValue: '<time>',
    }),
    'read-only': Flags.boolean({description: 'Open the image for reading only; writes end with EPERM.'}),
    snapshot: Flags.boolean({description: 'Serve a throw-away copy; the image is not touched.'}),
    'force-share': Flags.boolean({
      char: 'U',
      description: 'Open the image although another process is using it. With --read-only or --snapshot.',
    }),
    aio: Flags.option({
      options: ['auto', 'uring', 'threads'] as const,
      default: 'auto' as 'auto' | 'uring' | 'threads',
      description: 'How requests reach the image, and bytes the clients. auto takes io_uring where it is available.',
    })(),
    trace: Flags.string({
      description:
        'Record every event with its data to this file, for trace show and crash explore, and first all that the image holds.',
      helpValue: '<file>',
    }),
    'touched-only': Flags.boolean({
      description:
        'With --trace: record what clients change, read when they first do, in place of all that the image holds. Starts at once whatever the size; crash explore then needs --base for most checks.',
      dependsOn: ['trace'],
    }),
    delay: Flags.string({
      description: 'A slow disk on purpose: steps that take longer, as read=1ms,write=5ms,flush=20ms,zero=1s.',
      helpValue: '<step=time>',
    }),
    error: Flags.string({
      description: 'A bad disk on purpose: steps that fail, always or at a rate, as write=EIO@0.1%,flush=EIO.',
      helpValue: '<step=error>',
    }),
    seed: seedFlag('Chooses which steps --error lets fail.'),
    status: Flags.string({
      description: 'Keep the status as JSON in this file, anew every second and on SIGUSR1.',
      helpValue: '<file>',
    }),
    tls: Flags.string({
      description:
        'Speak TLS only, with server-cert.pem and server-key.pem of this folder; with ca-cert.pem in it clients need a certificate too.',
      helpValue: '<folder>',
      exclusive: ['tls-psk'],
    }),
    'tls-psk': Flags.string({
      description: 'Speak TLS only, with the keys of this file: lines of a name, a colon and hex.',
      helpValue: '<file>',
    }),
    insecure: Flags.boolean({description: 'Listen on an address that other machines reach, without TLS.'}),
  }

  /** What stands behind --. */
  private words: readonly string[] | undefined

  override async init(): Promise<void> {
    const cut = this.argv.indexOf('--')
    if (cut >= 0) {
      this.words = this.argv.slice(cut + 1)
      this.argv = this.argv.slice(0, cut)
    }
    await super.init()
  }

  async run(): Promise<object> {
    const {flushingWords, serveNbd, serveDocument, StatusReport, privateAddress, uriOf, runBeside, isLocal} =
      await import('../../serve/index.js')
    const {flags, args, words} = this
    const given = await this.address()
    const own = given === undefined ? privateAddress() : undefined
    const interrupt = new Interrupt()
    const over = new AbortController()
    interrupt.signal.addEventListener('abort', () => over.abort(interrupt.received))
    const mode = cacheModeOf(flags.cache)
    let report: InstanceType<typeof StatusReport> | undefined
    let command: Companion | undefined
    try {
      if (mode.noFlush) this.warn(`${mode.name}: every FLUSH and FUA is answered and ignored`)
      const result = await serveNbd({
        ...(await this.options()),
        listen: given ?? (own as {address: ListenAddress}).address,
        signal: over.signal,
        interruptedBy: () => interrupt.received,
        ready: ({address, status}) => {
          if (!isLocal(address)) this.refuseOthers('LISTEN_FDS')
          const security = flags.tls === undefined ? (flags['tls-psk'] === undefined ? 'no' : 'psk') : 'certificates'
          const uri = uriOf(address, flags.export, security)
          const watched = process.stderr.isTTY && words === undefined
          report = new StatusReport({
            status,
            uri,
            file: flags.status,
            line: (text) => this.note(text),
            // One that wraps could not be wiped.
            watched: watched
              ? (text) => process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns || 80) - 1)}`)
              : undefined,
          })
          if (words === undefined || words.length === 0)
            this.note(`serving ${args.image} at ${uri} (${flushingWords(mode)})`)
          else {
            const quiet = this.format !== 'table' && this.format !== 'markdown'
            command = runBeside(words, uri, quiet, interrupt.signal)
            command.ended.then(
              () => over.abort('command'),
              () => over.abort('command'),
            )
          }
        },
      }).finally(() => report?.close())
      const status = await command?.ended
      this.endAs(result, status)
      await this.print(serveDocument(result))
      return {}
    } finally {
      // Where the server has failed it would go on with nobody to talk to.
      await command?.stop()
      interrupt.close()
      own?.remove()
    }
  }

  private async options(): Promise<Omit<ServeOptions, 'listen' | 'signal' | 'interruptedBy' | 'ready'>> {
    const {flags, args} = this
    const [{parseHandshakeLimit, tlsWithCertificates, tlsWithKeys}, {parseSpoil}, {linkedPath, refuseImage}] =
      await Promise.all([
        import('../../serve/index.js'),
        import('../../aio/index.js'),
        import('../../archive/index.js'),
      ])
    if (Buffer.byteLength(flags.export) > 4096) throw refusal('--export: a name has at most 4096 bytes', 'Shorten it.')
    const {tls, 'tls-psk': keys} = flags
    const {placeOfName} = args.image.includes('#p') ? await import('../../inspect/index.js') : {placeOfName: undefined}
    const place = placeOfName?.(args.image) ?? {path: args.image}
    if (flags.status !== undefined) {
      refuseImage('--status', flags.status, place.path)
      if (flags.trace !== undefined && linkedPath(flags.trace) === linkedPath(flags.status))
        throw refusal(`--status ${flags.status}: --trace names this file, too`, 'Name two files.')
    }
    return {
      ...place,
      mode: cacheModeOf(flags.cache),
      aio: flags.aio,
      readOnly: flags['read-only'] ?? false,
      snapshot: flags.snapshot ?? false,
      forceShare: flags['force-share'] ?? false,
      exportName: flags.export,
      maxConnections: flags['max-connections'],
      handshakeLimitMs: parseHandshakeLimit(flags['handshake-limit']),
      once: flags.once ?? false,
      tls: tls === undefined ? (keys === undefined ? undefined : tlsWithKeys(keys)) : tlsWithCertificates(tls),
      spoil: parseSpoil(flags.delay, flags.error),
      seed: flags.seed,
      trace: flags.trace,
      touchedOnly: flags['touched-only'] ?? false,
    }
  }

  /** Where to listen; undefined is a place of our own. */
  private async address(): Promise<ListenAddress | undefined> {
    const {inheritedAddress, isLocal, parseListenAddress} = await import('../../serve/index.js')
    const {listen} = this.flags
    if (listen === undefined) return inheritedAddress(process.env, process.pid)
    const address = parseListenAddress(listen)
    if (!isLocal(address)) this.refuseOthers(`--listen ${listen}`)
    return address
  }

  /** Without TLS nobody but this machine is served, unless that is said. */
  private refuseOthers(where: string): void {
    const {tls, 'tls-psk': keys, insecure} = this.flags
    if (tls !== undefined || keys !== undefined || insecure) return
    throw refusal(
      `${where}: other machines could read and write the image`,
      'Add --tls or --tls-psk, listen on 127.0.0.1, or say --insecure.',
    )
  }

  private endAs({poison, closingSync, faults}: ServeResult, status: number | undefined): void {
    if (poison !== 0 || closingSync === 'failed') this.endWith('io')
    else if (this.flags.once && faults.length > 0) this.endWith('protocol')
    else if (status !== undefined) process.exitCode = status
  }
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_SERVE_FLAGS', message, {hint})
}
