import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {atomOf, BaseCommand, crashFlags, exitStatusHelp} from '../../cli/index.js'
import {stateOfId} from '../../crash/index.js'
import {buildImage, openModel, unreadBase} from '../../crash-run/index.js'

export default class CrashBuild extends BaseCommand<typeof CrashBuild> {
  static override summary = 'Write out one image that a crash may leave.'
  static override description = [
    'The file is sparse, and stable when the command ends with 0. One that is there already is kept, unless --force says otherwise. Give the flags that the state was found with, --base among them: without one, nothing is made up of what the trace does not know, and no image is written.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'To look at what a power cut may leave with other tools',
      command: '<%= config.bin %> crash build 3-1a2b3c-0.1 run.trace -o bad.img --base before.img',
    },
  ]

  static override args = {
    state: Args.string({description: 'State id.', required: true}),
    trace: Args.string({description: 'Trace file, binary or text.', required: true}),
  }

  static override flags = {
    output: Flags.string({char: 'o', description: 'Image to write.', required: true, helpValue: '<file>'}),
    force: Flags.boolean({description: 'Replace a file that is there already.'}),
    ...crashFlags,
  }

  async run(): Promise<object> {
    const {state, trace} = this.args
    const {output, force, kind, cache, ordering, device, atom, base} = this.flags
    const unread = unreadBase({trace, base})
    if (unread !== undefined) this.note(unread)
    const {model, close} = openModel({trace, kind, mode: cache, ordering, device, atom: atomOf(atom), base})
    try {
      const keeps = base === undefined ? [trace] : [trace, base]
      await buildImage(stateOfId(model, state), output, {force, keeps})
      const facts = {state, output, sizeBytes: model.trace.header.sizeBytes}
      await this.print({
        title: `${output}: ${facts.sizeBytes} bytes, state ${state} of ${trace}`,
        blocks: [],
        json: {schema: 'flushpoint/crash-build@1', ...facts},
        records: [{record: 'build', ...facts}],
      })
    } finally {
      close()
    }
    return {}
  }
}
