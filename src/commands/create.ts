import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {parseSize, ToolError} from '../base/index.js'
import {BaseCommand, exitStatusHelp} from '../cli/index.js'
import {createImage} from '../image/index.js'
import {refusePartition} from '../inspect/index.js'
import {createDocument} from '../provision/index.js'

export default class Create extends BaseCommand<typeof Create> {
  static override summary = 'Make an empty image, sparse or preallocated.'
  static override description = [
    'When it ends with 0, the file, its size and its directory entry were synced. What exists is never touched, and on a failure nothing is left.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'A sparse image', command: '<%= config.bin %> create disk.img 10G'},
    {
      description: 'With all its blocks, so that no write runs out of space',
      command: '<%= config.bin %> create disk.img 1G --preallocate',
    },
  ]

  static override args = {
    image: Args.string({description: 'The file to make. It must not exist.', required: true}),
    size: Args.string({description: 'Its size.', required: true}),
  }

  static override flags = {
    preallocate: Flags.boolean({
      default: false,
      description: 'Reserve all blocks now. They read as zeroes and count as unwritten.',
    }),
  }

  async run(): Promise<object> {
    const {image, size} = this.args
    const {preallocate} = this.flags
    refusePartition(image, 'made as an image')
    const bytes = parseSize(size)
    if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ToolError('usage', 'E_CREATE_SIZE', `an image of ${bytes} bytes cannot be made`, {
        hint: 'Sizes end at 2^53-1 bytes.',
      })
    }
    await createImage(image, Number(bytes), {preallocate})
    await this.print(createDocument(image, Number(bytes), preallocate))
    return {}
  }
}
