import * as Args from '@oclif/core/args'

import {atomOf, BaseCommand, crashFlags, exitStatusHelp} from '../../cli/index.js'
import {stateOfId} from '../../crash/index.js'
import {stateDocument} from '../../crash-report/index.js'
import {openModel} from '../../crash-run/index.js'

export default class CrashShow extends BaseCommand<typeof CrashShow> {
  static override summary = 'Explain one image that a crash may leave: when, what is lost, what each range holds.'
  static override description = [
    'A state is named by crash explore and crash states. It is the same image for the same trace and the same flags; under others it is refused.',
    exitStatusHelp(['ok', 'usage', 'environment', 'format']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'The image in which the first unit does not show what was written last',
      command: '<%= config.bin %> crash show 3-1a2b3c-0.1 run.trace',
    },
  ]

  static override args = {
    state: Args.string({description: 'State id.', required: true}),
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {...crashFlags}

  async run(): Promise<object> {
    const {state, trace} = this.args
    const {kind, cache, ordering, device, atom, base} = this.flags
    const {model, close} = openModel({trace, kind, mode: cache, ordering, device, atom: atomOf(atom), base})
    try {
      await this.print(stateDocument(stateOfId(model, state), trace))
    } finally {
      close()
    }
    return {}
  }
}
