import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp} from '../cli/index.js'

export default class Partitions extends BaseCommand<typeof Partitions> {
  static override summary = 'Show the partition table of an image, what is in each partition, and what is wrong.'
  static override description = [
    'Reads MBR with logical partitions, GPT with both copies and their checksums, and hybrids of the two, in sectors of 512 or 4096 bytes as the table itself tells. Every other command that looks at images takes IMAGE#p2 for a partition, and where it has --offset, offsets such as p2+1M. With --json the table has the shape of "sfdisk -J"; offsets in bytes, contents and problems are below "flushpoint".',
    'An image without a table is the answer no: the status is 1, as that of sfdisk -J, with or without --check.',
    'Opens the image for reading only and changes nothing, not a lock.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'What is on this disk, and where?', command: '<%= config.bin %> partitions disk.img'},
    {
      description: 'In a script: stop when the table is damaged, in the wrong place or overlaps',
      command: '<%= config.bin %> partitions disk.img --check',
    },
    {
      description: 'The offset of partition 2 in bytes',
      command: `<%= config.bin %> partitions disk.img --json | jq '.flushpoint.partitions[] | select(.number == 2).offsetBytes'`,
    },
  ]

  static override args = {
    image: Args.string({description: 'Image file or block device, or IMAGE#p2 for a partition of it.', required: true}),
  }

  static override flags = {
    check: Flags.boolean({
      description:
        'Exit with 1 when something is wrong: checksums, a missing or misplaced backup, overlap, a partition beyond the end, a hybrid MBR that disagrees, a file system larger than its partition. Warnings do not count.',
    }),
  }

  async run(): Promise<object> {
    const {contentsOf, noTable, openTarget, partitionsDocument} = await import('../inspect/index.js')
    const target = openTarget(this.args.image)
    try {
      const contents = contentsOf(target.source)
      if (contents.table === undefined) throw noTable(target.name, contents)
      await this.print(partitionsDocument(target.name, contents.table, contents))
      if (this.flags.check && contents.problems.some(({severity}) => severity === 'error')) this.endWith('verdict')
    } finally {
      target.close()
    }
    return {}
  }
}
