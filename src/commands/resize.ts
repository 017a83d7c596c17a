import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp} from '../cli/index.js'
import {refusePartition} from '../inspect/index.js'
import {resizeAndJudge, resizeDocument} from '../provision/index.js'

export default class Resize extends BaseCommand<typeof Resize> {
  static override strict = true
  static override summary = 'Give an image file another size, and tell what that means for what is on it.'
  static override description = [
    'What is added is a hole. A smaller size is refused without --shrink. Partitions and file systems are left as they are; what no longer fits, such as a backup GPT that is not at the end any more, is told. The image is locked meanwhile, and its size is synced.',
    'A size to take off begins with a minus, so it stands behind --: resize disk.img --shrink -- -1G.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'A new size', command: '<%= config.bin %> resize disk.img 20G'},
    {description: 'So much more', command: '<%= config.bin %> resize disk.img +1G'},
    {description: 'Cut the end off', command: '<%= config.bin %> resize disk.img 512M --shrink'},
  ]

  static override args = {
    image: Args.string({description: 'Raw disk image: a regular file.', required: true}),
    size: Args.string({description: 'The new size, or +SIZE or -SIZE.', required: true}),
  }

  static override flags = {
    shrink: Flags.boolean({default: false, description: 'Allow a smaller size. What is cut off is gone.'}),
  }

  async run(): Promise<object> {
    const {image, size} = this.args
    refusePartition(image, 'resized by itself')
    const {resized, problems} = await resizeAndJudge(image, size, this.flags.shrink)
    await this.print(resizeDocument(image, resized, problems))
    return {}
  }
}
