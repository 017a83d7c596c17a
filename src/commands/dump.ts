import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../base/index.js'
import {BaseCommand, exitStatusHelp} from '../cli/index.js'
import {dataRanges, dumpDocument, hexDump, openTarget, rangeOf, rawBytes} from '../inspect/index.js'

export default class Dump extends BaseCommand<typeof Dump> {
  static override summary = 'Show the bytes of an image in hex, as hexdump -C or xxd print them.'
  static override description = [
    'The text is that of the peer, byte by byte, on any size and any offset. Repeated rows are folded to "*" as hexdump does; under --style xxd only with --fold, as xxd -a does. On a terminal the bytes have colours: zero, printable, white space, control, above 7f.',
    'With --json and the other formats, up to 1 MiB of bytes come as rows of 16, in hex and as text.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'The boot sector', command: '<%= config.bin %> dump disk.img --length 1s'},
    {
      description: 'A GPT header, with sector rulers',
      command: '<%= config.bin %> dump disk.img --offset 1s --length 4s --sectors',
    },
    {
      description: 'For a script: the first 16 bytes of partition 2',
      command: `<%= config.bin %> dump disk.img --offset p2 --length 16 --json | jq -r '.rows[].hex'`,
    },
    {
      description: 'Some bytes to a file',
      command: '<%= config.bin %> dump disk.img --offset 1M --length 64k --raw > part.bin',
    },
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, block device, or a partition of one (disk.img#p2).',
      required: true,
    }),
  }

  static override flags = {
    offset: Flags.string({description: 'Where to begin: a size, p2 or p2+1M.', default: '0', helpValue: '<offset>'}),
    length: Flags.string({description: 'How much to show. Default: up to the end.', helpValue: '<size>'}),
    style: Flags.option({
      options: ['hexdump', 'xxd'] as const,
      description: 'Whose text to print. Default: hexdump.',
    })(),
    fold: Flags.boolean({allowNo: true, description: 'Fold repeated rows to "*". Default: as the peer does.'}),
    sectors: Flags.boolean({default: false, description: 'A ruler above the first row shown of each 512-byte sector.'}),
    raw: Flags.boolean({default: false, description: 'The bytes themselves.', exclusive: ['style', 'fold', 'sectors']}),
  }

  async run(): Promise<object> {
    const {offset, length, style, fold, sectors, raw} = this.flags
    const view = raw || sectors || fold !== undefined || style !== undefined
    if (this.format !== 'table' && view) {
      throw new ToolError('usage', 'E_FORMAT', `--raw, --style, --fold and --sectors have no form as ${this.format}`, {
        hint: `Leave them out, or leave out ${this.flags.json ? '--json' : '--format'}.`,
      })
    }
    const target = openTarget(this.args.image)
    try {
      const {source} = target
      const range = rangeOf(target, offset, length)
      if (this.format !== 'table') {
        await this.print(dumpDocument(target.name, source, range))
      } else if (raw) {
        await this.printBytes(rawBytes(source, range))
      } else {
        const {color} = this.formatOptions
        const data = await dataRanges(source)
        const options = {style: style ?? 'hexdump', fold: fold ?? style !== 'xxd', sectors, color, data}
        await this.printBytes(hexDump(source, range, options))
      }
    } finally {
      target.close()
    }
    return {}
  }
}
