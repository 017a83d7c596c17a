import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {openTrace} from '../../archive/index.js'
import {CACHE_MODES, cacheModeOf} from '../../cache-mode/index.js'
import {BaseCommand, exitStatusHelp} from '../../cli/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../ordering/index.js'
import {showDocument, stateDocument} from '../../timeline/index.js'
import {replayUnder, type TraceReading} from '../../trace/index.js'

export default class TraceShow extends BaseCommand<typeof TraceShow> {
  static override summary = 'Show a trace event by event: what is volatile, at risk and stable after each.'
  static override description = [
    'Reads a trace in the binary format (run --trace) or as text (trace export --to ndjson, or written by hand). One line an event: how many requests are in flight, how many writes are volatile, how many bytes a process kill, an OS crash and a power cut would lose or leave in doubt, and which writes became stable by whom. With --at N: the ranges at risk at that moment, with their writers.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format']),
  ].join('\n\n')

  static override examples = [
    {description: 'Every event of a run', command: '<%= config.bin %> trace show run.trace'},
    {
      description: 'What a power cut after event 12 would lose',
      command: '<%= config.bin %> trace show run.trace --at 12',
    },
    {
      description: 'The same requests, had the image been opened under another mode',
      command: '<%= config.bin %> trace show run.trace --cache writethrough',
    },
    {
      description: 'For a script, record by record, however long the trace is',
      command: '<%= config.bin %> trace show run.trace --format ndjson',
    },
  ]

  static override args = {
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    at: Flags.integer({
      min: 0,
      description: 'Show the moment after this event, counted from 1; 0 is before the first.',
      helpValue: '<event>',
    }),
    cache: Flags.string({
      description: `Take the requests to have run under this cache mode: ${CACHE_MODES.map(({name}) => name).join(', ')}. Default: the one they were recorded under.`,
      helpValue: '<mode>',
    }),
    ordering: Flags.string({
      description: `Take barriers to have been this: ${ORDERING_MODES.map(({name}) => name).join(', ')}. Default: as recorded.`,
      helpValue: '<policy>',
    }),
  }

  async run(): Promise<object> {
    const {trace} = this.args
    const {at} = this.flags
    const mode = this.flags.cache === undefined ? undefined : cacheModeOf(this.flags.cache)
    const ordering = this.flags.ordering === undefined ? undefined : orderingModeOf(this.flags.ordering)
    const {reading, close} = openTrace(trace)
    try {
      const {header} = reading
      const asked: TraceReading =
        mode || ordering
          ? replayUnder(reading, mode ?? cacheModeOf(header.mode), ordering ?? orderingModeOf(header.ordering))
          : reading
      await this.print(at === undefined ? showDocument(asked, trace) : stateDocument(asked, trace, at))
    } finally {
      close()
    }
    return {}
  }
}
