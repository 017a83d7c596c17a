import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {createOutput, openTrace, type OutputFile} from '../../archive/index.js'
import {ToolError} from '../../base/index.js'
import {BaseCommand, exitStatusHelp} from '../../cli/index.js'
import {exportLog, traceText, type TraceReading} from '../../trace/index.js'

const STDOUT = '-'

/** What an export came to. */
interface Exported {
  readonly unit: string
  readonly count: number
  readonly notes: readonly string[]
}

export default class TraceExport extends BaseCommand<typeof TraceExport> {
  static override summary = 'Write a trace in a form that other tools, and people, can read.'
  static override description = [
    'log-writes: a log of the device-mapper target log-writes, which replay-log and xfstests read: completed writes, each ahead of the first flush that covers it. ndjson: text, one event a line with its data; the README has the form. trace import reads both back.',
    'The file appears when it is whole; one that is there already is replaced. "-" is stdout.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'For replay-log',
      command: '<%= config.bin %> trace export run.trace --to log-writes -o run.log',
    },
    {description: 'To read or change by hand', command: '<%= config.bin %> trace export run.trace --to ndjson -o -'},
  ]

  static override args = {
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    to: Flags.option({options: ['log-writes', 'ndjson'] as const, description: 'The form to write.', required: true})(),
    output: Flags.string({
      char: 'o',
      description: 'File to write, or - for stdout.',
      required: true,
      helpValue: '<file>',
    }),
  }

  async run(): Promise<object> {
    const {trace} = this.args
    const {to, output} = this.flags
    if (output === STDOUT && this.jsonEnabled()) {
      throw new ToolError('usage', 'E_TRACE_FLAGS', 'stdout cannot hold both the export and a JSON document', {
        hint: 'Name a file with -o, or leave --json out.',
      })
    }
    const {reading, close} = openTrace(trace)
    try {
      const {unit, count, notes} = exported(reading, to, output)
      for (const note of notes) this.note(note)
      if (output !== STDOUT) {
        await this.print({
          title: `${output}: ${count} ${unit} from ${trace}`,
          blocks: [],
          json: {schema: 'flushpoint/trace-export@1', to, output, [unit]: count, notes},
          records: [{record: 'export', to, output, [unit]: count, notes}],
        })
      }
    } finally {
      close()
    }
    return {}
  }
}

function exported(reading: TraceReading, to: 'log-writes' | 'ndjson', output: string): Exported {
  const file = createOutput(output)
  try {
    const done = to === 'ndjson' ? writeText(reading, file) : writeLog(reading, file)
    file.commit()
    return done
  } finally {
    file.discard()
  }
}

function writeText(reading: TraceReading, file: OutputFile): Exported {
  let count = 0
  for (const line of traceText(reading)) {
    if (file.write(Buffer.from(line)) === 'closed') break
    count++
  }
  return {unit: 'lines', count, notes: []}
}

function writeLog(reading: TraceReading, file: OutputFile): Exported {
  const {entries, losses, bytes} = exportLog(reading)
  for (const piece of bytes) if (file.write(piece) === 'closed') break
  const {unfinished, emptyFlushes, cutMarks} = losses
  const notes = [
    'what the image held before the trace is not in the log',
    ...(unfinished > 0 ? [`${unfinished} writes that failed or never completed are not in the log`] : []),
    ...(emptyFlushes > 0 ? [`${emptyFlushes} flushes that failed or were ignored are not in the log`] : []),
    ...(cutMarks > 0 ? [`${cutMarks} marks were cut to fit into a sector`] : []),
  ]
  return {unit: 'entries', count: entries, notes}
}
