import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp, startProgress} from '../cli/index.js'
import {compareDocument, compareSources, openTarget, placesIn} from '../inspect/index.js'

export default class Compare extends BaseCommand<typeof Compare> {
  static override summary = 'Compare two images: every range that differs, and what lies there.'
  static override description = [
    'Compares byte by byte, reading nothing where both have holes. Holes equal zeroes, and of images of different sizes the rest of the longer one has to be zeroes, as for qemu-img compare; with --strict, sizes and holes have to be the same too. All differing ranges are listed, from the first byte that differs to the last, joined where their sectors touch, with the partition and the content they lie in. A and B may be partitions (disk.img#p2).',
    'No lock is taken: what somebody writes meanwhile makes the answer one of a mixture.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'Is the copy good?', command: '<%= config.bin %> compare disk.img copy.img'},
    {description: 'The first five differences in hex', command: '<%= config.bin %> compare a.img b.img --show 5'},
    {description: 'Two partitions of one image', command: '<%= config.bin %> compare disk.img#p1 disk.img#p2'},
  ]

  static override args = {
    a: Args.string({description: 'Raw disk image, block device, or a partition of one (disk.img#p2).', required: true}),
    b: Args.string({description: 'What to compare it with.', required: true}),
  }

  static override flags = {
    strict: Flags.boolean({default: false, description: 'Sizes, and where holes are, have to be the same too.'}),
    show: Flags.integer({min: 0, max: 100, default: 1, description: 'How many differences to show in hex.'}),
  }

  async run(): Promise<object> {
    const {strict, show} = this.flags
    const targetA = openTarget(this.args.a)
    try {
      const targetB = openTarget(this.args.b)
      try {
        const [a, b] = [targetA.source, targetB.source]
        const progress = await startProgress('comparing', Math.max(a.sizeBytes, b.sizeBytes))
        const options = {strict, threads: true, progress: progress.advance}
        const found = await compareSources(a, b, options).finally(() => progress.stop())
        if (!found.identical) this.endWith('verdict')
        const [placesA, placesB] = found.rangeCount === 0 ? [[], []] : [placesIn(a), placesIn(b)]
        const images = [
          {name: targetA.name, source: a, places: placesA},
          {name: targetB.name, source: b, places: placesB},
        ] as const
        await this.print(compareDocument(found, images, {strict, show}))
      } finally {
        targetB.close()
      }
    } finally {
      targetA.close()
    }
    return {}
  }
}
