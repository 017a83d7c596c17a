import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../../base/index.js'
import {atomOf, BaseCommand, crashFlags, exitStatusHelp} from '../../cli/index.js'
import {statesDocument} from '../../crash-report/index.js'
import {openModel} from '../../crash-run/index.js'

export default class CrashStates extends BaseCommand<typeof CrashStates> {
  static override summary = 'Count and list the images that a crash at one moment may leave.'
  static override description = [
    'The count is exact where sectors do not depend on each other: it is the product of what each may hold. Each undecided range is shown with its possible writers, and the images one by one while they are few. trace show numbers the events.',
    exitStatusHelp(['ok', 'usage', 'environment', 'format']),
  ].join('\n\n')

  static override examples = [
    {description: 'After the last event', command: '<%= config.bin %> crash states run.trace'},
    {
      description: 'After event 12, had the image been opened under writethrough',
      command: '<%= config.bin %> crash states run.trace --at 12 --cache writethrough',
    },
  ]

  static override args = {
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    at: Flags.integer({
      min: 0,
      description: 'The crash comes after this event, counted from 1; 0 is before the first. Default: after the last.',
      helpValue: '<event>',
    }),
    images: Flags.integer({min: 0, max: 1_000_000, default: 32, description: 'List at most this many images.'}),
    ...crashFlags,
  }

  async run(): Promise<object> {
    const {trace} = this.args
    const {at, images, kind, cache, ordering, device, atom, base} = this.flags
    const {model, close} = openModel({trace, kind, mode: cache, ordering, device, atom: atomOf(atom), base})
    try {
      if (at !== undefined && at > model.lastPoint) {
        const what = `${trace} has ${model.lastPoint} events: there is no moment after event ${at}`
        throw new ToolError('usage', 'E_TRACE_AT', what, {hint: `Give --at 0 to ${model.lastPoint}.`})
      }
      await this.print(statesDocument(model.at(at ?? model.lastPoint), trace, images))
    } finally {
      close()
    }
    return {}
  }
}
