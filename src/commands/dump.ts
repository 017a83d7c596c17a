import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../base/index.js'
import {BaseCommand, exitStatusHelp} from '../cli/index.js'
import {dataRanges, hexDump, openTarget, rangeOf, rawBytes} from '../inspect/index.js'

export default class Dump extends BaseCommand<typeof Dump> {
  static override enableJsonFlag = false
  static override summary = 'Show the bytes of an image in hex, as hexdump -C or xxd print them.'
  static override description = [
    'The text is that of the peer, byte by byte, on any size and any offset. Repeated rows are folded to "*" as hexdump does; under --style xxd only with --fold, as xxd -a does. On a terminal the bytes have colours: zero, printable, white space, control, above 7f.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'The boot sector', command: '<%= config.bin %> dump disk.img --length 1s'},
    {
      description: 'A GPT header, with sector rulers',
      command: '<%= config.bin %> dump disk.img --offset 1s --length 4s --sectors',
    },
    {
      description: 'Some bytes to a file',
      command: '<%= config.bin %> dump disk.img --offset 1M --length 64k --raw > part.bin',
    },
  ]

  static override args = {
    image: Args.string({description: 'Raw disk image: a regular file or a block device.', required: true}),
  }

  static override flags = {
    offset: Flags.string({description: 'Where to begin: a size, p2 or p2+1M.', default: '0', helpValue: '<offset>'}),
    length: Flags.string({description: 'How much to show. Default: up to the end.', helpValue: '<size>'}),
    style: Flags.option({
      options: ['hexdump', 'xxd'] as const,
      default: 'hexdump' as const,
      description: 'Whose text to print.',
    })(),
    fold: Flags.boolean({allowNo: true, description: 'Fold repeated rows to "*". Default: as the peer does.'}),
    sectors: Flags.boolean({default: false, description: 'A ruler above the first row shown of each 512-byte sector.'}),
    raw: Flags.boolean({default: false, description: 'The bytes themselves.', exclusive: ['style', 'fold', 'sectors']}),
  }

  async run(): Promise<void> {
    const {offset, length, style, fold, sectors, raw} = this.flags
    if (this.format !== 'table') {
      throw new ToolError('usage', 'E_FORMAT', `a hex view has no form as ${this.format}`, {
        hint: 'Leave out --format; --raw gives the bytes themselves.',
      })
    }
    const target = openTarget(this.args.image)
    try {
      const {source} = target
      const range = rangeOf(target, offset, length)
      if (raw) {
        await this.printBytes(rawBytes(source, range))
        return
      }
      const {color} = this.formatOptions
      const data = await dataRanges(source)
      await this.printBytes(hexDump(source, range, {style, fold: fold ?? style === 'hexdump', sectors, color, data}))
    } finally {
      target.close()
    }
  }
}
