import {inspect} from 'node:util'

import type {Interfaces} from '@oclif/core'
import {Command} from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'

import {exitCodeOf, ToolError, type ErrorKind} from '../base/index.js'
import {
  FORMAT_NAMES,
  FORMATS,
  jsonText,
  printable,
  renderDocument,
  type Document,
  type FormatName,
} from '../report/index.js'
import {failureOf, reportFailure, ReportedError} from './failure.js'
import {asksForJson} from './json-request.js'
import {formatOptionsOf, reportThroughCallbacks, writeChunks, writeNow} from './output.js'

/** The parsed flags of a command class, those every command has included. */
export type CommandFlags<T extends typeof Command> = Interfaces.InferredFlags<
  (typeof BaseCommand)['baseFlags'] & T['flags']
>

/** The parsed arguments of a command class. */
export type CommandArgs<T extends typeof Command> = Interfaces.InferredArgs<T['args']>

/**
 * What every command shares: parsed `flags` and `args`, one way to print a result in any format, one way to fail.
 *
 * Promises: results go to stdout, everything else to stderr. Under --json stdout holds exactly one document, also when
 * the command fails. A ToolError ends the process with the status of its kind, a wrong command line with 2, any other
 * error with 70; a reader that closes the pipe early changes none of these. Positional arguments never read stdin.
 */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true
  static override baseFlags = {
    format: Flags.option({
      options: FORMAT_NAMES,
      default: 'table',
      description: `How to print the result: ${Object.values(FORMATS)
        .map(({name, summary}) => `${name} (${summary})`)
        .join(', ')}.`,
      helpGroup: 'OUTPUT',
    })(),
    json: Flags.boolean({description: 'The same as --format json.', helpGroup: 'OUTPUT'}),
    'no-color': Flags.boolean({description: 'Print without colours, also on a terminal.', helpGroup: 'OUTPUT'}),
  }

  protected flags!: CommandFlags<T>
  protected args!: CommandArgs<T>
  #format: FormatName | undefined
  #printed = false

  /** The format the command line asks for. Known once the command line is parsed. */
  protected get format(): FormatName {
    return this.#format ?? 'table'
  }

  override async init(): Promise<void> {
    reportThroughCallbacks(process.stdout)
    reportThroughCallbacks(process.stderr)
    await super.init()
    const {args, flags, metadata} = await this.parse({
      flags: this.ctor.flags,
      baseFlags: (super.ctor as typeof BaseCommand).baseFlags,
      enableJsonFlag: this.ctor.enableJsonFlag,
      args: withoutStdin(this.ctor.args),
      strict: this.ctor.strict,
    })
    this.flags = flags as CommandFlags<T>
    this.args = args as CommandArgs<T>
    this.#format = this.#chooseFormat(metadata.flags['format']?.setFromDefault !== true)
  }

  #chooseFormat(formatGiven: boolean): FormatName {
    const {format, json} = this.flags as {format: FormatName; json: boolean}
    if (json && formatGiven && format !== 'json') {
      throw new ToolError('usage', 'E_FORMAT', `--json and --format ${format} contradict each other`, {
        hint: 'Give one of them.',
      })
    }
    return json || (!formatGiven && super.jsonEnabled()) ? 'json' : format
  }

  /** Whether stdout carries one JSON document: by --json, --format json, or FLUSHPOINT_CONTENT_TYPE=json. */
  override jsonEnabled(): boolean {
    if (this.#format !== undefined) return this.#format === 'json'
    return super.jsonEnabled() || asksForJson(this.argv)
  }

  /**
   * Prints the result of the command on stdout. Waits for a slow reader; ends quietly when the reader has gone.
   *
   * @throws ToolError of kind io when stdout cannot be written, of kind usage when the format cannot show the document
   */
  protected async print(document: Document, format: FormatName = this.format): Promise<void> {
    for await (const chunk of renderDocument(document, format, this.formatOptions)) {
      this.#printed = true
      if ((await writeChunks(process.stdout, [chunk])) === 'closed') return
    }
  }

  /**
   * Prints text or bytes that are no document. Each piece has left the process before the next is asked for; asking ends when the
   * reader has gone.
   *
   * @throws ToolError of kind io when stdout cannot be written
   */
  protected async printBytes(chunks: Iterable<Uint8Array>): Promise<void> {
    this.#printed = true
    await writeChunks(process.stdout, chunks)
  }

  /** The width and the colours that stdout allows. */
  protected get formatOptions(): {readonly width: number; readonly color: boolean} {
    return formatOptionsOf(process.stdout, Boolean((this.flags as {'no-color'?: boolean})['no-color']))
  }

  /** Sets the exit status of a command that did its work and has to say no, or was cut short. The report still counts. */
  protected endWith(kind: ErrorKind): void {
    process.exitCode = exitCodeOf(kind)
  }

  /** A line on stderr that is no warning: "note: ...". */
  protected note(message: string): void {
    process.stderr.write(`note: ${printable(message)}\n`)
  }

  /** A line on stderr: "warning: ...". In every format: stderr is not part of the document. */
  override warn(input: Error | string): Error | string {
    process.stderr.write(`warning: ${printable(typeof input === 'string' ? input : input.message)}\n`)
    return input
  }

  /** oclif passes the result of run() here under --json; print() has already written the document then. */
  override logJson(json: unknown): void {
    if (this.#printed) return
    this.#printed = true
    // oclif does not wait for this: a failure can only be told afterwards.
    writeNow(process.stdout, [...jsonText(json)].join(''), (error) => {
      process.exitCode = error.exitCode
      void reportFailure(failureOf(error, ''), false)
    })
  }

  /** Prints any error once, in the form the command line asks for, and makes it the exit status. */
  protected override async catch(error: Error): Promise<never> {
    const name = this.id === undefined ? '' : ` ${this.id.replaceAll(':', this.config.topicSeparator)}`
    const failure = failureOf(error, `${this.config.bin}${name} --help`)
    process.exitCode = failure.exit
    // this.exit(n) of oclif: a status without a message.
    if (failure.code !== 'EEXIT') {
      // After a document on stdout (its last write failed, or the command went on) a second one would spoil it.
      await reportFailure(failure, this.jsonEnabled() && !this.#printed)
      if (process.env['DEBUG']) process.stderr.write(`${inspect(error)}\n`)
    }
    // oclif ends the process at once now, and a pipe may still hold what this.log wrote.
    await writeChunks(process.stdout, ['']).catch(() => 'closed')
    throw new ReportedError(failure)
  }
}

/** oclif reads a missing argument from stdin when that is no terminal; a disk tool must not guess its image from there. */
function withoutStdin(args: Interfaces.ArgInput): Interfaces.ArgInput {
  return Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, {...arg, ignoreStdin: true}]))
}
