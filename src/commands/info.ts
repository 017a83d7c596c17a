import * as Args from '@oclif/core/args'

import {BaseCommand, exitStatusHelp} from '../cli/index.js'

export default class Info extends BaseCommand<typeof Info> {
  static override summary = 'Say what an image is: size, holes, partitions, file systems, who uses it, what is wrong.'
  static override description = [
    'Everything on one screen, in no time whatever the size. With --json: the keys of "qemu-img info --output=json" with their meaning, and everything else below "flushpoint".',
    'Opens the image for reading only, takes no lock and writes nothing anywhere; "modes --image" also measures what a sync costs.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'What is this?', command: '<%= config.bin %> info disk.img'},
    {description: 'What is in its second partition?', command: `<%= config.bin %> info 'disk.img#p2'`},
    {
      description: 'In a script: does it have more than warnings?',
      command: `<%= config.bin %> info disk.img --json | jq '[.flushpoint.contents.problems[] | select(.severity == "error")] | length'`,
    },
  ]

  static override args = {
    image: Args.string({description: 'Image file or block device, or IMAGE#p2 for a partition of it.', required: true}),
  }

  async run(): Promise<object> {
    const {infoDocument, openTarget, summaryOf} = await import('../inspect/index.js')
    const target = openTarget(this.args.image)
    try {
      await this.print(infoDocument(await summaryOf(target)))
    } finally {
      target.close()
    }
    return {}
  }
}
