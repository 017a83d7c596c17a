import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {openSource, openTraceText, writeTrace, type OpenTrace} from '../../archive/index.js'
import {SECTOR_BYTES, ToolError} from '../../base/index.js'
import {CACHE_MODES, cacheModeOf} from '../../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, sizeFlag} from '../../cli/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../ordering/index.js'
import {readLog} from '../../trace/index.js'

export default class TraceImport extends BaseCommand<typeof TraceImport> {
  static override summary = 'Make a trace of what another tool recorded, or of text written by hand.'
  static override description = [
    'log-writes: a log, in a file or on a block device, of the device-mapper target log-writes or of QEMU (driver=blklogwrites). It has completed writes only, each as if it had been alone; writes in flight at a flush stand behind it; what the image held before is not in it. QEMU 7.2 logs no FUA, and puts what completed beside a flush ahead of it. ndjson: text, one event a line; the README has the form.',
    'The file appears when it is whole; one that is there already is replaced.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'A log that QEMU wrote, of an image of 64 MiB',
      command: '<%= config.bin %> trace import qemu.log --from log-writes -o qemu.trace --size 64M',
    },
    {
      description: 'A trace written by hand',
      command: '<%= config.bin %> trace import story.ndjson --from ndjson -o story.trace',
    },
  ]

  static override args = {
    file: Args.string({description: 'What to read; - is stdin, for ndjson.', required: true}),
  }

  static override flags = {
    from: Flags.option({options: ['log-writes', 'ndjson'] as const, description: 'The form it has.', required: true})(),
    output: Flags.string({char: 'o', description: 'Trace file to write.', required: true, helpValue: '<file>'}),
    size: sizeFlag({
      description: 'Size of the image, where the file does not say it. Default for a log: the end of what it writes.',
    }),
    cache: Flags.string({
      aliases: ['mode'],
      description: `Cache mode to take it to have run under, where the file does not say it: ${CACHE_MODES.map(({name}) => name).join(', ')}. Default: writeback.`,
      helpValue: '<mode>',
    }),
    ordering: Flags.string({
      description: `What barriers were, where the file does not say it: ${ORDERING_MODES.map(({name}) => name).join(', ')}. Default: drain.`,
      helpValue: '<policy>',
    }),
  }

  async run(): Promise<object> {
    const {file} = this.args
    const {from, output} = this.flags
    const {reading, close} = this.opened(file)
    try {
      const events = writeTrace(output, reading)
      const {sizeBytes, mode, ordering, knownBefore} = reading.header
      const facts = {from, output, sizeBytes, mode, ordering, knownBefore, events}
      if (from === 'log-writes')
        this.note('a log does not tell what the image held before: crash explore has it from --base')
      await this.print({
        title: `${output}: ${events} events from ${file}, under ${mode}`,
        blocks: [],
        json: {schema: 'flushpoint/trace-import@1', ...facts},
        records: [{record: 'import', ...facts}],
      })
    } finally {
      close()
    }
    return {}
  }

  private opened(file: string): OpenTrace {
    const {from, size, output} = this.flags
    const mode = cacheModeOf(this.flags.cache ?? 'writeback')
    const ordering = orderingModeOf(this.flags.ordering ?? 'drain')
    const sizeBytes = size === undefined ? undefined : imageBytes(size)
    if (output === '-') {
      throw new ToolError('usage', 'E_TRACE_FLAGS', 'a trace is written to a file, not to stdout', {
        hint: 'Name a file with -o.',
      })
    }
    if (from === 'ndjson') return openTraceText(file, {sizeBytes, mode: mode.name, ordering: ordering.name})
    if (file === '-') {
      throw new ToolError('usage', 'E_TRACE_FLAGS', 'a log is read at many places: stdin cannot be', {
        hint: 'Name the file or block device that holds it.',
      })
    }
    const {source, close} = openSource(file)
    try {
      return {reading: readLog(source, {sizeBytes, mode, ordering}), close}
    } catch (error) {
      close()
      throw error
    }
  }
}

function imageBytes(size: bigint): number {
  if (size < BigInt(SECTOR_BYTES) || size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ToolError('usage', 'E_SIZE', `--size ${size}: an image has ${SECTOR_BYTES} to 2^53-1 bytes`, {
      hint: '64M is an example.',
    })
  }
  return Number(size)
}
