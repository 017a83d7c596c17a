import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp, startProgress} from '../cli/index.js'
import {
  ANYWHERE,
  AT_SECTORS,
  findDocument,
  findPattern,
  matchAlignmentOf,
  openTarget,
  patternOf,
  placesIn,
  rangeOf,
} from '../inspect/index.js'

export default class Find extends BaseCommand<typeof Find> {
  static override summary = 'Find text or bytes in an image, with the sector and the partition they lie in.'
  static override description = [
    'Matches do not overlap: the search goes on behind each, as grep -o does. Holes that cannot hold the pattern are not read.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'Where is this text?', command: '<%= config.bin %> find disk.img "hello world"'},
    {
      description: 'Boot sector marks: the last two bytes of a sector',
      command: '<%= config.bin %> find disk.img hex:55aa --align 512+510',
    },
    {
      description: 'GPT headers, also those of disks within',
      command: '<%= config.bin %> find disk.img "EFI PART" --sector-aligned',
    },
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, block device, or a partition of one (disk.img#p2).',
      required: true,
    }),
    pattern: Args.string({description: 'Text, or bytes as hex:55aa.', required: true}),
  }

  static override flags = {
    align: Flags.string({
      description:
        'Only matches that begin at multiples of this size, or, as 512+510, at byte 510 of each 512. Counts from the start of IMAGE, which may be a partition.',
      exclusive: ['sector-aligned'],
      helpValue: '<size>[+<byte>]',
    }),
    'sector-aligned': Flags.boolean({
      default: false,
      description: 'Only matches at the start of a 512-byte sector: --align 1s.',
    }),
    offset: Flags.string({description: 'Where to begin: a size, p2 or p2+1M.', default: '0', helpValue: '<offset>'}),
    length: Flags.string({description: 'How far to search. Default: up to the end.', helpValue: '<size>'}),
    max: Flags.integer({min: 1, description: 'Stop after so many matches.', helpValue: '<n>'}),
  }

  async run(): Promise<object> {
    const pattern = patternOf(this.args.pattern)
    const {align, 'sector-aligned': sectorAligned, max, offset, length} = this.flags
    const alignment = align === undefined ? (sectorAligned ? AT_SECTORS : ANYWHERE) : matchAlignmentOf(align)
    const target = openTarget(this.args.image)
    try {
      const {source, name} = target
      const within = rangeOf(target, offset, length)
      const progress = await startProgress('searching', source.sizeBytes)
      const options = {alignment, within, max: max ?? Infinity, progress: progress.advance}
      const found = await findPattern(source, pattern, options).finally(() => progress.stop())
      if (found.count === 0) this.endWith('verdict')
      const places = found.count === 0 ? [] : placesIn(source)
      const report = {image: name, pattern: this.args.pattern, patternBytes: pattern.length, alignment, places}
      await this.print(findDocument(found, report))
    } finally {
      target.close()
    }
    return {}
  }
}
